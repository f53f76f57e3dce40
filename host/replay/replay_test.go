package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// letter is one of the log with this number.
func letter(n int) deadletter.Letter {
	return deadletter.Letter{
		At: time.Date(2024, 2, 9, 3, 0, n%60, 0, time.UTC), Reason: fmt.Sprintf("line %d is ugly", n),
		Stage:   deadletter.Stage{Kind: deadletter.StageGuest, Name: "audit"},
		Project: "p", Logstore: "l", Shard: n % 3, Cursor: "MTY=", Index: n,
		Log: abi.Log{Time: int64(n), Fields: []abi.Field{{Key: []byte("n"), Value: []byte(fmt.Sprint(n))}}},
	}
}

func numbered(from, n int) (all []deadletter.Letter) {
	for i := from; i < from+n; i++ {
		all = append(all, letter(i))
	}
	return all
}

// write appends letters to a file.
func write(t *testing.T, path string, letters ...deadletter.Letter) {
	t.Helper()
	w, err := deadletter.Open(deadletter.Config{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(t.Context(), letters), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A receiver is a Sender that remembers the numbers of the logs.
type receiver struct {
	got   []string
	sends int
	fail  error // of sends after the first failAt
	at    int
}

func (r *receiver) send(_ context.Context, letters []deadletter.Letter, _ func(int) string) error {
	if r.fail != nil && r.sends >= r.at {
		return r.fail
	}
	r.sends++
	for i := range letters {
		n, _ := letters[i].Log.Get("n")
		r.got = append(r.got, string(n))
	}
	return nil
}

func config(files ...string) Config {
	return Config{Files: files, Drain: time.Second, Logger: slog.New(slog.DiscardHandler)}
}

func replay(t *testing.T, cfg Config, to *receiver) (Counts, error) {
	t.Helper()
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Run(t.Context(), to.send)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return r.Counts(), err
}

func want(t *testing.T, to *receiver, from, n int) {
	t.Helper()
	var all []string
	for i := from; i < from+n; i++ {
		all = append(all, fmt.Sprint(i))
	}
	if !slices.Equal(to.got, all) {
		t.Errorf("sent %v, want %v", to.got, all)
	}
}

func TestEachLetterOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	const n = 2*batchLetters + 10
	write(t, path, numbered(0, n)...)
	first := &receiver{}
	c, err := replay(t, config(path), first)
	if err != nil || c != (Counts{Letters: n, Sent: n}) || first.sends != 3 {
		t.Errorf("%+v, %v, %d sends", c, err, first.sends)
	}
	want(t, first, 0, n)

	second := &receiver{}
	if c, err := replay(t, config(path), second); err != nil || c != (Counts{Letters: n, Before: n}) || second.sends > 0 {
		t.Errorf("again: %+v, %v", c, err)
	}
	write(t, path, numbered(n, 5)...)
	if _, err := replay(t, config(path), second); err != nil {
		t.Error(err)
	}
	want(t, second, n, 5)

	restarted, cfg := &receiver{}, config(path)
	cfg.Restart = true
	if c, err := replay(t, cfg, restarted); err != nil || c.Sent != n+5 {
		t.Errorf("restarted: %+v, %v", c, err)
	}
}

// TestGoesOnWhereItWas fails each batch once, as a kill between any two of
// them does: nothing is skipped, and nothing settled is sent again.
func TestGoesOnWhereItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	const n = 5*batchLetters + 1
	write(t, path, numbered(0, n)...)
	to := &receiver{fail: errors.New("the sink is broken")}
	for range 5 {
		to.at = to.sends + 1
		c, err := replay(t, config(path), to)
		if !errors.Is(err, to.fail) || !strings.Contains(err.Error(), path+":") || c.Sent != batchLetters {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	to.fail = nil
	if c, err := replay(t, config(path), to); err != nil || c.Before != 5*batchLetters || c.Sent != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	want(t, to, 0, n)
}

func TestOneLogIsSentOnce(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	again, other := letter(3), letter(4)
	again.At, again.Reason, again.Log.Group = again.At.Add(time.Hour), "another one", 7
	other.Log.Time++ // of another region, where the names are the same
	flow := letter(5)
	flow.Flow = "other" // with other sinks
	write(t, a, append(numbered(0, 5), again)...)
	write(t, b, again, other, letter(5), flow)
	to := &receiver{}
	c, err := replay(t, config(dir), to)
	if err != nil || c != (Counts{Letters: 10, Sent: 8, Repeated: 2}) {
		t.Errorf("%+v, %v", c, err)
	}
	if got := strings.Join(to.got, " "); got != "0 1 2 3 4 4 5 5" {
		t.Errorf("sent %s", got)
	}
}

// TestFiltersAreRememberedApart: what a filter left out is sent by the next
// replay, and what it took is not.
func TestFiltersAreRememberedApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	write(t, path, numbered(0, 30)...)
	filtered := func(f Filter) Config {
		cfg := config(path)
		var err error
		if cfg.Filter, err = NewFilter(f); err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	to := &receiver{}
	for _, c := range []struct {
		filter Filter
		want   Counts
	}{
		{Filter{Reason: `line \d is`}, Counts{Letters: 30, Sent: 10, Filtered: 20}},
		{Filter{Reason: `line \d is`}, Counts{Letters: 30, Before: 10, Filtered: 20}},
		{Filter{Stage: "sink"}, Counts{Letters: 30, Filtered: 30}},
		{Filter{Since: letter(20).At, Stage: "guest"}, Counts{Letters: 30, Sent: 10, Filtered: 20}},
		{Filter{}, Counts{Letters: 30, Sent: 10, Before: 20}},
		{Filter{Reason: "."}, Counts{Letters: 30, Before: 30}},
	} {
		if got, err := replay(t, filtered(c.filter), to); err != nil || got != c.want {
			t.Errorf("%+v: %+v, %v", c.filter, got, err)
		}
	}
	b, err := os.ReadFile(path + deadletter.ReplayedSuffix)
	if err != nil || strings.Count(string(b), "offset") != 1 {
		t.Errorf("%s, %v", b, err)
	}
}

func TestBadLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	write(t, path, numbered(0, 3)...)
	appendText(t, path, "{\"at\":\"no letter\n")
	write(t, path, numbered(3, 2)...)
	appendText(t, path, `{"at":"torn`)
	to, cfg := &receiver{}, config(path)
	c, err := replay(t, cfg, to)
	if err == nil || !strings.HasPrefix(err.Error(), path+":4 is not a dead letter: ") || !strings.Contains(err.Error(), "--skip-bad") || c.Sent != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	cfg.SkipBad = true
	if c, err = replay(t, cfg, to); err != nil || c != (Counts{Letters: 5, Before: 3, Sent: 2, Bad: 1}) {
		t.Errorf("%+v, %v", c, err)
	}
	want(t, to, 0, 5)
	if c, err = replay(t, config(path), to); err != nil || c.Before != 5 || c.Bad != 1 {
		t.Errorf("what was passed over once is an error again: %+v, %v", c, err)
	}
}

// TestAnotherFile: the state of a file does not hold for another one in its
// place, for one that lost lines, and not for one that is shorter.
func TestAnotherFile(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"rotated": func(t *testing.T, path string) {
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			write(t, path, numbered(100, 50)...)
		},
		"edited": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, numbered(1, 60)...)
		},
		"shorter": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, numbered(0, 2)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "letters.jsonl")
			write(t, path, numbered(0, 10)...)
			if _, err := replay(t, config(path), &receiver{}); err != nil {
				t.Fatal(err)
			}
			change(t, path)
			var log strings.Builder
			cfg := config(path)
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			if c, err := replay(t, cfg, &receiver{}); err != nil || c.Before != 0 || c.Sent != c.Letters {
				t.Errorf("%+v, %v", c, err)
			}
			if !strings.Contains(log.String(), "about another file") {
				t.Errorf("log: %s", &log)
			}
		})
	}
}

