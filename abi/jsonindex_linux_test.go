package abi

import (
	"os"
	"syscall"
	"testing"
)

// Nothing outside of a text is read: here the pages before and after it cannot be.
func TestIndexStaysInTheText(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	defer func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	}()
	text := memory[page : 2*page]
	copy(text, indexText(page, 3))
	for _, closed := range [][]byte{memory[:page], memory[2*page:]} {
		if err := syscall.Mprotect(closed, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	for n := jsonBlock + 1; n < 3*jsonBlock; n++ {
		for from := 1; from <= n; from += 13 {
			checkIndex(t, text[:n:n], from)
			checkIndex(t, text[page-n:], from)
		}
	}
	checkIndex(t, text, 1)
}
