;; Gives each log a body of 4 MiB.
(module
  (memory (export "memory") 70)
  (data (i32.const 16) "{\"fields\":[\"n\"],\"batch_max\":1}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x100000001e))
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 4096))
  ;; n, edit, body, length, text, end
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i32.store (i32.const 65536) (i32.const 1))
    (i32.store8 (i32.const 65540) (i32.const 2))
    (i32.store8 (i32.const 65541) (i32.const 6))
    (i32.store (i32.const 65542) (i32.const 0x400000))
    (memory.fill (i32.const 65546) (i32.const 97) (i32.const 0x400000))
    (i32.store8 (i32.const 0x41000a) (i32.const 0))
    (i64.const 0x000100000040000b)))
