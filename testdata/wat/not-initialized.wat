;; What Go builds without -buildmode=c-shared: a command, whose functions trap
;; because its runtime was never started.
(module
  (memory (export "memory") 40)
  (func $start (export "_start"))
  (func $not_initialized (unreachable))
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (call $not_initialized)
    (i64.const 0))
  (func $alloc (export "slswasm_v1_alloc") (param i32) (result i32)
    (call $not_initialized)
    (i32.const 0))
  (func $transform (export "slswasm_v1_transform") (param i32 i32) (result i64)
    (call $not_initialized)
    (i64.const 0)))
