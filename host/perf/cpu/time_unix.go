//go:build unix

package cpu

import (
	"os"
	"runtime"
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

// Peak is the most memory that an ended process had, in bytes; 0 where that is
// not known.
func Peak(p *os.ProcessState) int64 {
	u, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" { // which counts bytes, where others count KiB
		return u.Maxrss
	}
	return u.Maxrss << 10
}
