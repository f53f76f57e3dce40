package tck_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi/tck"
	"github.com/slswasm/slswasm/host/guest/guesttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return guesttest.Hex(t, "testdata/wat/"+name+".hex")
}

// broken lists the rules that a module does not keep, and why.
func broken(results []tck.Result) (list []string) {
	for _, r := range results {
		if r.Err != nil {
			list = append(list, r.String())
		}
	}
	return list
}

// A guest that keeps the ABI keeps every rule; one that breaks it in one way
// breaks the rules about that, and no other. Each line is how a Result begins.
func TestRules(t *testing.T) {
	const (
		layout    = "FAIL  The batch: "
		unaligned = layout + "nothing is aligned: "
		all       = layout + "all of this at once: "
		trap      = "guest x: trap: unreachable, in transform"
		first     = "log 1 became {9223372036854775807}; otherwise it becomes nothing"
		alone     = "warn  transform: what becomes of a log depends on it and the configuration alone: "
		noReply   = "FAIL  transform: every batch gets a reply, and one that can be read: "
	)
	for name, want := range map[string][]string{
		"only-bad":      nil,
		"header-fixed":  {layout + "records start at hdr_len: " + first, unaligned + first, all + first},
		"stride-fixed":  {layout + "records lie stride bytes apart: " + first, unaligned + first, all + first},
		"flags-refused": {layout + "flags that are not known are ignored: " + trap, all + trap},
		"reserved-read": {layout + "reserved words are ignored: " + trap, all + trap},
		"aligned-only":  {unaligned + trap, all + trap},
		"absent-read": {
			layout + "the offset of what is absent or empty means nothing: guest x: trap: out of bounds memory access, in transform",
			all + "guest x: trap: out of bounds memory access, in transform",
		},
		"data-follows": {
			unaligned + "log 0 became nothing", layout + "tables and texts lie anywhere: log 0 became nothing",
			layout + "texts overlap: log 9 became", layout + "the offset of what is absent or empty means nothing: log 0 became nothing",
			all + "log 0 became nothing", alone + "log 4 became",
		},
		"stateful": {
			"FAIL  transform: a batch after other batches is as if it were the first: when the batch before had 0 logs: log 0 became nothing",
			alone + "log 0 became nothing",
		},
		"neighbour": {alone + first},
		"leak": {
			"FAIL  alloc: asking again and again costs no memory: guest x: memory limit: alloc answered the request for 10000 bytes with 0; " +
				"its memory had grown from 2560 to 65536 KiB",
			"FAIL  transform: memory does not grow with the number of batches: guest x: memory limit: alloc answered",
		},
		"alloc-little": {
			"FAIL  alloc: it serves 1 MiB, and what it answers lies in memory: guest x: memory limit: alloc answered the request for 65537 bytes with 0",
			"warn  init: a configuration that is of no use is refused with a descriptor: ",
			layout + "a value of a megabyte: large log 0, 01234567…: guest x: memory limit: alloc answered the request for 1000064 bytes with 0",
			"FAIL  transform: a batch after other batches is as if it were the first: ",
			"FAIL  transform: through the host, every log ends exactly once and none by a fault: log 2014: ",
		},
		"keep": {"warn  The batch: the guest writes to cursor: after a batch of 53 it is 00 00 00 00; a fault costs more replays without it"},
		"count-wrong": {
			"warn  The batch: the guest writes to cursor: ",
			"FAIL  Metrics: each has a name that it can have, one kind, and there are at most 64: a metric has a name that is none",
			"warn  Metrics: logs count the same in whatever batches they come: 53 logs in one call add 1 to good, and alone 53",
		},
		"no-alloc":   {"FAIL  Module: the host can start it: guest x: does not export slswasm_v1_alloc (func (param i32) (result i32))"},
		"init-trap":  {"FAIL  Module: the host can start it: guest x: init: trap: unreachable, in init"},
		"trap":       {noReply + trap},
		"reply-slot": {noReply + "the reply cannot be read: record 0, byte 6: slot 7 is not declared"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := broken(tck.Check(t.Context(), fixture(t, name), tck.WithName("x")))
			if !slices.EqualFunc(got, want, strings.HasPrefix) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		})
	}
}

// The end of ctx ends the check.
func TestCheckEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range tck.Check(ctx, fixture(t, "only-bad")) {
		if r.Err == nil {
			t.Error(r)
		}
	}
}
