package perf_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/input"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A counter is a HEC receiver that counts.
type counter struct {
	*httptest.Server
	mu                    sync.Mutex
	posts, events, bytes_ int
}

func newCounter(t *testing.T) *counter {
	c := &counter{}
	buf := make([]byte, 64<<10)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.Method == http.MethodPost {
			c.posts++
		}
		for {
			n, err := r.Body.Read(buf)
			c.bytes_ += n
			c.events += bytes.Count(buf[:n], []byte{'\n'})
			if err != nil {
				break
			}
		}
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	}))
	t.Cleanup(c.Close)
	return c
}

// TestCosts is the guard against waste: what a log costs in allocations, in
// requests and in bytes, from the pull to the socket. It counts and does not
// time, so that it says the same on every machine. A bound that is exceeded
// has a reason to be found; one that is far from what is measured is to be
// lowered.
func TestCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("carries 30 MB")
	}
	service, err := perf.NewService(1, 30e6, input.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	dir := t.TempDir()
	if err := perf.WriteHand("../../testdata/wat", dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind   input.Kind
		guest  string
		zip    bool
		allocs float64 // a log, at most; the receiver's and the emulator's, too
		bytes  float64 // sent for each of keys and values, at most
	}{
		{input.Trail, "", false, 0.5, 1.05},
		{input.Trail, "", true, 0.5, 0.25},
		{input.Trail, "keep-table", false, 0.5, 1.05},
		{input.Mixed, "", false, 0.5, 1.2},
		{input.Mixed, "keep-table", false, 0.5, 1.2},
	} {
		name := strings.Join([]string{string(c.kind), c.guest, map[bool]string{true: "gzip"}[c.zip]}, " ")
		t.Run(name, func(t *testing.T) {
			receiver := newCounter(t)
			sink, err := perf.NewHEC(receiver.Listener.Addr().String(), c.zip)
			if err != nil {
				t.Fatal(err)
			}
			cfg := perf.PipelineConfig{
				Endpoint: service.Endpoint(), Client: service.InProcess(), Logstore: string(c.kind),
				Group: strings.ReplaceAll("g-"+name, " ", "-"), Sink: sink, Dir: dir,
			}
			if c.guest != "" {
				g, err := perf.ReadGuest(dir, c.guest)
				if err != nil {
					t.Fatal(err)
				}
				cfg.Guests = []guest.Config{g}
			}
			counts, mallocs, err := perf.RunPipeline(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			allocs, sent := float64(mallocs)/float64(counts.Pulled), float64(receiver.bytes_)/float64(counts.PulledBytes)
			t.Logf("%d logs, %d bytes: %.3f allocations a log, %d requests, %.3f bytes sent a byte", counts.Pulled, counts.PulledBytes, allocs, receiver.posts, sent)
			if counts.Delivered != counts.Pulled || !c.zip && receiver.events != int(counts.Pulled) {
				t.Errorf("%+v, %d arrived", counts, receiver.events)
			}
			if allocs > c.allocs {
				t.Errorf("%.3f allocations a log, want at most %.3f", allocs, c.allocs)
			}
			if sent > c.bytes {
				t.Errorf("%.3f bytes sent for each that was pulled, want at most %.3f", sent, c.bytes)
			}
			// Bodies are full but for the last of each pull.
			if most := int(counts.PulledBytes)/500_000 + 5; receiver.posts > most {
				t.Errorf("%d requests, want at most %d", receiver.posts, most)
			}
		})
	}
}
