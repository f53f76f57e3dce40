//go:build !race

package perf_test

const (
	race  = false
	carry = 20_000_000
)
