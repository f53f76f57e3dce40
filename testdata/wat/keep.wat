;; Keeps every log, and reads one field.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"keep\",\"fields\":[\"bad\"]}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000020)) ;; 16, 32 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i64.const 0)))
