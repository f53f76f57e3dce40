package soak

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// build returns the path of a freshly built slswasm.
func build(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED (-short): the soak builds and runs slswasm, which takes a while")
	}
	bin := filepath.Join(t.TempDir(), "slswasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/slswasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return bin
}

func TestSoak(t *testing.T) {
	bin := build(t)
	report, err := Run(t.Context(), Config{
		Bin: bin, Length: 4 * time.Second, Seed: 1, PerSecond: 400, Processes: 4, Settle: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.Print(&text); err != nil {
		t.Error(err)
	}
	if !report.Good() || report.Put < 1000 || report.Delivered == 0 || report.Dropped == 0 || report.Dir != "" {
		t.Errorf("%s", text.String())
	}
	if report.Delivered+report.Dropped+report.DeadLetters != report.Put {
		t.Errorf("it does not add up: %s", text.String())
	}
	for _, kind := range []string{doKill, doFreeze, doLong, doRestart, doHECDown, doSyslogDown, doSplit, doMerge} {
		if report.Faults[kind] == 0 {
			t.Errorf("no %s in %v", kind, report.Faults)
		}
	}
	line, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"put", "delivered", "dropped", "dead_letters", "missing", "altered", "duplicates", "faults", "seed", "seconds"} {
		if !strings.Contains(string(line), `"`+key+`":`) {
			t.Errorf("no %s in %s", key, line)
		}
	}

	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := Run(ctx, Config{Bin: bin, Length: time.Hour, Seed: 2, Processes: 2})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
	t.Run("crashing program", func(t *testing.T) {
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, []byte("#!/bin/sh\necho 'panic: no' >&2\nexit 2\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		report, err := Run(t.Context(), Config{Bin: bad, Length: time.Second, Settle: time.Second, Seed: 3, Processes: 1})
		if err != nil {
			t.Fatal(err)
		}
		if report.Good() || report.Missing == 0 || len(report.Problems) < 2 || report.Dir == "" {
			t.Errorf("%+v", report)
		}
		if err := os.RemoveAll(report.Dir); err != nil {
			t.Error(err)
		}
	})
	t.Run("no program", func(t *testing.T) {
		if _, err := Run(t.Context(), Config{Bin: filepath.Join(t.TempDir(), "none"), Length: time.Minute, Seed: 4}); err == nil {
			t.Error("no error")
		}
	})
}
