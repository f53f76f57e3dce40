;; Refuses its configuration.
(module
  (memory (export "memory") 40)
  (data (i32.const 16) "{\"name\":\"init-error\",\"fields\":[\"bad\"],\"error\":\"region: \\\"mars\\\" is\\nunknown\"}")
  (func $init (export "slswasm_v1_init") (param i32 i32) (result i64)
    (i64.const 0x100000004d)) ;; 16, 77 bytes
  (func $alloc (export "slswasm_v1_alloc") (param $len i32) (result i32)
    (i32.const 65536))
  (func $transform (export "slswasm_v1_transform") (param $batch i32) (param $len i32) (result i64)
    (i64.const 0)))
