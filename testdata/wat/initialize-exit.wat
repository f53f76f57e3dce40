;; Leaves in _initialize.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 40)
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i64.const 0))
  (func $initialize (export "_initialize")
    (call $proc_exit (i32.const 0))))
