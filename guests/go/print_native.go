//go:build !wasm

package slswasm

func printLine(Level, string) {}
