;; A batch_max of nothing.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"init-batch\",\"fields\":[\"bad\"],\"batch_max\":0}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000034)) ;; 16, 52 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i64.const 0)))
