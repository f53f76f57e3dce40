package offline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a case and the modules that it may name.
func write(t *testing.T, text string) *Case {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"keep", "drop", "init-error", "clock", "spin", "count"} {
		if err := os.WriteFile(filepath.Join(dir, name+".wasm"), fixture(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "case.txtar")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadCase(file)
	if err == nil {
		err = c.Resolve(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func runOne(t *testing.T, c *Case, update bool) *Result {
	t.Helper()
	results, err := Test(t.Context(), Limits{}, []*Case{c}, update)
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return &results[0]
}

// A guest that asks for the time and for random numbers answers alike in both
// engines and in every run.
func TestCasesAreRepeatable(t *testing.T) {
	c := write(t, "-- module --\nclock\n-- in.jsonl --\n{\"a\":\"1\"}\n")
	if r := runOne(t, c, true); !r.Passed() || !r.Updated {
		t.Fatalf("%+v", r)
	}
	again, err := ReadCase(c.File)
	if err == nil {
		err = again.Resolve(filepath.Dir(c.File))
	}
	if err != nil {
		t.Fatal(err)
	}
	if r := runOne(t, again, false); !r.Passed() || r.Updated {
		t.Errorf("%+v\n%s", r, again.text(secOut))
	}
}

func TestEnginesMustAgree(t *testing.T) {
	r := &Result{}
	r.agree(map[string]string{secOut: "a\n"}, map[string]string{secOut: "a\n"}, nil)
	if !r.Passed() {
		t.Errorf("%+v", r)
	}
	r.agree(map[string]string{secOut: "a\nb\n"}, map[string]string{secOut: "a\nc\n"}, nil)
	if len(r.Problems) != 1 || show(r.Problems[0].Diff) != " a\n-b\n+c\n" {
		t.Errorf("%+v", r)
	}
	r.agree(map[string]string{secOut: "a\n"}, nil, errors.New("trap"))
	if len(r.Problems) != 2 || !strings.HasSuffix(r.Problems[1].Text, "alike: trap") {
		t.Errorf("%+v", r)
	}
}

func TestUpdateKeepsTheRest(t *testing.T) {
	const before = "A comment.\n-- module --\ninit-error\n-- config.json --\n{}\n-- error.txt --\n"
	c := write(t, before)
	if r := runOne(t, c, true); !r.Passed() {
		t.Fatalf("%+v", r)
	}
	after, err := os.ReadFile(c.File)
	if want := before + "region: \"mars\" is\nunknown\n"; err != nil || string(after) != want {
		t.Errorf("%s, %v", after, err)
	}
}

// What ends a run from outside is no case's fault.
func TestCancelled(t *testing.T) {
	c := write(t, "-- module --\nspin\n-- in.jsonl --\n{\"bad\":\"1\"}\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if results, err := Test(ctx, Limits{}, []*Case{c}, false); !errors.Is(err, context.Canceled) || results != nil {
		t.Errorf("%v, %v", results, err)
	}
}

func TestFindCases(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b")
	for _, file := range []string{"1.txtar", "2.txt", "below/3.txtar", "below/more/4.txtar"} {
		path := filepath.Join(dir, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string]string{
		"": "1.txtar", "/": "1.txtar", "/...": "1.txtar below/3.txtar below/more/4.txtar", "/below": "below/3.txtar", "/2.txt": "2.txt",
	} {
		files, err := FindCases([]string{dir + arg, dir + arg})
		for i := range files {
			files[i], _ = filepath.Rel(dir, files[i])
		}
		if got := strings.Join(files, " "); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", arg, got, err, want)
		}
	}
}

// Fuel is asserted to the unit, a line for each module; --update writes it.
func TestCaseOfFuel(t *testing.T) {
	c := write(t, "-- module --\nkeep\n-- in.jsonl --\n{\"a\":\"1\"}\n-- out.jsonl --\n{\"fields\":{\"a\":\"1\"}}\n-- fuel.txt --\nkeep.rust.wasm 7\nkeep.wasm 1\n")
	if r := runOne(t, c, false); len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].Text, "fuel.txt differs") {
		t.Errorf("%+v", r)
	}
	if r := runOne(t, c, true); !r.Passed() || !r.Updated {
		t.Errorf("%+v", r)
	}
	if r := runOne(t, c, false); !r.Passed() {
		t.Errorf("%+v", r)
	}
	if text := c.text(secFuel); !strings.HasPrefix(text, "keep.rust.wasm 7\nkeep.wasm ") || strings.Contains(text, " 1\n") {
		t.Errorf("%s", text)
	}
}

// What the guest counts is asserted by name.
func TestCaseOfCounts(t *testing.T) {
	c := write(t, "-- module --\ncount\n-- in.jsonl --\n{\"a\":\"1\"}\n{\"a\":\"2\"}\n-- out.jsonl --\n{\"fields\":{\"a\":\"1\"}}\n{\"fields\":{\"a\":\"2\"}}\n-- counts.txt --\nlogs_seen 1\n")
	if r := runOne(t, c, false); len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].Text, "counts.txt differs") {
		t.Errorf("%+v", r)
	}
	if r := runOne(t, c, true); !r.Passed() || !r.Updated {
		t.Errorf("%+v", r)
	}
	if r := runOne(t, c, false); !r.Passed() || c.text(secCounts) != "batch_size 2\nlogs_seen 2\n" {
		t.Errorf("%+v\n%s", r, c.text(secCounts))
	}
}
