package yardstick_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/perf/yardstick"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// TestRules holds what the yardstick makes of all kinds of real logs against
// what the audit guest does: the same events, each with the same header and
// the same values, what is masked among them.
func TestRules(t *testing.T) {
	size := 4 << 20
	if guesttest.UnderRace() {
		size /= 4 // which takes as long
	}
	service, err := perf.NewService(shards, size, input.Kinds()...)
	must(t, err)
	defer service.Close() //nolint:errcheck // nothing is left to lose
	must(t, service.Start(""))
	wasm := guesttest.BuildSmall(t, "audit")
	for _, kind := range input.Kinds() {
		for sink, arrive := range map[string]func(*testing.T, func(string) yardstick.Counts) []string{"HEC": hecEvents, "syslog": syslogMessages} {
			t.Run(string(kind)+" to "+sink, func(t *testing.T) {
				cfg := config(service, "", false, true)
				cfg.Logstore = string(kind)
				var mine, theirs yardstick.Counts
				got := arrive(t, func(addr string) yardstick.Counts {
					if cfg.HEC = addr; sink == "syslog" {
						cfg.HEC, cfg.Syslog = "", addr
					}
					mine, err = yardstick.Run(t.Context(), cfg)
					must(t, err)
					return mine
				})
				want := arrive(t, func(addr string) yardstick.Counts {
					theirs = audit(t, service, kind, sink, addr, wasm)
					return theirs
				})
				if mine != theirs || int(mine.Logs) < size/2000 || mine.Events == mine.Logs {
					t.Errorf("%+v, the product %+v", mine, theirs)
				}
				compare(t, got, want)
				all := strings.Join(got, "\n")
				for what, pattern := range secrets {
					if n := len(regexp.MustCompile(pattern).FindAllString(all, -1)); n < 8 {
						t.Errorf("only %d times %s", n, what)
					}
				}
			})
		}
	}
}

// secrets are what must have been masked, so that the comparison means something.
var secrets = map[string]string{
	"an access key id":            `[LTAISMP.]{4}\w{4}\*\*\*\*\w\w`,
	"an e-mail address":           `\w\*\*\*@example\.com`,
	"a password":                  `"AccountPassword":"\*\*\*\*"`,
	"a secret within JSON text":   `\\"AccountPassword\\+":\\+"\*\*\*\*\\`,
	"an address that is kept":     `alice@[0-9]+\.onaliyun\.com`,
	"an address within JSON text": `\\"b\*\*\*@example\.com|by b\*\*\*@example\.com\\`,
	"an event that is not read":   `audit_error`,
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) == 0 || len(got) != len(want) {
		t.Fatalf("%d events, the product %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("event %d of %d:\n%s\nthe product:\n%s", i, len(want), got[i], want[i])
		}
	}
}

// parser is what the guest's own reader of JSON says of an event that it
// cannot read, which is no matter of the yardstick's.
var parser = regexp.MustCompile(`(event is not JSON)[^"\n]*`)

// hecEvents runs something that sends to a HEC, and returns what came in a
// canonical form, sorted.
func hecEvents(t *testing.T, send func(addr string) yardstick.Counts) (events []string) {
	receiver, err := sinktest.StartHEC(sinktest.HECOptions{Token: "bench"})
	must(t, err)
	defer receiver.Close() //nolint:errcheck // nothing is left to lose
	send(strings.TrimPrefix(receiver.URL(), "http://"))
	for _, e := range receiver.Events() {
		var event any
		d := json.NewDecoder(bytes.NewReader(e.Event))
		d.UseNumber()
		must(t, d.Decode(&event))
		text, err := json.Marshal([]any{e.Seconds(), e.Host, e.Source, e.SourceType, e.Index, event, string(e.Fields)})
		must(t, err)
		events = append(events, parser.ReplaceAllString(string(text), "$1"))
	}
	sort.Strings(events)
	return events
}

// syslogMessages is hecEvents for syslog. The host's name is the sender's; the
// yardstick writes what a group's logs share in one piece, so their order may differ.
func syslogMessages(t *testing.T, send func(addr string) yardstick.Counts) (messages []string) {
	receiver, err := sinktest.StartSyslog(sinktest.SyslogOptions{Framing: sinktest.FrameOctet})
	must(t, err)
	sent := send(fmt.Sprintf("%s:%d", receiver.Host(), receiver.Port()))
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	must(t, receiver.Wait(ctx, int(sent.Events)))
	must(t, receiver.Close())
	for _, m := range receiver.Messages() {
		pairs := strings.Split(string(m.Msg), "||")
		slices.Sort(pairs)
		text := fmt.Sprintf("%d %d %v %s %s %s %v %s", m.Facility, m.Severity, m.Time, m.AppName, m.ProcID, m.MsgID, m.Structured, strings.Join(pairs, "\n"))
		messages = append(messages, parser.ReplaceAllString(text, "$1"))
	}
	slices.Sort(messages)
	return messages
}

// audit runs the product's pipeline with the audit guest.
func audit(t *testing.T, service *slstest.Server, kind input.Kind, to, addr string, wasm []byte) yardstick.Counts {
	var sink sinks.Sink
	var err error
	if to == "HEC" {
		sink, err = perf.NewHEC(addr, false)
	} else {
		host, port, _ := strings.Cut(addr, ":")
		var number int
		_, err = fmt.Sscan(port, &number)
		must(t, err)
		sink, err = perf.NewSyslog(host, number)
	}
	must(t, err)
	cache, _ := os.UserCacheDir() // none: it takes longer to start
	c, _, err := perf.RunPipeline(t.Context(), perf.PipelineConfig{
		Endpoint: "http://" + service.Addr(), Logstore: string(kind), Group: strings.ToLower("rules-" + to), Sink: sink, Dir: t.TempDir(),
		Guests: []guest.Config{{Name: "audit", Wasm: wasm, CacheDir: filepath.Join(cache, "slswasm", "wazero")}},
	})
	must(t, err)
	if c.DeadLetters != 0 {
		t.Errorf("the product: %+v", c)
	}
	return yardstick.Counts{Logs: c.Pulled, Bytes: c.PulledBytes, Events: c.Delivered}
}
