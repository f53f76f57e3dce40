package yardstick_test

import (
	"encoding/json"
	"sort"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/perf/yardstick"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
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
		mine, counts := arrived(t, func(addr string) yardstick.Counts {
			c, err := yardstick.Run(t.Context(), config(service, addr, zip, false))
			must(t, err)
			return c
		})
		theirs, product := arrived(t, func(addr string) (c yardstick.Counts) { return deliver(t, service, addr, zip) })
		if counts != product {
			t.Errorf("gzip %v: %+v, the product %+v", zip, counts, product)
		}
		for i := range theirs {
			if i >= len(mine) || mine[i] != theirs[i] {
				t.Fatalf("gzip %v: %d and %d events; at %d:\n%s\n%s", zip, len(mine), len(theirs), i, mine[min(i, len(mine)-1)], theirs[i])
			}
		}
	}
}

// TestRules looks at what the rules make of the samples: in the report, the
// number of events is held against the audit guest's.
func TestRules(t *testing.T) {
	service, err := perf.NewService(shards, 1<<20, input.Trail)
	must(t, err)
	defer service.Close() //nolint:errcheck // nothing is left to lose
	must(t, service.Start(""))
	events, counts := arrived(t, func(addr string) yardstick.Counts {
		cfg := config(service, addr, false, true)
		cfg.Logstore = string(input.Trail)
		c, err := yardstick.Run(t.Context(), cfg)
		must(t, err)
		return c
	})
	rated := 0
	for _, e := range events {
		if strings.Contains(e, `"risk":`) && strings.Contains(e, `"risk_score":`) {
			rated++
		} else if !strings.Contains(e, `"audit_error":`) {
			t.Errorf("neither rated nor said to be unread: %s", e)
		}
	}
	if int(counts.Events) != len(events) || rated < len(events)/2 || len(events) > int(counts.Logs)*3/4 {
		t.Errorf("%+v, %d arrived, %d rated", counts, len(events), rated)
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

// arrived runs something that sends to a receiver, and returns the events in a
// canonical form, sorted.
func arrived(t *testing.T, send func(addr string) yardstick.Counts) (events []string, counts yardstick.Counts) {
	receiver, err := sinktest.StartHEC(sinktest.HECOptions{Token: "bench"})
	must(t, err)
	defer receiver.Close() //nolint:errcheck // nothing is left to lose
	counts = send(strings.TrimPrefix(receiver.URL(), "http://"))
	for _, e := range receiver.Events() {
		var event any
		must(t, json.Unmarshal(e.Event, &event))
		text, err := json.Marshal([]any{e.Seconds(), e.SourceType, event, string(e.Fields)})
		must(t, err)
		events = append(events, string(text))
	}
	sort.Strings(events)
	return events, counts
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
