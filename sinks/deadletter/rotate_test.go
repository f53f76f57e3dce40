package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rotating opens a writer that begins a new file after about two letters.
func rotating(t *testing.T) (w *Writer, log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{}
	w, err := Open(Config{
		Path: filepath.Join(t.TempDir(), FileName), MaxSize: 2*int64(len(sampleLine)) + 10,
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, log
}

// everywhere returns the files in the writer's directory, in the order of
// their names, and the reasons of all letters in them.
func everywhere(t *testing.T, w *Writer) (files, reasons []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(w.Path()), "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		letters, err := scanAll(string(b))
		if err != nil {
			t.Errorf("%s: %v", f, err)
		}
		for _, l := range letters {
			reasons = append(reasons, l.Reason)
		}
	}
	return files, reasons
}

func reasons(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("w%d 0", i))
	}
	return all
}

// TestRotatesBySize also writes a state of a replay, which goes along.
func TestRotatesBySize(t *testing.T) {
	w, _ := rotating(t)
	const n = 31
	for i := range n {
		mustWrite(t, w, numbered(fmt.Sprintf("w%d", i), 1))
		if i == 1 {
			if err := os.WriteFile(w.Path()+ReplayedSuffix, []byte("state"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, got := everywhere(t, w)
	if !slices.Equal(got, reasons(n)) {
		t.Errorf("in the order of the files' names: %v", got)
	}
	if len(files) != (n+1)/2 && len(files) != n/2 || filepath.Base(files[len(files)-1]) != FileName {
		t.Errorf("%d files, the last is %s", len(files), files[len(files)-1])
	}
	if b, err := os.ReadFile(files[0] + ReplayedSuffix); err != nil || string(b) != "state" {
		t.Errorf("the state of a replay did not go along: %q, %v", b, err)
	}
	if _, err := Open(plain(w.Path())); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("the new file is not locked: %v", err)
	}
	if s, err := OpenSnapshot(files[0]); err != nil || s.Live {
		t.Errorf("the full file is still locked: %v", err)
	} else if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestLargeWriteStaysTogether: what is written at once is in one file.
func TestLargeWriteStaysTogether(t *testing.T) {
	w, _ := rotating(t)
	mustWrite(t, w, numbered("large", 20))
	if files, _ := everywhere(t, w); len(files) != 1 {
		t.Errorf("an empty file was put aside: %v", files)
	}
	mustWrite(t, w, numbered("b", 1))
	wantReasons(t, w.Path(), "b 0")
}

func TestRotatesBehindALink(t *testing.T) {
	w, _ := rotating(t)
	real := filepath.Join(t.TempDir(), "elsewhere.jsonl")
	if err := errors.Join(os.Rename(w.Path(), real), os.Symlink(real, w.Path())); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		mustWrite(t, w, numbered(fmt.Sprintf("w%d", i), 1))
	}
	if beside, err := filepath.Glob(filepath.Join(filepath.Dir(real), "*.jsonl")); err != nil || len(beside) != 2 {
		t.Errorf("%v, %v", beside, err)
	}
	if info, err := os.Lstat(w.Path()); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was put aside, not the file: %v", err)
	}
}

// TestRotationRefused: no name may be changed, and every letter is kept.
func TestRotationRefused(t *testing.T) {
	w, log := rotating(t)
	refused := errors.New("permission denied")
	w.on.rename = func(string, string) error { return refused }
	for i := range 6 {
		mustWrite(t, w, numbered(fmt.Sprintf("w%d", i), 1))
	}
	wantReasons(t, w.Path(), reasons(6)...)
	if strings.Count(log.String(), "it grows on") != 1 || !strings.Contains(log.String(), w.Path()) {
		t.Errorf("log: %s", log)
	}
	w.on.rename = os.Rename
	mustWrite(t, w, numbered("w6", 1))
	wantReasons(t, w.Path(), "w6 0")
	if _, got := everywhere(t, w); !slices.Equal(got, reasons(7)) {
		t.Errorf("%v", got)
	}
}

// TestNoNewFile: the full file is put aside and no other can be made, as on a
// file system without free inodes; a crash there, too.
func TestNoNewFile(t *testing.T) {
	w, _ := rotating(t)
	full := errors.New("no space left on device")
	make := w.on.open
	w.on.open = func(string) (file, int64, error) { return nil, 0, full }
	for i := range 2 {
		mustWrite(t, w, numbered(fmt.Sprintf("w%d", i), 1))
	}
	for range 3 {
		if err := w.Write(t.Context(), numbered("w2", 1)); !errors.Is(err, full) || !strings.Contains(err.Error(), w.Path()) {
			t.Fatal(err)
		}
	}
	if _, got := everywhere(t, w); !slices.Equal(got, reasons(2)) {
		t.Errorf("%v", got)
	}
	after := mustOpen(t, w.Path()) // what the next process finds
	mustWrite(t, after, numbered("other", 1))
	if err := errors.Join(after.Close(), os.Remove(w.Path())); err != nil {
		t.Fatal(err)
	}
	w.on.open = make
	mustWrite(t, w, numbered("w2", 1))
	mustWrite(t, w, numbered("w3", 1))
	if _, got := everywhere(t, w); !slices.Equal(got, reasons(4)) {
		t.Errorf("%v", got)
	}
}

// TestNothingIsReplaced: a name that is taken, by whatever, is left alone.
func TestNothingIsReplaced(t *testing.T) {
	w, _ := rotating(t)
	taken := map[string]bool{}
	rename := w.on.rename
	w.on.rename = func(from, to string) error {
		if _, err := os.Lstat(to); err == nil || taken[to] {
			t.Errorf("%s would be replaced", to)
		}
		taken[to] = true
		return rename(from, to)
	}
	for i := range 20 {
		mustWrite(t, w, numbered(fmt.Sprintf("w%d", i), 1))
	}
	if len(taken) < 9 {
		t.Errorf("%d rotations", len(taken))
	}
}

// TestFullDiskDuringRotation: the disk is full at every step, and in the end
// each letter is there once.
func TestFullDiskDuringRotation(t *testing.T) {
	w, _ := rotating(t)
	real := w.on.open
	var d *disk
	w.on.open = func(path string) (file, int64, error) {
		f, end, err := real(path)
		if err != nil {
			return nil, 0, err
		}
		d = &disk{File: f.(*os.File), space: 100} // less than a letter
		return d, end, nil
	}
	for i := range 7 {
		letters := numbered(fmt.Sprintf("w%d", i), 1)
		if err := w.Write(t.Context(), letters); err != nil {
			d.space = 0
			mustWrite(t, w, letters)
		}
	}
	if _, got := everywhere(t, w); !slices.Equal(got, reasons(7)) {
		t.Errorf("%v", got)
	}
}

func TestSnapshot(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	mustWrite(t, w, numbered("a", 2))
	s, err := OpenSnapshot(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustWrite(t, w, numbered("later", 1))
	if !s.Live || s.Torn != 0 || !s.Is(w.Path()) || s.Is(os.DevNull) {
		t.Errorf("%+v", s)
	}
	n := 0
	if err := Scan(s.Bytes(), func(Letter) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d letters, %v", n, err)
	}
	torn := filepath.Join(t.TempDir(), "torn")
	if err := os.WriteFile(torn, []byte(sampleLine+sampleLine[:70]), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenSnapshot(torn); err != nil || s.Live || s.Torn != 70 || s.Size != int64(len(sampleLine)) || s.Close() != nil {
		t.Errorf("%+v, %v", s, err)
	}
	foreign := filepath.Join(t.TempDir(), "foreign")
	if err := os.WriteFile(foreign, []byte("a log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{foreign: "something else than dead letters", t.TempDir(): "not a regular file"} {
		if _, err := OpenSnapshot(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
