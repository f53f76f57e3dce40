;; A program, not a library.
(module
  (memory (export "memory") 40)
  (func (export "_start")))
