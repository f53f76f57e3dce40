// Package cpu measures by the time that the process has used of its
// processors, and benchmarks in the unit of the report. Time on the clock says
// more of the machine's other users, and does not see what the garbage
// collector does beside. Nothing here knows what is measured.
package cpu

import (
	"runtime"
	"time"
)

// A TB is the part of a *testing.B that Loop needs; a program that imports
// this package does not import package testing.
type TB interface {
	Loop() bool
	SetBytes(int64)
	ReportMetric(n float64, unit string)
	ResetTimer()
}

// The units that Loop reports, and Metered of benchmarks of guests.
const (
	Rate   = "MB/cpu-s"   // MB (10^6 bytes) of keys and values per CPU-second
	Allocs = "allocs/log" // allocations per log

	Metered = "metered/unmetered" // time with limits to time without
)

// Loop runs the benchmark's body, which handles so many logs with so many
// bytes of keys and values each time, and reports Rate and Allocs beside
// what every benchmark reports. The first run of the body is not measured: it
// fills buffers.
func Loop(b TB, logs, bytes int, body func()) {
	body()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	start, n := Time(), 0
	for b.Loop() {
		body()
		n++
	}
	used := Time() - start
	runtime.ReadMemStats(&after)
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(n*logs), Allocs)
	if rate := Of(uint64(n*bytes), used); rate > 0 {
		b.ReportMetric(rate, Rate)
	}
}

// Of is the rate at which so many bytes went through, in MB per CPU-second; 0
// where the system does not say what a process uses.
func Of(bytes uint64, used time.Duration) float64 {
	if used <= 0 {
		return 0
	}
	return float64(bytes) / 1e6 / used.Seconds()
}