// TestStateGoesAlong: what a Writer puts aside keeps its state.
func TestStateGoesAlong(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "letters.jsonl")
	write(t, path, numbered(0, 10)...)
	if _, err := replay(t, config(path), &receiver{}); err != nil {
		t.Fatal(err)
	}
	w, err := deadletter.Open(deadletter.Config{Path: path, MaxSize: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(t.Context(), numbered(10, 5)), w.Close()); err != nil {
		t.Fatal(err)
	}
	to := &receiver{}
	if c, err := replay(t, config(dir), to); err != nil || c.Before != 10 || c.Sent != 5 {
		t.Errorf("%+v, %v", c, err)
	}
	want(t, to, 10, 5)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	path, foreign, empty := filepath.Join(dir, "letters.jsonl"), filepath.Join(dir, "foreign.jsonl"), t.TempDir()
	write(t, path, letter(1))
	if err := os.WriteFile(foreign, []byte("a log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.jsonl")
	write(t, broken, letter(1))
	if err := os.WriteFile(broken+deadletter.ReplayedSuffix, []byte(`{"version":9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again := config(path)
	again.Again = filepath.Join(dir, ".", "letters.jsonl")
	for want, cfg := range map[string]Config{
		"no such file":                        config(filepath.Join(dir, "nowhere")),
		"something else than dead letters":    config(foreign),
		"holds no file of dead letters":       config(empty),
		"version 9, and not 1":                config(broken),
		"--dead-letters: " + path + " is bei": again,
	} {
		if r, err := Open(cfg); err == nil || !strings.Contains(err.Error(), want) || r != nil {
			t.Errorf("%v, want %q", err, want)
		}
	}
	r, err := Open(config(dir)) // the foreign one is passed over
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config(path)); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("two replays of one file: %v", err)
	}
	if err := r.Run(t.Context(), (&receiver{}).send); err != nil { // which puts another state in its place
		t.Error(err)
	}
	if _, err := Open(config(path)); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("two replays of one file: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestStop: what is in hand is settled and remembered, or given up when it
// takes too long.
func TestStop(t *testing.T) {
	for name, slow := range map[string]time.Duration{"in time": time.Second, "too slow": time.Hour} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "letters.jsonl")
			write(t, path, numbered(0, 3*batchLetters)...)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cfg := config(path)
				cfg.Drain = time.Minute
				r, err := Open(cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				err = r.Run(ctx, func(ctx context.Context, _ []deadletter.Letter, _ func(int) string) error {
					cancel()
					timer := time.NewTimer(slow)
					defer timer.Stop()
					select {
					case <-timer.C:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				if slow < cfg.Drain {
					if !errors.Is(err, ErrStopped) || r.Counts().Sent != batchLetters {
						t.Errorf("%v, %+v", err, r.Counts())
					}
				} else if err == nil || !strings.Contains(err.Error(), "not settled within 1m0s") || r.Counts().Sent != 0 {
					t.Errorf("%v, %+v", err, r.Counts())
				}
			})
		})
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version":1,"replayed":[{"offset":7,"sha256":"ab","filter":{"reason":"a+","stage":"sink","since":"2024-01-02T03:04:05Z"}}]}`))
	f.Add([]byte(`{"version":1,"replayed":[{"offset":-7}]}`))
	f.Add([]byte(`{"version":1,"replayed":[{"filter":{"reason":"("}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseState(b)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "letters")
		write(t, path, letter(1))
		s, err := deadletter.OpenSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		same, err := verify(s, all)
		if err != nil {
			t.Error(err)
		}
		l := letter(1)
		for _, d := range same {
			if d.Offset > s.Size {
				t.Error("believed past the end")
			}
			d.Filter.takes(&l)
		}
	})
}

// A log that was replayed and failed again is a letter of another file: it is
// sent, also together with the file that it was in first.
func TestFailedAgainIsSent(t *testing.T) {
	dir := t.TempDir()
	first := filepath.Join(dir, "dl.20240209T030405Z-001.jsonl")
	write(t, first, numbered(0, 3)...)
	if _, err := replay(t, config(first), &receiver{}); err != nil {
		t.Fatal(err)
	}
	l := letter(1)
	l.Reason, l.At = "the receiver refused it this time", l.At.Add(time.Hour)
	write(t, filepath.Join(dir, "dl.again.jsonl"), l)
	to := &receiver{}
	if counts, err := replay(t, config(dir), to); err != nil || !slices.Equal(to.got, []string{"1"}) {
		t.Errorf("sent %v, want log 1; %+v, %v", to.got, counts, err)
	}
}
