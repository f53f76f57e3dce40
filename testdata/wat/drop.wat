;; Drops every log.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"drop\",\"fields\":[],\"batch_max\":16}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x100000002a)) ;; 16, 42 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64) (local $n i32)
    (local.set $n (i32.load offset=8 (local.get $batch)))
    (i32.store (i32.const 16384) (local.get $n))
    (memory.fill (i32.const 16388) (i32.const 1) (local.get $n))
    (i64.or (i64.shl (i64.const 16384) (i64.const 32)) (i64.extend_i32_u (i32.add (local.get $n) (i32.const 4))))))
