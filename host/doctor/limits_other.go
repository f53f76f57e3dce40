//go:build !linux && !darwin && !windows

package doctor

func fileLimit() (uint64, bool) { return 0, false }

func freeSpace(string) (uint64, bool) { return 0, false }
