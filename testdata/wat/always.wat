;; Traps at every batch.
(module
  (memory (export "memory") 40)
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param i32 i32) (result i64)
    (unreachable)))
