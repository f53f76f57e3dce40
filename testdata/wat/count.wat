;; Counts the logs of each batch that it has seen up to the first one with a
;; field "bad", which it traps at, and sets a gauge to the size of the batch.
(module
  (import "slswasm_v1" "metric" (func $metric (param i32 i32 i32) (result i32)))
  (import "slswasm_v1" "count" (func $count (param i32 f64)))
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"count\",\"fields\":[\"bad\"]}")
  (data (i32.const 64) "logs_seenbatch_size")
  (global $seen (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (global.set $seen (call $metric (i32.const 0) (i32.const 64) (i32.const 9)))
    (global.set $size (call $metric (i32.const 1) (i32.const 73) (i32.const 10)))
    (i64.const 0x1000000021)) ;; 16, 33 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $i i32) (local $rec i32)
    (local.set $rec (i32.add (local.get $batch) (i32.load (local.get $batch))))
    (call $count (global.get $size) (f64.convert_i32_u (i32.load offset=8 (local.get $batch))))
    (loop $next
      (i32.store offset=20 (local.get $batch) (local.get $i)) ;; the cursor
      (call $count (global.get $seen) (f64.const 1))
      (if (i32.ne (i32.load offset=28 (local.get $rec)) (i32.const -1))
        (then (unreachable)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $rec (i32.add (local.get $rec) (i32.load offset=16 (local.get $batch))))
      (br_if $next (i32.lt_u (local.get $i) (i32.load offset=8 (local.get $batch)))))
    (i64.const 0)))
