//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// fileLimit is how many files this process may have open; Go has raised it as
// far as it may.
func fileLimit() (uint64, bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return l.Cur, true
}

// freeSpace is what this user may still write to the disk of a directory, in
// bytes.
func freeSpace(dir string) (uint64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
