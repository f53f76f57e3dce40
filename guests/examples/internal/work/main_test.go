package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestWorks(t *testing.T) {
	text, err := os.ReadFile("message.json")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.TrimSpace(text)
	if len(text) < 2<<10 {
		t.Errorf("%d bytes of JSON", len(text))
	}
	for name, want := range map[string]string{
		"json":   "91",
		"regexp": "01456",
		"mask":   `"email":"z***@example.com"`,
		"cef":    "CEF:0|Example|shop|1|order|order placed|3|id=6f1c2a34-",
	} {
		log := slswasmtest.Log{Fields: []slswasmtest.Field{{Key: "message", Value: string(text)}}}
		r := slswasmtest.Start(t, name).Run(log)
		if len(r.Events) != 1 {
			t.Fatalf("%s: %+v", name, r)
		}
		got := ""
		if body := r.Events[0].Body; body != nil {
			got = *body
		}
		for _, f := range r.Events[0].Fields {
			if f.Key == "result" {
				got += f.Value
			}
		}
		if exact := len(want) < 8; exact && got != want || !strings.Contains(got, want) {
			t.Errorf("%s made %s, which is not %s", name, got, want)
		}
	}
}
