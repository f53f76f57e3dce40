;; Traps at every batch and names its last record.
(module
  (memory (export "memory") 40)
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i32.store offset=20 (local.get $batch) (i32.sub (i32.load offset=8 (local.get $batch)) (i32.const 1)))
    (unreachable)))
