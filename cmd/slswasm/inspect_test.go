package main

import (
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/offline"
)

func TestInspectSaysThatItIsInterpreted(t *testing.T) {
	for reason, want := range map[string]string{
		"mprotect: permission denied": "interpreted  fifty times slower, for this system refuses executable memory: mprotect: permission denied\n",
		"":                            "",
	} {
		var text strings.Builder
		if err := printModule(&text, &offline.Report{Descriptor: &offline.Descriptor{}, Metered: true, Interpreted: reason}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), want) || strings.Contains(text.String(), "interpreted") != (want != "") {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
}
