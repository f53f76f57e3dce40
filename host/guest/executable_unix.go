//go:build linux || darwin

package guest

import (
	"errors"
	"fmt"
	"syscall"
)

// executable says what keeps written memory from being made executable: the
// unit's MemoryDenyWriteExecute, SELinux or another hardening.
func executable() (err error) {
	page, err := syscall.Mmap(-1, 0, 1, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	defer func() { err = errors.Join(err, syscall.Munmap(page)) }()
	if err := syscall.Mprotect(page, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		return fmt.Errorf("mprotect: %w", err)
	}
	return nil
}
