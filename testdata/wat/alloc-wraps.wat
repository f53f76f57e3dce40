;; Offers the last addresses of 32 bits for more than 1000 bytes.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"alloc-wraps\",\"fields\":[\"bad\"]}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000027)) ;; 16, 39 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (if (i32.gt_u (local.get $len) (i32.const 1000)) (then (return (i32.const 0xfffffff8))))
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i64.const 0)))
