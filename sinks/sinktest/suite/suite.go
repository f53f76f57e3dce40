// Package suite holds what every sink must pass: the contract of sinks.Sink
// as tests over a real receiver. A sink exists once it passes.
//
// What is special about one receiver belongs in the tests of its sink. The
// receivers are in sinktest, which does not need package testing.
package suite

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// A Subject is a fresh sink and the receiver that it leads to. Where a
// function is nil, the tests that need it are skipped, and say so.
type Subject struct {
	Sink sinks.Sink // closed by the suite

	// Received returns the content of all events that have arrived, in order
	// of arrival. It may wait for those that are under way.
	Received func() []string
	// Want is what Received must show for an event. It must not be the code
	// of the sink.
	Want func(e *abi.Event) string

	// Down makes the receiver refuse connections and break those that there
	// are; Up lets it listen again at the same address.
	Down, Up func()
	// Stall makes the receiver take connections and neither read nor answer.
	Stall func()
	// Poison returns an event that the receiver refuses for good.
	Poison func() abi.Event
	// Large is the size of a value that must arrive; 0: 1 MiB, and then all of
	// Unicode must arrive too.
	Large int
}

// Run runs the suite. Start makes a new Subject for each test, and ends its
// receiver with t.Cleanup.
func Run(t *testing.T, start func(t *testing.T) Subject) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s Subject)
	}{
		{"nothing to send", testNothing},
		{"check", testCheck},
		{"order", testOrder},
		{"values", testValues},
		{"all of Unicode", testUnicode},
		{"events are not written to", testNotWrittenTo},
		{"events are not kept", testNotKept},
		{"concurrent sends", testConcurrent},
		{"context that has ended", testEnded},
		{"context that ends", testEnds},
		{"receiver down", testDown},
		{"receiver down and up", testDownAndUp},
		{"receiver goes down in between", testBreak},
		{"event that is refused", testPoison},
	} {
		t.Run(test.name, func(t *testing.T) {
			running := goleak.IgnoreCurrent()
			s := start(t)
			test.run(t, s)
			if err := s.Sink.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			t.Run("end", func(t *testing.T) { checkEnd(t, s, running) })
		})
	}
}

// checkEnd: after Close nothing is left of the sink. The receiver still
// runs, so it is stopped first where that can be done.
func checkEnd(t *testing.T, s Subject, running goleak.Option) {
	if s.Down == nil {
		t.Skip("the receiver cannot be stopped: nothing is said of goroutines")
	}
	s.Down()
	goleak.VerifyNone(t, running)
}

// limit ends a test that hangs, with a message of its own.
const limit = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func need(t *testing.T, there bool, what string) {
	t.Helper()
	if !there {
		t.Skip("the receiver offers no " + what)
	}
}

// send sends the events and fails the test when they are not all delivered.
func send(t *testing.T, s Subject, events []abi.Event) {
	t.Helper()
	n, err := s.Sink.Send(within(t), events)
	if n != len(events) || err != nil {
		t.Fatalf("send: %d of %d, %v", n, len(events), err)
	}
}

// same compares what was received with the events, in order.
func same(t *testing.T, s Subject, events []abi.Event) {
	t.Helper()
	want := make([]string, len(events))
	for i := range events {
		want[i] = s.Want(&events[i])
	}
	sameTexts(t, s.Received(), want)
}

func sameTexts(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events arrived, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("event %d arrived as %.200q, want %.200q", i, got[i], want[i])
		}
	}
}
