package yardstick_test

import (
	"testing"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/perf/yardstick"
	"github.com/slswasm/slswasm/host/slstest"
)

const shards = 3

// TestSame holds what the yardstick sends of logs that no rule changes against
// what the product makes of them.
func TestSame(t *testing.T) {
	service, err := perf.NewService(shards, 1<<20, input.Mixed)
	must(t, err)
	defer service.Close() //nolint:errcheck // nothing is left to lose
	must(t, service.Start(""))
	for _, zip := range []bool{false, true} {
		var mine, theirs yardstick.Counts
		got := hecEvents(t, func(addr string) yardstick.Counts {
			mine, err = yardstick.Run(t.Context(), config(service, addr, zip, false))
			must(t, err)
			return mine
		})
		want := hecEvents(t, func(addr string) yardstick.Counts {
			theirs = deliver(t, service, addr, zip)
			return theirs
		})
		if mine != theirs {
			t.Errorf("gzip %v: %+v, the product %+v", zip, mine, theirs)
		}
		compare(t, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func config(service *slstest.Server, addr string, zip, rules bool) yardstick.Config {
	return yardstick.Config{
		Service: service.Addr(), Project: perf.Project, Logstore: string(input.Mixed), Shards: shards,
		KeyID: slstest.DefaultAccessKeyID, Secret: slstest.DefaultAccessKeySecret,
		HEC: addr, Token: "bench", Gzip: zip, Rules: rules,
	}
}

// deliver runs the product's pipeline without a guest.
func deliver(t *testing.T, service *slstest.Server, addr string, zip bool) yardstick.Counts {
	sink, err := perf.NewHEC(addr, zip)
	must(t, err)
	group := "g"
	if zip {
		group = "zipped"
	}
	c, _, err := perf.RunPipeline(t.Context(), perf.PipelineConfig{
		Endpoint: "http://" + service.Addr(), Logstore: string(input.Mixed), Group: group, Sink: sink, Dir: t.TempDir(),
	})
	must(t, err)
	if c != (host.Counts{Pulled: c.Pulled, PulledBytes: c.PulledBytes, Delivered: c.Pulled}) {
		t.Errorf("the product: %+v", c)
	}
	return yardstick.Counts{Logs: c.Pulled, Bytes: c.PulledBytes, Events: c.Delivered}
}
