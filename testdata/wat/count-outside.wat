;; Gives a metric a name that lies outside of its memory.
(module
  (import "slswasm_v1" "metric" (func $metric (param i32 i32 i32) (result i32)))
  (memory (export "memory") 40)
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (drop (call $metric (i32.const 0) (i32.const -16) (i32.const 32)))
    (i64.const 0)))
