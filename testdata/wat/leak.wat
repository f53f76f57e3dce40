;; Takes new memory for each batch, eight times until it has 64 MiB.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"leak\",\"fields\":[\"bad\"]}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000020)) ;; 16, 32 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (local.get $at) (local.get $len)))
    (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
      (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.const 123)))
          (then (return (i32.const 0))))))
    (local.get $at))
  (global $top (mut i32) (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $i i32) (local $n i32) (local $rec i32)
    (local.set $n (i32.load offset=8 (local.get $batch)))
    (local.set $rec (i32.add (local.get $batch) (i32.load (local.get $batch))))
    (i32.store (i32.const 16384) (local.get $n))
    (loop $next
      (i32.store offset=20 (local.get $batch) (local.get $i)) ;; the cursor
      (i32.store8 offset=4 (i32.add (i32.const 16384) (local.get $i))
        (i32.eq (i32.load offset=28 (local.get $rec)) (i32.const -1))) ;; 1, drop, or 0, keep
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $rec (i32.add (local.get $rec) (i32.load offset=16 (local.get $batch))))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (i64.or (i64.shl (i64.const 16384) (i64.const 32)) (i64.extend_i32_u (i32.add (local.get $n) (i32.const 4))))))
