package replay

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

func TestListGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	all := numbered(0, 10)
	for i := range all[:3] {
		all[i].Stage = deadletter.Stage{Kind: deadletter.StageSink, Name: "hec"}
		all[i].Reason = []string{"answered 400: event 12 (code 6) at 0xbeef", "answered 400: event 7 (code 6) at 0x1", "answered 400: event 7 (code 6) at 0x1"}[i]
	}
	all[2].Log, all[2].Cursor, all[2].Index = all[1].Log, all[1].Cursor, all[1].Index // a second letter of one log counts too
	write(t, path, all...)
	if _, err := replay(t, config(path), &receiver{}); err != nil {
		t.Fatal(err)
	}
	groups, counts, err := List(t.Context(), config(path))
	if err != nil || counts.Letters != 10 {
		t.Fatalf("%+v, %v", counts, err)
	}
	want := []Group{
		{
			Stage: deadletter.Stage{Kind: "guest", Name: "audit"}, Reason: "line N is ugly", Letters: 7, First: letter(3).At, Last: letter(9).At,
			Example: Example{Place: path + ":4", Reason: "line 3 is ugly", Project: "p", Logstore: "l", Shard: 0, Cursor: "MTY=", Index: 3},
		},
		{
			Stage: deadletter.Stage{Kind: "sink", Name: "hec"}, Reason: "answered 400: event N (code 6) at N", Letters: 3, First: letter(0).At, Last: letter(2).At,
			Example: Example{Place: path + ":1", Reason: "answered 400: event 12 (code 6) at 0xbeef", Project: "p", Logstore: "l", Shard: 0, Cursor: "MTY=", Index: 0},
		},
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Error(diff)
	}
}

// TestPreviewLeavesNoTrace, and shows what is still to be sent.
func TestPreviewLeavesNoTrace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "letters.jsonl")
	write(t, path, numbered(0, 10)...)
	if _, counts, err := Preview(t.Context(), config(path)); err != nil || counts.Sent != 10 {
		t.Errorf("%+v, %v", counts, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := replay(t, config(path), &receiver{}); err != nil {
		t.Fatal(err)
	}
	write(t, path, letter(10))
	groups, counts, err := Preview(t.Context(), config(path))
	if err != nil || counts.Sent != 1 || counts.Before != 10 || len(groups) != 1 || groups[0].Letters != 1 {
		t.Errorf("%+v, %+v, %v", groups, counts, err)
	}
}

// TestLiveFile is read while its Writer has it, as far as it was then.
func TestLiveFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	w, err := deadletter.Open(deadletter.Config{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(t.Context(), numbered(0, 4)); err != nil {
		t.Fatal(err)
	}
	r, err := Open(config(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), numbered(4, 4)); err != nil {
		t.Fatal(err)
	}
	to := &receiver{}
	if err := errors.Join(r.Run(t.Context(), to.send), r.Close()); err != nil {
		t.Error(err)
	}
	want(t, to, 0, 4)
	if c, err := replay(t, config(path), to); err != nil || c.Before != 4 {
		t.Errorf("%+v, %v", c, err)
	}
	want(t, to, 0, 8)
}

func BenchmarkReplay(b *testing.B) {
	path := filepath.Join(b.TempDir(), "letters.jsonl")
	w, err := deadletter.Open(deadletter.Config{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(w.Write(b.Context(), numbered(0, 100_000)), w.Close()); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	start := time.Now()
	for b.Loop() {
		cfg := config(path)
		cfg.Restart = true
		r, err := Open(cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(r.Run(b.Context(), (&receiver{}).send), r.Close()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/time.Since(start).Seconds(), "letters/s")
}
