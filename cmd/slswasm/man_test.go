package main

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// The page has each command and flag, in macros that man reads.
func TestManual(t *testing.T) {
	t.Parallel()
	page, err := exec.CommandContext(t.Context(), "slswasm", "man").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(page, []byte(".TH SLSWASM 1\n")) {
		t.Errorf("the page begins with %.40q", page)
	}
	var sections func(parent string, commands []*cli.Command)
	sections = func(parent string, commands []*cli.Command) {
		for _, c := range commands {
			name := parent + " " + c.Name
			_, section, found := strings.Cut(string(page), ".SS "+troff(name))
			section, _, _ = strings.Cut(section, "\n.SS ")
			if !found {
				t.Errorf("no section for %s", name)
			}
			for _, f := range c.VisibleFlags() {
				if flag := ".TP\n\\fB" + troff("--"+f.Names()[0]) + "\\fR"; !strings.Contains(section, flag) {
					t.Errorf("%s: --%s is missing", name, f.Names()[0])
				}
			}
			sections(name, c.Subcommands)
		}
	}
	sections("slswasm", newApp(io.Discard, io.Discard).Commands)

	for _, reader := range [][]string{
		{"groff", "-man", "-ww", "-z", "-Tutf8"},
		{"mandoc", "-T", "lint", "-W", "error"},
	} {
		if _, err := exec.LookPath(reader[0]); err != nil {
			t.Logf("SKIPPED: %s is not installed: it would read the page", reader[0])
			continue
		}
		cmd := exec.CommandContext(t.Context(), reader[0], reader[1:]...)
		cmd.Stdin = bytes.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", reader[0], err, out)
		}
	}
}

// A page that is made elsewhere is the same: it names no folder of this machine.
func TestManualIsTheSameElsewhere(t *testing.T) {
	var pages [2][]byte
	for i := range pages {
		cmd := exec.CommandContext(t.Context(), "slswasm", "man")
		cmd.Env = append(cmd.Environ(), "XDG_CACHE_HOME="+t.TempDir(), "SLSWASM_HEC_INDEX=mine")
		var err error
		if pages[i], err = cmd.Output(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pages[0], pages[1]) {
		t.Error("two folders for caches make two pages")
	}
}

func TestTroff(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"--sink":      `\-\-sink`,
		`a\b`:         `a\eb`,
		".TH evil":    `\&.TH evil`,
		"'quoted'":    `\&'quoted'`,
		"two\nlines":  "two lines",
		"a.b and 'c'": "a.b and 'c'",
	} {
		if got := troff(in); got != want {
			t.Errorf("troff(%q) = %q, want %q", in, got, want)
		}
	}
}
