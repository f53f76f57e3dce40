package offline

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInspect(t *testing.T) {
	for name, want := range map[string]struct {
		problem string
		abi     []int
		started int
	}{
		"keep":          {"", []int{1}, 40 << 16},
		"version-2":     {"is built for version 2 of the guest ABI; this host has version 1: build it with an SDK of that version", []int{2}, 0},
		"init-trap":     {"init: trap: unreachable, in init", []int{1}, 0},
		"import-memory": {`imports its memory ("env" "memory"); build it so that it has and exports its own: without --import-memory`, []int{1}, 0},
	} {
		r, err := Inspect(t.Context(), open(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if r.Problem != want.problem || !cmp.Equal(r.ABI, want.abi) || r.Started != want.started || r.Unread != "" || len(r.SHA256) != 64 {
			t.Errorf("%s: %+v", name, r)
		}
		if (r.Descriptor == nil) != (want.problem != "") || len(r.Memory) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A module that is cut off is read as far as it goes.
func TestInspectDamaged(t *testing.T) {
	m := open(t, "clock")
	m.Wasm = m.Wasm[:len(m.Wasm)/2]
	r, err := Inspect(t.Context(), m)
	if err != nil || r.Problem == "" || r.Unread == "" || len(r.Imports) != 3 || r.Size != len(m.Wasm) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestInspectCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Inspect(ctx, open(t, "keep")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
