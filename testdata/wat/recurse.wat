;; Calls itself for ever, in frames of many values.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"recurse\",\"fields\":[\"bad\"]}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000023)) ;; 16, 35 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $down (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (i64.add
      (call $down (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11) (local.get 12) (local.get 13) (local.get 14) (local.get 15) (local.get 16) (local.get 17) (local.get 18) (local.get 19) (local.get 20) (local.get 21) (local.get 22) (local.get 23) (local.get 24) (local.get 25) (local.get 26) (local.get 27) (local.get 28) (local.get 29) (local.get 30) (local.get 31) (local.get 0))
      (local.get 5)))
  ;; the first record with a field "bad"; -1: none
  (func $bad (param $batch i32) (result i32) (local $i i32) (local $rec i32)
    (local.set $rec (i32.add (local.get $batch) (i32.load (local.get $batch))))
    (loop $next
      (i32.store offset=20 (local.get $batch) (local.get $i)) ;; the cursor
      (if (i32.ne (i32.load offset=28 (local.get $rec)) (i32.const -1))
        (then (return (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $rec (i32.add (local.get $rec) (i32.load offset=16 (local.get $batch))))
      (br_if $next (i32.lt_u (local.get $i) (i32.load offset=8 (local.get $batch)))))
    (i32.const -1))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64) (local $i i32) (local $n i32)
    (local.set $i (call $bad (local.get $batch)))
    (local.set $n (i32.load offset=8 (local.get $batch)))
    (if (i32.lt_s (local.get $i) (i32.const 0)) (then (return (i64.const 0)))) ;; keep all
    (call $down (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) )))
