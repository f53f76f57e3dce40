package oplog

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
)

func TestIsASlogHandler(t *testing.T) {
	var p *page
	var h *Handler
	slogtest.Run(t, func(*testing.T) slog.Handler {
		p, h, _ = newLog()
		return h
	}, func(t *testing.T) map[string]any {
		h.Close()
		return p.lines(t)[0]
	})
}

func TestValues(t *testing.T) {
	p, h, log := newLog("s3cret")
	list := []int{1}
	var none *os.PathError
	log.Warn("x", "d", 1500*time.Millisecond, "list", list, "error", errors.New("e"), "nil", nil, "none", error(none),
		"group", slog.GroupValue(slog.Int("n", 1)), "lazy", lazy{}, "broken", broken{})
	log.Warn("x", "list", []int{1, 2}) // held back
	list[0] = 7
	h.Close()
	got := p.lines(t)
	if len(got) != 2 || got[0]["d"] != 1.5e9 || got[0]["error"] != "e" || got[0]["lazy"] != "worked out" || got[0]["nil"] != nil ||
		!strings.HasPrefix(got[0]["none"].(string), "!PANIC") || got[0]["group"].(map[string]any)["n"] != 1.0 || got[0]["list"].([]any)[0] != 1.0 {
		t.Errorf("%v", got)
	}
	if f := (frozen{text: "[1 2]"}); f.String() != "[1 2]" {
		t.Errorf("%v", f)
	}
}

type lazy struct{}

func (lazy) LogValue() slog.Value { return slog.StringValue("worked out") }

type broken struct{}

func (broken) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

// A brokenFile cannot be written.
type brokenFile struct{ slog.Handler }

func (brokenFile) Write([]byte) (int, error) { return 0, errors.New("disk full, s3cret") }

func TestAFileThatCannotBeWritten(t *testing.T) {
	var p page
	var s Secrets
	s.Hide("s3cret")
	h := New(&s, slog.NewJSONHandler(&p, nil), slog.NewJSONHandler(brokenFile{}, nil))
	defer h.Close()
	log := slog.New(h)
	log.Info("a")
	log.Info("b")
	got := p.lines(t)
	if len(got) != 3 || got[1]["msg"] != "the log file cannot be written: lines are missing in it" || got[1]["error"] != "disk full, ***" {
		t.Errorf("%v", got)
	}
}

func TestFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x.log")
	f, err := OpenFile(path, MiB, 2)
	if err != nil {
		t.Fatal(err)
	}
	var p page
	h := New(new(Secrets), slog.NewJSONHandler(&p, nil), slog.NewJSONHandler(f, nil))
	log := slog.New(h)
	half := strings.Repeat("x", MiB/2)
	for n := range 5 {
		log.Error("full", "n", n, "text", half)
	}
	h.Close()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "x*.log"))
	if err != nil || len(names) < 3 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			continue // removed by now, for there were more than two
		}
		if info.Size() > MiB || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), info.Mode())
		}
	}
	if len(p.lines(t)) != 5 {
		t.Error("the other handler got something else")
	}
}

func TestFileThatCannotBeOpened(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]struct {
		path string
		size int64
		keep int
	}{
		"a folder":       {folder, MiB, 1},
		"no such folder": {filepath.Join(folder, "no", "x.log"), MiB, 1},
		"too small":      {filepath.Join(folder, "x.log"), MiB - 1, 1},
		"none kept":      {filepath.Join(folder, "x.log"), MiB, 0},
	} {
		if f, err := OpenFile(c.path, c.size, c.keep); err == nil {
			t.Errorf("%s: %v", name, f.Filename)
		}
	}
}
