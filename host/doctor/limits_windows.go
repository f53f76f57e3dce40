package doctor

import "golang.org/x/sys/windows"

func fileLimit() (uint64, bool) { return 0, false }

// freeSpace is what this user may still write to the disk of a directory, in
// bytes.
func freeSpace(dir string) (uint64, bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return 0, false
	}
	return free, true
}
