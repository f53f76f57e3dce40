package abi

import (
	"regexp"
	"strings"
	"testing"
)

func FuzzValidMetric(f *testing.F) {
	for _, s := range []string{"a", "logs_2", "", "A", "_a", "2a", "a-b", "a\xff", strings.Repeat("a", 64), strings.Repeat("a", 65), "a\n"} {
		f.Add([]byte(s))
	}
	want := regexp.MustCompile(`\A[a-z][a-z0-9_]{0,63}\z`)
	f.Fuzz(func(t *testing.T, name []byte) {
		if got := ValidMetric(name); got != want.Match(name) {
			t.Errorf("%q: %v", name, got)
		}
	})
}
