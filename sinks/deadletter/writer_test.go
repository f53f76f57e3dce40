package deadletter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbered are n letters with the reasons "prefix 0", "prefix 1"...
func numbered(prefix string, n int) []Letter {
	letters := make([]Letter, n)
	for i := range letters {
		letters[i] = sample()
		letters[i].Reason = fmt.Sprintf("%s %d", prefix, i)
	}
	return letters
}

func plain(path string) Config { return Config{Path: path, Logger: slog.New(slog.DiscardHandler)} }

func mustOpen(t *testing.T, path string) *Writer {
	t.Helper()
	w, err := Open(plain(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func mustWrite(t *testing.T, w *Writer, letters []Letter) {
	t.Helper()
	if err := w.Write(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
}

// wantReasons reads the file and compares the letters' reasons.
func wantReasons(t *testing.T, path string, want ...string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	letters, err := scanAll(string(b))
	if err != nil {
		t.Error(err)
	}
	var got []string
	for _, l := range letters {
		got = append(got, l.Reason)
	}
	if strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("letters %v, want %v", got, want)
	}
}

func TestOpenPlaces(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                                     filepath.Join(dir, FileName),
		filepath.Join(dir, "new", "deep") + "/": filepath.Join(dir, "new", "deep", FileName),
		filepath.Join(dir, "other", "my.jsonl"): filepath.Join(dir, "other", "my.jsonl"),
	} {
		w := mustOpen(t, path)
		mustWrite(t, w, numbered("a", 2))
		if w.Path() != want {
			t.Errorf("%s: %s", path, w.Path())
		}
		wantReasons(t, want, "a 0", "a 1")
		if info, err := os.Stat(want); err != nil || info.Mode().Perm() != 0o600 {
			t.Error(info.Mode(), err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	foreign, tail := filepath.Join(dir, "foreign"), filepath.Join(dir, "tail")
	for path, content := range map[string]string{foreign: "a log\nof something\n", tail: sampleLine + "something"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	used := mustOpen(t, filepath.Join(dir, "used"))
	for path, want := range map[string]string{
		foreign:                   "something else than dead letters",
		tail:                      "something else than dead letters",
		used.Path():               "in use by another process",
		filepath.Join(tail, "x"):  "not a directory",
		"/dev/null":               "not a regular file",
		"/proc/no/such/place.txt": "/proc",
	} {
		w, err := Open(plain(path))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "dead letters cannot be written: ") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if w != nil {
			t.Error("a writer beside an error")
		}
	}
	if b, err := os.ReadFile(tail); err != nil || !strings.HasSuffix(string(b), "something") {
		t.Errorf("somebody else's data was changed: %q, %v", b, err)
	}
}

// TestCrash ends the file at each byte, as a crash in the middle of a write
// may: the letters before are kept, and new ones are read after them.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters")
	letters := numbered("a", 2)
	first, err := appendLetter(nil, &letters[0])
	if err != nil {
		t.Fatal(err)
	}
	both, err := appendLetter(first, &letters[1])
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n <= len(both); n += 7 {
		for _, zeros := range []int{0, 5} {
			torn := string(both[:n]) + strings.Repeat("\x00", zeros)
			if err := os.WriteFile(path, []byte(torn), 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := Open(plain(path))
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			mustWrite(t, w, numbered("b", 1))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			want := []string{"a 0", "a 1"}[:strings.Count(torn, "\n")]
			wantReasons(t, path, append(want, "b 0")...)
		}
	}
}

// TestLongTail finds the last line end far from the end.
func TestLongTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters")
	if err := os.WriteFile(path, []byte(sampleLine+prefix+strings.Repeat("x", 200_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	w := mustOpen(t, path)
	mustWrite(t, w, nil)
	if info, err := os.Stat(path); err != nil || info.Size() != int64(len(sampleLine)) {
		t.Error(info.Size(), err)
	}
}

func TestWriteConcurrently(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 10 {
				if err := w.Write(t.Context(), numbered(fmt.Sprintf("g%d w%d", g, i), 3)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	b, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	letters, err := scanAll(string(b))
	if err != nil || len(letters) != 8*10*3 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	for i := 0; i < len(letters); i += 3 {
		group, _ := strings.CutSuffix(letters[i].Reason, " 0")
		if letters[i+1].Reason != group+" 1" || letters[i+2].Reason != group+" 2" {
			t.Fatalf("the letters of a Write are not together: %d %q", i, letters[i].Reason)
		}
	}
}

func TestWriteEnds(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Write(ctx, numbered("a", 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := w.Write(t.Context(), numbered("a", 1)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// A disk is a file that fails where a test says.
type disk struct {
	*os.File
	space                int64 // bytes it holds; 0: no limit
	syncErr, truncateErr error
	syncs                int
}

var errFull = errors.New("no space left on device")

func (d *disk) WriteAt(b []byte, at int64) (int, error) {
	if d.space > 0 && at+int64(len(b)) > d.space {
		n, err := d.File.WriteAt(b[:max(0, d.space-at)], at)
		return n, errors.Join(err, errFull)
	}
	return d.File.WriteAt(b, at)
}

func (d *disk) Sync() error {
	d.syncs++
	return errors.Join(d.syncErr, d.File.Sync())
}

func (d *disk) Truncate(size int64) error {
	if d.truncateErr != nil {
		return d.truncateErr
	}
	return d.File.Truncate(size)
}

func onDisk(t *testing.T) (*Writer, *disk) {
	t.Helper()
	w := mustOpen(t, t.TempDir())
	d := &disk{File: w.file.(*os.File)}
	w.file = d
	return w, d
}

func TestDiskFull(t *testing.T) {
	w, d := onDisk(t)
	mustWrite(t, w, numbered("a", 1))
	d.space = w.end + 700 // in the middle of the second letter
	if err := w.Write(t.Context(), numbered("b", 3)); !errors.Is(err, errFull) || !strings.Contains(err.Error(), w.Path()) {
		t.Error(err)
	}
	wantReasons(t, w.Path(), "a 0")
	d.space = 0
	mustWrite(t, w, numbered("c", 1))
	wantReasons(t, w.Path(), "a 0", "c 0")
	if d.syncs != 2 {
		t.Errorf("%d syncs for 2 writes", d.syncs)
	}
}

func TestSyncFails(t *testing.T) {
	w, d := onDisk(t)
	d.syncErr = errors.New("input/output error")
	if err := w.Write(t.Context(), numbered("a", 1)); !errors.Is(err, d.syncErr) {
		t.Error(err)
	}
	wantReasons(t, w.Path())
	d.syncErr = nil
	mustWrite(t, w, numbered("b", 1))
	wantReasons(t, w.Path(), "b 0")
}

// TestRollBackFails leaves a torn letter behind, and removes it before the
// next one is written.
func TestRollBackFails(t *testing.T) {
	w, d := onDisk(t)
	mustWrite(t, w, numbered("a", 1))
	d.space, d.truncateErr = w.end+1000, errors.New("input/output error")
	for range 2 {
		if err := w.Write(t.Context(), numbered("b", 3)); !errors.Is(err, d.truncateErr) {
			t.Error(err)
		}
	}
	d.space, d.truncateErr = 0, nil
	mustWrite(t, w, numbered("c", 1)) // shorter than what is there
	wantReasons(t, w.Path(), "a 0", "c 0")
}

// TestRotation takes the file away from under the writer, in each way that
// people and logrotate have.
func TestRotation(t *testing.T) {
	for name, c := range map[string]struct {
		rotate func(path string) error
		want   []string // in the path afterwards
		moved  []string // in the file that it was renamed to
	}{
		"nothing":         {func(string) error { return nil }, []string{"a 0", "a 1", "b 0", "c 0"}, nil},
		"removed":         {os.Remove, []string{"b 0", "c 0"}, nil},
		"renamed":         {func(p string) error { return os.Rename(p, p+".1") }, []string{"b 0", "c 0"}, []string{"a 0", "a 1"}},
		"whole directory": {func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, []string{"b 0", "c 0"}, nil},
		"replaced by an empty one": {func(p string) error {
			return errors.Join(os.Rename(p, p+".1"), os.WriteFile(p, nil, 0o600))
		}, []string{"b 0", "c 0"}, []string{"a 0", "a 1"}},
		"replaced by one with a letter": {func(p string) error {
			return errors.Join(os.Remove(p), os.WriteFile(p, []byte(sampleLine), 0o600))
		}, []string{sample().Reason, "b 0", "c 0"}, nil},
		"truncated": {func(p string) error { return os.Truncate(p, 0) }, []string{"b 0", "c 0"}, nil},
		"truncated in the second letter": {func(p string) error {
			info, err := os.Stat(p)
			return errors.Join(err, os.Truncate(p, info.Size()-9))
		}, []string{"a 0", "b 0", "c 0"}, nil},
		"a letter from elsewhere": {func(p string) error {
			f, err := os.OpenFile(p, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString(sampleLine)
			return errors.Join(err, f.Close())
		}, []string{"a 0", "a 1", sample().Reason, "b 0", "c 0"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := mustOpen(t, filepath.Join(t.TempDir(), "dir")+"/")
			mustWrite(t, w, numbered("a", 2))
			if err := c.rotate(w.Path()); err != nil {
				t.Fatal(err)
			}
			mustWrite(t, w, numbered("b", 1))
			mustWrite(t, w, numbered("c", 1))
			wantReasons(t, w.Path(), c.want...)
			if c.moved != nil {
				wantReasons(t, w.Path()+".1", c.moved...)
			}
			if _, err := Open(plain(w.Path())); err == nil || !strings.Contains(err.Error(), "in use by another process") {
				t.Errorf("the file is not locked any more: %v", err)
			}
		})
	}
}

// TestReplacedByForeignData must not write into it, and goes on once it is
// gone.
func TestReplacedByForeignData(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	mustWrite(t, w, numbered("a", 1))
	foreign := "a log\nof something\n"
	if err := errors.Join(os.Remove(w.Path()), os.WriteFile(w.Path(), []byte(foreign), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Write(t.Context(), numbered("b", 1)); err == nil || !strings.Contains(err.Error(), "something else than dead letters") {
			t.Error(err)
		}
	}
	if b, err := os.ReadFile(w.Path()); err != nil || string(b) != foreign {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.Remove(w.Path()); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, w, numbered("c", 1))
	wantReasons(t, w.Path(), "c 0")
}

// TestTornAndTruncated has both at once: what a failed write left, in a file
// that was truncated since.
func TestTornAndTruncated(t *testing.T) {
	w, d := onDisk(t)
	mustWrite(t, w, numbered("a", 1))
	d.space, d.truncateErr = w.end+1000, errors.New("input/output error")
	if err := w.Write(t.Context(), numbered("b", 3)); !errors.Is(err, d.truncateErr) {
		t.Fatal(err)
	}
	d.space, d.truncateErr = 0, nil
	if err := os.Truncate(w.Path(), 0); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, w, numbered("c", 1))
	wantReasons(t, w.Path(), "c 0")
}

// TestHole is a file that was truncated after the writer had looked at it: the
// letter stands behind zeros, and is read, by Scan and by the next Open.
func TestHole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters")
	hole := strings.Repeat("\x00", len(sampleLine))
	if err := os.WriteFile(path, []byte(hole+sampleLine+hole+sampleLine), 0o600); err != nil {
		t.Fatal(err)
	}
	w := mustOpen(t, path)
	mustWrite(t, w, numbered("b", 1))
	wantReasons(t, path, sample().Reason, sample().Reason, "b 0")
}

func BenchmarkWrite(b *testing.B) {
	w, err := Open(plain(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close() //nolint:errcheck // read only from here
	letters := numbered("a", 100)
	b.SetBytes(int64(len(letters) * len(sampleLine)))
	for b.Loop() {
		if err := w.Write(b.Context(), letters); err != nil {
			b.Fatal(err)
		}
	}
}
