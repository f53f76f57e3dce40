//go:build !unix

package offline

import "time"

var begin = time.Now()

// cpuTime is the time of the clock where the processor's is not known.
func cpuTime() time.Duration { return time.Since(begin) }
