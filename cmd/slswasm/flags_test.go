package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// Whoever sees one line of a help text, or of an example that is made of it,
// learns what the value is and what it is of.
func TestEachFlagSaysWhatItIs(t *testing.T) {
	t.Parallel()
	placeholder := regexp.MustCompile("`([^`]+)`")
	fragment := regexp.MustCompile(`^(of|for|from|to|until|between|when|before|its|at) `)
	var walk func(parent string, commands []*cli.Command)
	walk = func(parent string, commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.VisibleFlags() {
				d := f.(cli.DocGenerationFlag)
				about, where := d.GetUsage(), parent+" "+c.Name+" --"+f.Names()[0]
				if d.TakesValue() && !placeholder.MatchString(about) {
					t.Errorf("%s: its value has no name: %s", where, about)
				}
				about = strings.TrimSpace(placeholder.ReplaceAllString(about, "X"))
				if len(about) < 8 || about[0] == '(' || fragment.MatchString(about) || strings.HasPrefix(about, "X,") || strings.HasPrefix(about, "X;") {
					t.Errorf("%s: lacks its subject: %s", where, about)
				}
			}
			walk(parent+" "+c.Name, c.Subcommands)
		}
	}
	walk("slswasm", newApp(io.Discard, io.Discard).Commands)
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		bytes byteSize
		shown string
	}{
		{"1MB", 1_000_000, "1MB"},
		{"1000000", 1_000_000, "1MB"},
		{"2 kB", 2000, "2kB"},
		{"64MiB", 64 << 20, "64MiB"},
		{"64m", 64 << 20, "64MiB"},
		{"10", 10, "10B"},
		{"1234567", 1234567, "1234567B"},
		{"0", 0, "0B"},
	} {
		var size, again byteSize
		if err := size.Set(c.text); err != nil || size != c.bytes || size.String() != c.shown {
			t.Errorf("%s is %d, shown as %s, error %v; want %d, shown as %s", c.text, size, size, err, c.bytes, c.shown)
		}
		if err := again.Set(size.String()); err != nil || again != size {
			t.Errorf("%s is read as %d: %v", size, again, err)
		}
	}
}
