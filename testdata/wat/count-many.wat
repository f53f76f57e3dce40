;; Counts under 100 names: n00 to n99.
(module
  (import "slswasm_v1" "metric" (func $metric (param i32 i32 i32) (result i32)))
  (import "slswasm_v1" "count" (func $count (param i32 f64)))
  (memory (export "memory") 40)
  (data (i32.const 16) "n00")
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $i i32)
    (loop $next
      (i32.store8 (i32.const 17) (i32.add (i32.const 48) (i32.div_u (local.get $i) (i32.const 10))))
      (i32.store8 (i32.const 18) (i32.add (i32.const 48) (i32.rem_u (local.get $i) (i32.const 10))))
      (call $count (call $metric (i32.const 0) (i32.const 16) (i32.const 3)) (f64.const 1))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 100))))
    (i64.const 0)))
