package hec

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/shard"
)

// BenchmarkStage is the part of the report about the HTTP Event Collector:
// envelopes, compression, and the whole of sending, with a receiver in this
// process that reads and answers.
func BenchmarkStage(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	}))
	defer server.Close()
	for _, kind := range input.Kinds() {
		events, size := staged(b, kind)
		body := new(body)
		b.Run("HEC JSON, "+string(kind), func(b *testing.B) {
			enc := newEncoder(Config{Nest: DefaultNest()})
			cpu.Loop(b, len(events), size, func() {
				if body.fill(enc, events, 1<<30) != len(events) {
					b.Fatal("not all events were written")
				}
			})
		})
		b.Run("gzip, "+string(kind), func(b *testing.B) {
			cpu.Loop(b, len(events), size, func() {
				if _, err := body.wire(true); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run("HEC JSON and HTTP with its receiver, "+string(kind), func(b *testing.B) {
			s, err := New(Config{URL: server.URL, Token: token, Nest: DefaultNest()}, quiet())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			cpu.Loop(b, len(events), size, func() {
				if n, err := s.Send(b.Context(), events); n != len(events) || err != nil {
					b.Fatal(n, err)
				}
			})
		})
	}
}

// staged are events of 4 MB.
func staged(b *testing.B, kind input.Kind) (events []abi.Event, size int) {
	raw, err := input.Pull(kind, 4e6)
	if err != nil {
		b.Fatal(err)
	}
	logs, err := shard.Decode(raw)
	if err != nil {
		b.Fatal(err)
	}
	for i, l := range logs {
		events = append(events, abi.Event{Log: l, Origin: i})
		for _, f := range l.Fields {
			size += len(f.Key) + len(f.Value)
		}
	}
	return events, size
}
