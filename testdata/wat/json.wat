;; Sets the field "tape" of one log to what the import json answers for the field
;; "text", four bytes, and the tape. There is room for as many entries as "most"
;; has bytes. With a field "out" the tape goes over the text, with an empty one
;; out of memory.
(module
  (import "slswasm_v1" "json" (func $json (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"fields\":[\"text\",\"most\",\"out\"],\"batch_max\":1}")
  (data (i32.const 65536) "\01\00\00\00\02\01\04\00\00\00tape") ;; the reply: edit, set
  (func (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x100000002e)) ;; 16, 46 bytes
  (func (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 1048576))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (local $rec i32) (local $text i32) (local $out i32) (local $n i32) (local $size i32)
    (local.set $rec (i32.add (local.get $batch) (i32.load (local.get $batch))))
    (local.set $text (i32.add (local.get $batch) (i32.load offset=24 (local.get $rec))))
    (local.set $out (i32.const 65558))
    (if (i32.eqz (i32.load offset=44 (local.get $rec)))
      (then (local.set $out (i32.const -16)))
      (else (if (i32.ne (i32.load offset=44 (local.get $rec)) (i32.const -1))
        (then (local.set $out (local.get $text))))))
    (local.set $n (call $json (local.get $text) (i32.load offset=28 (local.get $rec))
      (local.get $out) (i32.load offset=36 (local.get $rec))))
    (if (i32.gt_s (local.get $n) (i32.const 0))
      (then (local.set $size (i32.mul (local.get $n) (i32.const 24)))))
    (i32.store offset=65550 (i32.const 0) (i32.add (local.get $size) (i32.const 4)))
    (i32.store offset=65554 (i32.const 0) (local.get $n))
    (i32.store8 offset=65558 (local.get $size) (i32.const 0)) ;; end of the edit
    (i64.or (i64.const 0x1000000000000) (i64.extend_i32_u (i32.add (local.get $size) (i32.const 23))))))
