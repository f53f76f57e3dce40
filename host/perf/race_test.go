//go:build race

package perf_test

// Under the race detector pools lose things at random and all is slow: what
// is allocated is not judged there, and little is carried.
const (
	race  = true
	carry = 2_000_000
)
