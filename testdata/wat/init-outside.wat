;; Its descriptor is not in its memory.
(module
  (memory (export "memory") 40)
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i64.const 0))
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x7fff000000000010)))
