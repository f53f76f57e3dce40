;; Sleeps for an hour, and answers one record with a body of 24 bytes: the time
;; of day, the monotonic clock, and a random number.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"clock\"}")
  (data (i32.const 4096) "\01\00\00\00\02\06\18\00\00\00") ;; one verdict: edit, body of 24 bytes
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x1000000010)) ;; 16, 16 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i32.store offset=8 (i32.const 8192) (i32.const 0)) ;; a subscription to the clock
    (i64.store offset=24 (i32.const 8192) (i64.const 3600000000000))
    (drop (call $poll (i32.const 8192) (i32.const 8704) (i32.const 1) (i32.const 9216)))
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 4106)))
    (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 4114)))
    (drop (call $random (i32.const 4122) (i32.const 8)))
    (i64.const 0x100000000023))) ;; 4096, 35 bytes
