;; The guest of the soak. The field "do" of a log, one letter, says what becomes
;; of it; a log without it, or with a letter that is not here, is kept.
;;
;;   wat2wasm soak.wat -o soak.wasm
;;
(module
  ;; Memory: the verdicts below 4096, then the batch, then the reply.
  (memory (export "memory") 1)

  (data (i32.const 16) "{\22name\22:\22soak\22,\22version\22:\221.0.0\22,\22fields\22:[\22do\22]}") ;; 49 bytes

  ;; The verdict for each letter, at 1024 + 64 * (letter - 'a'): its length, and
  ;; its bytes, fewer than a record has. A length of 0 is keep.
  ;; b, both: emit 2 clones, with the routes hec and syslog
  (data (i32.const 1088) "\1e\03\02\00\00\00\00\09\20\03\00\00\00hec\00\00\09\20\06\00\00\00syslog\00")
  ;; d, drop
  (data (i32.const 1216) "\01\01")
  ;; e, edit: set edited to yes
  (data (i32.const 1280) "\14\02\01\06\00\00\00edited\03\00\00\00yes\00")
  ;; f, fail
  (data (i32.const 1344) "\0d\04\08\00\00\00as asked")
  ;; i, the index that the receiver does not have
  (data (i32.const 1536) "\10\02\09\01\08\00\00\00nowhere!\00")
  ;; m, a malformed reply: no such verdict
  (data (i32.const 1792) "\01\09")
  ;; n, a route to no sink
  (data (i32.const 1856) "\10\02\09\20\08\00\00\00nowhere!\00")
  ;; s, the route syslog
  (data (i32.const 2176) "\0e\02\09\20\06\00\00\00syslog\00")
  ;; w, a body of white space
  (data (i32.const 2432) "\08\02\06\01\00\00\00 \00")

  (func (export "slswasm_v1_init") (param $config i32) (param $len i32) (result i64)
    (i64.const 0x10_00000031)) ;; 16 << 32 | 49

  ;; The batch always goes to 4096, with as much room behind it for the reply.
  (func (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (local $pages i64)
    (local.set $pages
      (i64.sub
        (i64.shr_u
          (i64.add (i64.shl (i64.extend_i32_u (local.get $len)) (i64.const 1)) (i64.const 69631)) ;; 4096 + 65535
          (i64.const 16))
        (i64.extend_i32_u (memory.size))))
    (if (i64.gt_s (local.get $pages) (i64.const 0))
      (then
        (if (i32.eq (memory.grow (i32.wrap_i64 (local.get $pages))) (i32.const -1))
          (then (return (i32.const 0))))))
    (i32.const 4096))

  ;; Where the verdict of a record lies; letters t and l end here, one way or the other.
  (func $verdict (param $batch i32) (param $record i32) (result i32)
    (local $letter i32)
    (if (i32.ne (i32.load offset=28 (local.get $record)) (i32.const 1))
      (then (return (i32.const 1024)))) ;; a's, which is empty
    (local.set $letter
      (i32.sub
        (i32.load8_u (i32.add (local.get $batch) (i32.load offset=24 (local.get $record))))
        (i32.const 97)))
    (if (i32.gt_u (local.get $letter) (i32.const 25))
      (then (return (i32.const 1024))))
    (if (i32.eq (local.get $letter) (i32.const 19)) ;; t, trap
      (then (unreachable)))
    (if (i32.eq (local.get $letter) (i32.const 11)) ;; l, loop
      (then (loop $for_ever (br $for_ever))))
    (i32.add (i32.const 1024) (i32.shl (local.get $letter) (i32.const 6))))

  (func (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $n i32) (local $i i32) (local $record i32) (local $reply i32) (local $end i32) (local $verdict i32) (local $size i32)
    (local.set $n (i32.load offset=8 (local.get $batch)))
    (local.set $record (i32.add (local.get $batch) (i32.load (local.get $batch))))
    (local.set $reply (i32.add (local.get $batch) (local.get $len)))
    (i32.store (local.get $reply) (local.get $n))
    (local.set $end (i32.add (local.get $reply) (i32.const 4)))
    (loop $next
      (i32.store offset=20 (local.get $batch) (local.get $i)) ;; the cursor
      (local.set $verdict (call $verdict (local.get $batch) (local.get $record)))
      (local.set $size (i32.load8_u (local.get $verdict)))
      (if (local.get $size)
        (then
          (memory.copy (local.get $end) (i32.add (local.get $verdict) (i32.const 1)) (local.get $size))
          (local.set $end (i32.add (local.get $end) (local.get $size))))
        (else
          (i32.store8 (local.get $end) (i32.const 0))
          (local.set $end (i32.add (local.get $end) (i32.const 1)))))
      (local.set $record (i32.add (local.get $record) (i32.load offset=16 (local.get $batch))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $reply)) (i64.const 32))
      (i64.extend_i32_u (i32.sub (local.get $end) (local.get $reply))))))
