// Package perf measures what a log costs, and where: each stage by the
// benchmarks that stand beside it, and the way from end to end by running
// slswasm itself against programs of its own, an emulated Log Service and a
// receiver, beside the yardstick. It makes the table of `make bench`.
//
// Nothing here makes anything faster, and nothing but cmd/benchreport and
// tests imports it.
package perf
