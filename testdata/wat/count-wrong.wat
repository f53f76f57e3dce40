;; Names and counts what it may not, and one thing that it may.
(module
  (import "slswasm_v1" "metric" (func $metric (param i32 i32 i32) (result i32)))
  (import "slswasm_v1" "count" (func $count (param i32 f64)))
  (memory (export "memory") 40)
  (data (i32.const 16) "Bad\1b[31mgood")
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $good i32)
    (local.set $good (call $metric (i32.const 0) (i32.const 24) (i32.const 4)))
    (call $count (local.get $good) (f64.const 1))
    (call $count (local.get $good) (f64.const -1))
    (call $count (local.get $good) (f64.const nan))
    (call $count (local.get $good) (f64.const inf))
    (call $count (i32.const 40) (f64.const 1)) ;; never named
    (call $count (i32.const -2) (f64.const 1))
    (call $count (call $metric (i32.const 0) (i32.const 16) (i32.const 8)) (f64.const 2)) ;; no name
    (call $count (call $metric (i32.const 0) (i32.const 16) (i32.const 0)) (f64.const 3)) ;; none
    (call $count (call $metric (i32.const 1) (i32.const 24) (i32.const 4)) (f64.const 4)) ;; another kind
    (call $count (call $metric (i32.const 7) (i32.const 24) (i32.const 1)) (f64.const 5)) ;; no kind
    (i64.const 0)))
