;; loglevel: a whole guest in WebAssembly's own text format, with no SDK.
;;
;; It drops the logs whose field "level" is debug, in small or capital letters,
;; sends those of level error to the Splunk index "errors", and keeps the others
;; as they are. The comments name the sections of abi/ABI.md.
;;
;;   wat2wasm loglevel.wat -o loglevel.wasm
;;
(module
  ;; Memory: constants up to 1024, then the batch, then the reply.
  (memory (export "memory") 1)

  ;; "init": the descriptor, 56 bytes at 16. One field is declared: it is slot 0.
  (data (i32.const 16) "{\22name\22:\22loglevel\22,\22version\22:\221.0.0\22,\22fields\22:[\22level\22]}")

  ;; "Ops": what an edit is here, 14 bytes at 128. Verdict edit (2), op meta (9),
  ;; id index (1), a text of 6 bytes, and op end (0).
  (data (i32.const 128) "\02\09\01\06\00\00\00errors\00")

  ;; "debug" and "error" as one number each: five letters, the first one lowest.
  (global $debug i64 (i64.const 0x6775626564))
  (global $error i64 (i64.const 0x726f727265))

  ;; There is nothing to configure, so the configuration is not looked at.
  (func (export "slswasm_v1_init") (param $config i32) (param $len i32) (result i64)
    (i64.const 0x10_00000038)) ;; 16 << 32 | 56

  ;; "alloc": the batch always goes to 1024. A verdict takes at most 14 bytes,
  ;; and a record with its slot 32, so that a reply is never longer than its batch:
  ;; room for two batches is room for both.
  (func (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (local $pages i64) ;; more than there are: as i64, because 2 * len may not fit
    (local.set $pages
      (i64.sub
        (i64.shr_u
          (i64.add (i64.shl (i64.extend_i32_u (local.get $len)) (i64.const 1)) (i64.const 66559)) ;; 1024 + 65535
          (i64.const 16))
        (i64.extend_i32_u (memory.size))))
    (if (i64.gt_s (local.get $pages) (i64.const 0))
      (then
        (if (i32.eq (memory.grow (i32.wrap_i64 (local.get $pages))) (i32.const -1))
          (then (return (i32.const 0)))))) ;; refused: the host will send fewer logs
    (i32.const 1024))

  ;; The five letters of a level in small letters; 0 for a text of any other length.
  (func $letters (param $text i32) (param $len i32) (result i64)
    (if (i32.ne (local.get $len) (i32.const 5)) ;; also when the log has no such field: -1
      (then (return (i64.const 0))))
    (i64.or
      (i64.or
        (i64.load32_u (local.get $text)) ;; nothing is aligned, nor need it be
        (i64.shl (i64.load8_u offset=4 (local.get $text)) (i64.const 32)))
      (i64.const 0x2020202020)))

  ;; "transform", with the header and the records of "The batch".
  (func (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $n i32) (local $stride i32) (local $i i32) (local $record i32)
    (local $reply i32) (local $end i32) (local $level i64)
    (local.set $n (i32.load offset=8 (local.get $batch)))
    (local.set $stride (i32.load offset=16 (local.get $batch)))
    ;; Records start where hdr_len says, which may one day not be 32.
    (local.set $record (i32.add (local.get $batch) (i32.load (local.get $batch))))
    (local.set $reply (i32.add (local.get $batch) (local.get $len)))
    (i32.store (local.get $reply) (local.get $n)) ;; "The reply" starts with n
    (local.set $end (i32.add (local.get $reply) (i32.const 4)))
    (loop $next
      ;; cursor: should this trap, the host knows at which log.
      (i32.store offset=20 (local.get $batch) (local.get $i))
      ;; Slot 0 lies behind the 24 bytes that each record has: offset, length.
      (local.set $level
        (call $letters
          (i32.add (local.get $batch) (i32.load offset=24 (local.get $record)))
          (i32.load offset=28 (local.get $record))))
      (if (i64.eq (local.get $level) (global.get $error))
        (then
          (memory.copy (local.get $end) (i32.const 128) (i32.const 14))
          (local.set $end (i32.add (local.get $end) (i32.const 14))))
        (else ;; one byte: 1, drop, or 0, keep
          (i32.store8 (local.get $end) (i64.eq (local.get $level) (global.get $debug)))
          (local.set $end (i32.add (local.get $end) (i32.const 1)))))
      (local.set $record (i32.add (local.get $record) (local.get $stride)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    ;; The result: where the reply lies << 32 | how long it is.
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $reply)) (i64.const 32))
      (i64.extend_i32_u (i32.sub (local.get $end) (local.get $reply))))))
