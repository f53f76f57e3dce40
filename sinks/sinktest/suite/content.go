package suite

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

func testNothing(t *testing.T, s Subject) {
	for _, none := range [][]abi.Event{nil, {}} {
		if n, err := s.Sink.Send(within(t), none); n != 0 || err != nil {
			t.Errorf("send of nothing: %d, %v", n, err)
		}
	}
	same(t, s, nil)
}

func testCheck(t *testing.T, s Subject) {
	if err := s.Sink.Check(within(t)); err != nil {
		t.Errorf("check: %v", err)
	}
	same(t, s, nil) // a check delivers nothing
}

func testOrder(t *testing.T, s Subject) {
	events := numbered(0, 5000)
	for from, size := 0, 1; from < len(events); from, size = from+size, size*3 {
		send(t, s, events[from:min(from+size, len(events))])
	}
	same(t, s, events)
}

func testValues(t *testing.T, s Subject) {
	events := values(s.Large)
	send(t, s, events)
	same(t, s, events)
}

func testUnicode(t *testing.T, s Subject) {
	if s.Large > 0 {
		t.Skip("only with large values")
	}
	events := unicode()
	send(t, s, events)
	same(t, s, events)
}

func testNotWrittenTo(t *testing.T, s Subject) {
	events := values(s.Large)
	before := cloneAll(events)
	send(t, s, events)
	for i := range events {
		if !reflect.DeepEqual(before[i], events[i]) {
			t.Errorf("the sink changed an event: before %.500v, after %.500v", before[i], events[i])
		}
	}
}

// What a sink still reads after Send would show the scribbling, or a race.
func testNotKept(t *testing.T, s Subject) {
	var want []abi.Event
	for i := range 20 {
		events := append(values(4096), numbered(i*1000, 100)...)
		want = append(want, cloneAll(events)...)
		send(t, s, events)
		scribble(events)
	}
	same(t, s, want)
}

// Sends at the same time do not mix their events' bytes, and each keeps its
// own order.
func testConcurrent(t *testing.T, s Subject) {
	const senders, sends, size = 8, 10, 50
	var wg sync.WaitGroup
	ctx := within(t)
	for sender := range senders {
		wg.Go(func() {
			for i := range sends {
				events := numbered((sender*sends+i)*size, size)
				if n, err := s.Sink.Send(ctx, events); n != size || err != nil {
					t.Errorf("send: %d of %d, %v", n, size, err)
					return
				}
			}
		})
	}
	wg.Wait()
	place := map[string]int{}
	for i, text := range s.Received() {
		if _, twice := place[text]; twice {
			t.Fatalf("twice: %.200q", text)
		}
		place[text] = i
	}
	events := numbered(0, senders*sends*size)
	for i := range events {
		at, found := place[s.Want(&events[i])]
		if !found {
			t.Fatalf("event %d did not arrive", i)
		}
		if i%(sends*size) > 0 && at < place[s.Want(&events[i-1])] {
			t.Fatalf("event %d arrived before the one that was sent before it", i)
		}
	}
	if len(place) != len(events) {
		t.Errorf("%d events arrived, want %d", len(place), len(events))
	}
}

// deduplicated drops what arrived again: at least once is what is promised.
func deduplicated(texts []string) []string {
	seen := map[string]bool{}
	var once []string
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			once = append(once, text)
		}
	}
	return once
}

// all are the texts that the events must arrive as.
func all(s Subject, events []abi.Event) []string {
	want := make([]string, len(events))
	for i := range events {
		want[i] = s.Want(&events[i])
	}
	return want
}

// excerpt shows a few of many texts.
func excerpt(texts []string) string {
	return fmt.Sprintf("%d: %.300s", len(texts), strings.Join(texts, "\n"))
}
