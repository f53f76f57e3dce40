package syslog

import (
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/shard"
)

// BenchmarkStage is the part of the report about syslog: messages in their
// frames. What sending them adds, the rows from end to end say.
func BenchmarkStage(b *testing.B) {
	for _, kind := range input.Kinds() {
		raw, err := input.Pull(kind, 4e6)
		if err != nil {
			b.Fatal(err)
		}
		logs, err := shard.Decode(raw)
		if err != nil {
			b.Fatal(err)
		}
		size := 0
		for _, l := range logs {
			for _, f := range l.Fields {
				size += len(f.Key) + len(f.Value)
			}
		}
		for _, payload := range []string{KV, JSON} {
			b.Run("syslog "+payload+", "+string(kind), func(b *testing.B) {
				e := encoderFor(b, Config{Payload: payload, Framing: Octet})
				cpu.Loop(b, len(logs), size, func() {
					e.buf = e.buf[:0]
					for i := range logs {
						e.append(&abi.Event{Log: logs[i]})
					}
				})
			})
		}
	}
}
