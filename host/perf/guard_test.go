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

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/slstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A counter is a HEC receiver that counts.
type counter struct {
	*httptest.Server
	mu                  sync.Mutex
	posts, events, size int
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
			c.size += n
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

// TestCosts is the guard against waste: what a further log costs in
// allocations, in requests and in bytes, from the pull to the socket. It counts
// and does not time, so that it says the same on every machine. A bound that
// is exceeded has a reason to be found; one that is far from what is measured
// is to be lowered.
func TestCosts(t *testing.T) {
	dir := t.TempDir()
	if err := perf.WriteHand("../../testdata/wat", dir); err != nil {
		t.Fatal(err)
	}
	little, much := newService(t, 1_000_000), newService(t, carry)
	for _, c := range []struct {
		kind  input.Kind
		guest string
		zip   bool
		// A log, at most; the receiver's and the emulator's, too: what
		// requests and batches cost, for nothing allocates for a log.
		allocs float64
		bytes  float64 // sent for each of keys and values, at most
	}{
		{input.Trail, "", false, 0.5, 1.05},
		{input.Trail, "", true, 0.5, 0.25},
		{input.Mixed, "keep-table", false, 0.5, 1.2},
	} {
		name := strings.Join([]string{string(c.kind), c.guest, map[bool]string{true: "gzip"}[c.zip]}, "-")
		t.Run(name, func(t *testing.T) {
			a := carryAll(t, little, dir, c.kind, c.guest, c.zip)
			b := carryAll(t, much, dir, c.kind, c.guest, c.zip)
			allocs := float64(b.mallocs-a.mallocs) / float64(b.Pulled-a.Pulled)
			sent := float64(b.sent-a.sent) / float64(b.PulledBytes-a.PulledBytes)
			t.Logf("%d logs of %d bytes: %.3f allocations a log, %d requests, %.3f bytes sent a byte", b.Pulled, b.PulledBytes, allocs, b.posts, sent)
			if allocs > c.allocs && !race {
				t.Errorf("%.3f allocations a log, want at most %.3f", allocs, c.allocs)
			}
			if sent > c.bytes {
				t.Errorf("%.3f bytes sent for each that was pulled, want at most %.3f", sent, c.bytes)
			}
			// Bodies are full but for the last of each part of a pull.
			if most := int(b.PulledBytes)/500_000 + 5; b.posts > most {
				t.Errorf("%d requests, want at most %d", b.posts, most)
			}
		})
	}
}

func newService(t *testing.T, size int) *slstest.Server {
	service, err := perf.NewService(1, size, input.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	return service
}

type costs struct {
	host.Counts
	mallocs     int64
	posts, sent int
}

// carryAll delivers all there is of a kind to a receiver of its own.
func carryAll(t *testing.T, service *slstest.Server, dir string, kind input.Kind, module string, zip bool) costs {
	receiver := newCounter(t)
	sink, err := perf.NewHEC(receiver.Listener.Addr().String(), zip)
	if err != nil {
		t.Fatal(err)
	}
	cfg := perf.PipelineConfig{
		Endpoint: service.Endpoint(), Client: service.InProcess(), Logstore: string(kind),
		Group: strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), Sink: sink, Dir: dir,
	}
	if module != "" {
		g, err := perf.ReadGuest(dir, module)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Guests = []guest.Config{g}
	}
	counts, mallocs, err := perf.RunPipeline(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if counts.Delivered != counts.Pulled || !zip && receiver.events != int(counts.Pulled) {
		t.Errorf("%+v, %d arrived", counts, receiver.events)
	}
	return costs{counts, int64(mallocs), receiver.posts, receiver.size}
}
