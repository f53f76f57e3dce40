//go:build !unix

package cpu

import (
	"os"
	"time"
)

// Time is not known on this system.
func Time() time.Duration { return 0 }

// Peak is not known on this system.
func Peak(*os.ProcessState) int64 { return 0 }
