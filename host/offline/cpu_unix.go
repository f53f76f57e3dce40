//go:build unix

package offline

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used of its processors, for itself and in
// the kernel.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // cannot fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
