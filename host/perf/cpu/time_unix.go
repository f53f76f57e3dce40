//go:build unix

package cpu

import (
	"syscall"
	"time"
)

// Time is what this process has used of its processors so far, for itself and
// in the kernel.
func Time() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // cannot fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
