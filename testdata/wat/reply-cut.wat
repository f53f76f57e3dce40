;; Its reply ends in the middle of a text.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"reply-cut\",\"fields\":[\"bad\"]}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000025)) ;; 16, 37 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
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
    (i32.store (i32.const 16384) (local.get $n))
    (i32.store8 offset=4 (i32.add (i32.const 16384) (local.get $i)) (i32.const 2)) ;; edit
    (i32.store8 offset=5 (i32.add (i32.const 16384) (local.get $i)) (i32.const 6)) ;; body
    (i32.store offset=6 (i32.add (i32.const 16384) (local.get $i)) (i32.const 100))
    (i64.or (i64.shl (i64.const 16384) (i64.const 32)) (i64.extend_i32_u (i32.add (local.get $i) (i32.const 13))))))
