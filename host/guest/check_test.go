package guest

import (
	"strings"
	"testing"
)

// unfit are modules that cannot run, and what a user reads about them.
func unfit() map[string]string {
	return map[string]string{
		"no-alloc":         "does not export slswasm_v1_alloc (func (param i32) (result i32))",
		"no-memory":        `does not export its memory: (export "memory" (memory 0)) is missing`,
		"command":          "does not export slswasm_v1_alloc, but _start: it is a command; with Go, build with -buildmode=c-shared",
		"version-2":        "is built for version 2 of the guest ABI; this host has version 1: build it with an SDK of that version",
		"signature":        "exports slswasm_v1_transform as (func (param i32 i32) (result i32)); it must be (func (param i32 i32) (result i64))",
		"import-abort":     `imports "env" "abort", which is not offered; with AssemblyScript, build with --use abort=`,
		"import-unknown":   `imports "slswasm_v1" "get_field", which is not offered; the functions of that module are in ABI.md`,
		"import-signature": `imports "slswasm_v1" "log" as (func (param i32 i32)); it is (func (param i32 i32 i32))`,
		"import-memory":    `imports its memory ("env" "memory"); build it so that it has and exports its own: without --import-memory`,
		"memory-min":       "needs more memory to start than --memory-limit allows, 8192 KiB: section memory: min 2048 pages (128 Mi) over limit of 128 pages (8 Mi)",
		"table-min":        "has tables of more than 1048576 elements",
		"start-trap":       "start: trap: unreachable, in main",
		"initialize-exit":  "_initialize: exit: proc_exit(0); a guest answers, it does not leave",
		"init-trap":        "init: trap: unreachable, in init",
		"init-outside":     "descriptor of 16 bytes at 0x7fff0000 lies outside of the memory of 2621440",
		"init-empty":       "descriptor: not a JSON object: unexpected end of JSON input",
		"init-error":       `refuses its configuration: region: "mars" is\nunknown; look at --guest-config`,
		"init-batch":       "descriptor: batch_max: 0 is not in 1 to 65536",
	}
}

// Nothing is left running.
func TestRefused(t *testing.T) {
	for name, want := range unfit() {
		t.Run(name, func(t *testing.T) {
			_, err := compile(t, name)
			if err == nil || err.Error() != "guest "+name+".wasm: "+want {
				t.Errorf("\n got %v\nwant guest %s.wasm: %s", err, name, want)
			}
		})
	}
}

func TestRefusedConfig(t *testing.T) {
	for config, want := range map[string]string{
		"not JSON":                 "guest config.wasm: descriptor: not a JSON object: invalid character 'o' in literal null (expecting 'u')",
		`{"fields":["a","a"]}`:     `guest config.wasm: descriptor: fields: "a" is named twice`,
		strings.Repeat(" ", 3<<20): "guest config.wasm: no memory for its configuration of 3145728 bytes: alloc answered the request for 3145728 bytes with address 0x10000, in a memory of 2621440",
	} {
		_, err := compile(t, "config", func(c *Config) { c.GuestConfig = []byte(config) })
		if err == nil || err.Error() != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
}

// notModules are files of other kinds, by how they begin.
func notModules() map[string]string {
	return map[string]string{
		"":                                    "is empty; it must be a WebAssembly module",
		"\x7fELF\x02\x01\x01":                 "is a program for Linux (ELF); it must be a WebAssembly module",
		"MZ\x90\x00":                          "is a program for Windows; it must be a WebAssembly module",
		"\x1f\x8b\x08":                        "is compressed with gzip; it must be a WebAssembly module",
		"#!/bin/sh\n":                         "is a script; it must be a WebAssembly module",
		"\n(module)":                          "is WebAssembly as text; assemble it with wat2wasm",
		"package main\n":                      "is text; it must be a WebAssembly module, the output of the compiler",
		"\x80\x81\x82":                        "is not WebAssembly: it does not begin with the bytes 00 61 73 6d",
		"\x00asm":                             "is cut off: WebAssembly, but no module",
		"\x00asm\x0d\x00\x01\x00":             "is a WebAssembly component; build a core module: target wasip1 or wasm32-unknown-unknown, not wasip2",
		"\x00asm\x02\x00\x00\x00":             "is WebAssembly of version 0x02000000; it must be a core module of version 1",
		"\x00asm\x01\x00\x00\x00\x01":         "is cut off or damaged: section 1 at byte 8 does not fit into its 9 bytes",
		"\x00asm\x01\x00\x00\x00\x01\x01\x01": "is damaged: section 1 at byte 8 says that it has more entries than bytes",
		"\x00asm\x01\x00\x00\x00":             `does not export its memory: (export "memory" (memory 0)) is missing`,
	}
}

func TestNotAModule(t *testing.T) {
	for head, want := range notModules() {
		_, err := Compile(t.Context(), Config{Name: "x", Wasm: []byte(head)})
		if err == nil || err.Error() != "guest x: "+want {
			t.Errorf("%q\n got %v\nwant guest x: %s", head, err, want)
		}
	}
}

func TestImportHints(t *testing.T) {
	for _, c := range [][3]string{
		{"gojs", "runtime.wasmExit", "build with GOOS=wasip1, not GOOS=js"},
		{"__wbindgen_placeholder__", "f", "build without wasm-bindgen"},
		{"wasi_unstable", "fd_write", "build for wasi_snapshot_preview1 (wasip1)"},
		{"wasi:cli/stdout@0.2.0", "get-stdout", "build for wasip1, not wasip2"},
		{"slswasm_v3", "log", "this host has version 1 of the guest ABI"},
		{"env", "now", `a guest may import "slswasm_v1" "log" and "wasi_snapshot_preview1"`},
	} {
		if got := importHint(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: %s", c[0], c[1], got)
		}
	}
}
