package admin

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/admin/admintest"
	"github.com/slswasm/slswasm/host/latency"
	"github.com/slswasm/slswasm/host/tap"
	"github.com/slswasm/slswasm/sinks"
)

// hostileText must never be more than text.
const hostileText = `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`

// A show is a made-up program in trouble, whose numbers move with each look.
type show struct {
	shards int
	looks  atomic.Uint64
	begun  time.Time
}

func (s *show) reasons() []string {
	return []string{"sink archive is held since 2 min: the token is refused", "shard 7 of prod/audit is 42 min behind; " + hostileText}
}

func (s *show) state() host.State {
	n, now := s.looks.Add(1), time.Now()
	st := host.State{
		At: now, StartedAt: s.begun, InFlight: int64(8+n%5) << 20, Budget: 32 << 20,
		Counts:  host.Counts{Pulled: n * 2100, PulledBytes: n * 3 << 20, Delivered: n * (1900 + n%7*20), Dropped: n * 190, DeadLetters: 42},
		Letters: host.LettersState{Waiting: 3, Since: now.Add(-90 * time.Second), Error: "no space left on device"},
		DeadLetters: []host.LetterCount{
			{Stage: "sink", Name: "splunk", Kind: "rejected", Reason: "incorrect index", N: 31},
			{Stage: "guest", Name: "guests/audit.wasm", Kind: "trap", Reason: hostileText, N: 11},
		},
		Guests: []host.GuestState{
			{Flow: "audit", File: "guests/audit.wasm", Name: "audit", Version: "1.0.0", SHA256: strings.Repeat("8c7dd922ad47494f", 4), Faults: 11, Transform: took(n, 4*time.Millisecond),
				Metrics: []host.GuestMetric{{Kind: "counter", Name: "reads_dropped", Value: 1234567}, {Kind: "counter", Name: "masked", Value: float64(n * 3)}, {Kind: "gauge", Name: "widest_batch", Value: 0.25}}},
			{Flow: "flows", File: "guests/vpc-flow.wasm", Name: "vpc-flow", Version: "0.3.1", SHA256: strings.Repeat("0f1e2d3c4b5a6978", 4), Transform: took(n, 2*time.Millisecond),
				Metrics: many(64)},
		},
		Sinks: []host.SinkState{
			{Name: "splunk", Delivered: n * 1900, Rejected: 31, Retries: 4, Send: took(n, 45*time.Millisecond),
				Codes: []sinks.CodeCount{{Kind: "retry", Code: "503/9", N: 4}, {Kind: "rejected", Code: "400/7", N: 31}}},
			{Name: "qradar", Delivered: n * 90, Retries: 18, Waiting: "dial tcp 192.0.2.10:514: connection refused", WaitingSince: now.Add(-20 * time.Second), Code: "refused", Send: took(n, 9*time.Millisecond),
				Codes: []sinks.CodeCount{{Kind: "retry", Code: "refused", N: 17}, {Kind: "retry", Code: "dns", N: 1}}},
			{Name: "archive", Holds: 7, Waiting: "403: token is disabled; " + hostileText, WaitingSince: now.Add(-130 * time.Second), Held: true, Code: "403"},
		},
	}
	source := host.SourceState{Flow: "audit", Project: "prod", Logstore: "audit", Group: "siem", Consumer: "siem-host-a-4711"}
	for i := range s.shards {
		lag := float64(i%9) / 3
		if i%37 == 7 {
			lag = float64(i*60) + float64(n)
		}
		source.Shards = append(source.Shards, host.ShardState{
			ID: i, Since: s.begun, Lag: lag, Saved: now.Add(-time.Duration(i%5) * time.Second), Logs: n * uint64(10+i%23), Readonly: i%50 == 49,
			Pull: took(n, 30*time.Millisecond), Commit: took(n, 12*time.Millisecond),
		})
	}
	st.Sources = []host.SourceState{source, {
		Flow: "flows", Project: "prod", Logstore: "vpc", Group: "siem", Consumer: "siem-host-a-4711",
		Error: "source prod/vpc: 403 Unauthorized: the key may not read this logstore", ErrorSince: now.Add(-5 * time.Minute), Reopened: 6,
	}}
	return st
}

// many are as many metrics as a guest may have, with the longest names.
func many(n int) (all []host.GuestMetric) {
	for i := range n {
		all = append(all, host.GuestMetric{Kind: "counter", Name: fmt.Sprintf("%s_%02d", strings.Repeat("a", 61), i), Value: 1e299})
	}
	return all
}

func took(n uint64, one time.Duration) latency.Snapshot {
	return latency.Snapshot{Count: n, Seconds: float64(n) * one.Seconds() * (1 + float64(n%9)/20)}
}

func newShow(shards int) *show { return &show{shards: shards, begun: time.Now().Add(-3 * time.Hour)} }

func (s *show) on(server *Server) {
	server.Show(Program{Reasons: s.reasons, State: func() any { return s.state() }})
}

// A program in trouble, with as many shards as there can be, and texts from
// outside that want to be more than text.
func TestPageInTrouble(t *testing.T) {
	b := admintest.Open(t)
	shown := tap.New()
	server := open(t, Config{Tap: shown, Version: "v1.2.3"})
	newShow(256).on(server)
	b.Desktop()
	b.Do(chromedp.Navigate(server.URL()))

	b.Until(`document.querySelector("#health").textContent === "Not ready: 2 reasons"`)
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 16`)
	b.Until(`document.querySelector("#shards-rows tr").textContent.includes("audit 229")`) // the worst first
	b.Until(`document.querySelector("#sources").textContent.includes("prod/vpc has not run for 5 min")`)
	b.Until(`document.querySelector("#sinks").textContent.includes("held since")`)
	b.Until(`document.querySelector("#sinks").textContent.includes("Nothing is lost; it goes on when this is mended: 403: token is disabled; <img")`)
	b.Until(`document.querySelector("#sinks").textContent.includes("refused for good31")`)
	b.Until(`document.querySelector("#sinks").textContent.includes("503/9 4×, refused for good: 400/7 31×")`)
	b.Until(`document.querySelector("#sinks").textContent.includes("connection refused 17×, DNS 1×")`)
	b.Until(`document.querySelector("#plots").textContent.includes("median")`)
	b.Until(`document.querySelector("#uptime").textContent === "· running for 3 h 0 min"`)
	b.Until(`document.querySelector("#guests li details[open] summary").textContent === "2 counters and 1 gauge of its own"`)
	b.Until(`document.querySelector("#guests li details[open]").textContent.includes("reads_dropped1,234,567 (0/s)")`)
	b.Until(`/masked[0-9,]+ \([1-9][0-9.]*\/s\)widest_batch0.25$/.test(document.querySelector("#guests li details[open]").textContent)`)
	b.Until(`document.querySelector("#guests li:last-child details:not([open])").textContent.startsWith("64 counters of its own")`)
	b.Do(chromedp.Click(chromedp.CSS("#guests li:last-child summary")))
	b.Until(`document.querySelector("#guests li:last-child details[open] dl").textContent.includes("_631E299")`)
	looks(t, b, "metrics")
	b.Do(chromedp.Click(chromedp.CSS("#guests li:last-child summary")))
	b.Until(`document.querySelector("#letters").textContent.includes("guest audit.wasm: <img")`)
	b.Until(`document.querySelector("#letters-trouble").textContent.includes("no space left on device")`)
	b.Until(`[...document.querySelectorAll(".plot title")].every(t => !t.textContent.includes("nothing yet"))`)

	b.Do(chromedp.Click(chromedp.CSS("#shards-more")))
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 256`)
	b.Do(chromedp.SendKeys(chromedp.CSS("#shards-filter"), "read-only"))
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 5`)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#shards-filter").value = "", document.querySelector("#shards-filter").dispatchEvent(new Event("input"))`))
	b.Do(chromedp.Click(chromedp.CSS(`th[data-sort=name] button`)))
	b.Until(`document.querySelector("#shards-rows tr").textContent.includes("audit 0") && document.querySelector("th[data-sort=name]").ariaSort === "ascending"`)
	b.Do(chromedp.Click(chromedp.CSS(`th[data-sort=lag] button`)), chromedp.Click(chromedp.CSS("#shards-more")))

	watchHostile(t, b, shown)
	if title := admintest.Value[string](b, "document.title"); title != "Not ready · slswasm" {
		t.Errorf("the title is %q", title)
	}
	if n := admintest.Value[int](b, `document.querySelectorAll("main img, main script, footer script").length`); n != 0 {
		t.Error("a text has become elements")
	}
	looks(t, b, "trouble")
	harmless(t, b, server.URL(), "503") // /readyz, which is right
}

// watchHostile lets the tap show a log whose texts want to be more than text.
func watchHostile(t *testing.T, b *admintest.Browser, shown *tap.Tap) {
	t.Helper()
	b.Do(chromedp.Click(chromedp.CSS("#tap-toggle")))
	b.Until(`document.querySelector("#tap-state").textContent.startsWith("Waiting")`)
	log := abi.Log{Time: 1e18, Fields: []abi.Field{
		{Key: []byte("__topic__"), Value: []byte(hostileText)}, {Key: []byte(hostileText), Value: []byte(hostileText)},
		{Key: []byte("event"), Value: []byte(`{"user":{"name":"alice","secret":"` + "hunter2" + `"},"ok":true}`)}, {Key: []byte("note"), Value: []byte("call 0123 456 789 now")},
	}}
	edited := log
	edited.Fields = []abi.Field{log.Fields[0], log.Fields[1],
		{Key: []byte("event"), Value: []byte(`{"user":{"name":"alice","secret":"***"},"ok":true}`)}, {Key: []byte("note"), Value: []byte("call *** now")}, {Key: []byte("risk"), Value: []byte("high")}}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(20 * time.Second); !shown.Watched(); { // the page has said that it will
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("the page does not watch")
		}
	}
	shown.Offer(tap.Batch{Flow: "audit", Source: "prod/audit", Shard: 7, Logs: []abi.Log{log, log, log},
		Events:   []abi.Event{{Log: edited}, {Log: log, Origin: 2}, {Log: edited, Origin: 2}},
		Failures: []tap.Failure{{Origin: 1, Guest: "guests/audit.wasm", Err: abi.FailError(hostileText)}}})
	b.Until(`document.querySelectorAll(".pair").length === 3`)
	b.Until(`document.querySelector('.pair[data-verdict=edited]').textContent.includes("event › user.secret")`)
	b.Until(`document.querySelector('.pair[data-verdict=edited] del').textContent === "0123 456 789" || document.querySelectorAll('.pair[data-verdict=edited] del')[1].textContent === "0123 456 789"`)
	b.Until(`document.querySelector('.pair[data-verdict=failed]').textContent.includes("guest failed the log: <img")`)
	b.Do(chromedp.Click(chromedp.CSS("#tap-toggle")))
	b.Until(`document.querySelector("#tap-toggle").textContent === "Continue"`)
}

// looks checks what can be measured of how the page looks, on both grounds and
// on a phone, and takes pictures.
func looks(t *testing.T, b *admintest.Browser, name string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.Prefer(map[string]string{"prefers-color-scheme": scheme})
		b.Desktop()
		b.Shot(name + "-" + scheme)
		cut(t, b, name)
		pale(t, b, name+" "+scheme)
		b.Phone()
		b.Until("innerWidth <= 390")
		if w := admintest.Value[int](b, "document.documentElement.scrollWidth"); w > 390 {
			t.Errorf("%s, on a phone: %d wide: %s", name, w, admintest.Value[string](b, wide))
		}
		b.Shot(name + "-phone-" + scheme)
		cut(t, b, name+" phone")
		pale(t, b, name+" "+scheme+" phone")
	}
	b.Prefer(nil)
	b.Desktop()
}

// wide names what is wider than the window.
const wide = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className + "#" + e.id).slice(0, 8).join(" ")`

// cut finds fields that are too narrow for what they say is to be typed there.
func cut(t *testing.T, b *admintest.Browser, name string) {
	t.Helper()
	found := admintest.Value[[]string](b, `[...document.querySelectorAll("input[placeholder]")].filter((e) => {
		const style = getComputedStyle(e), pen = document.createElement("canvas").getContext("2d");
		pen.font = style.font;
		return pen.measureText(e.placeholder).width > e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
	}).map((e) => e.placeholder)`)
	if len(found) > 0 {
		t.Errorf("%s: cut off: %q", name, found)
	}
}

// pale finds text whose contrast to its ground is below AA.
func pale(t *testing.T, b *admintest.Browser, name string) {
	t.Helper()
	found := admintest.Value[[]string](b, `(() => {
		const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
		const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
		const parse = (text) => text.match(/[\d.]+/g).map(Number);
		const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.99) return c; } return [255, 255, 255]; };
		const bad = new Set();
		for (const e of document.querySelectorAll("body *")) {
			if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
			const [a, z] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
			const ratio = (a + 0.05) / (z + 0.05);
			if (ratio < 4.5) bad.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 30));
		}
		return [...bad];
	})()`)
	if len(found) > 0 {
		t.Errorf("%s: too pale: %q", name, found)
	}
}

// harmless checks that the browser asked nobody else, and complained of
// nothing but what is expected.
func harmless(t *testing.T, b *admintest.Browser, ours string, expected ...string) {
	t.Helper()
	for host := range b.Hosts() {
		if host != strings.TrimSuffix(ours, "/") {
			t.Errorf("the page asked %s", host)
		}
	}
next:
	for _, c := range b.Complaints() {
		for _, e := range expected {
			if strings.Contains(c, e) {
				continue next
			}
		}
		t.Errorf("the browser complains: %s", c)
	}
}

func TestLoginInABrowser(t *testing.T) {
	b := admintest.Open(t)
	server := open(t, Config{Token: testToken, Version: "v1.2.3"})
	newShow(4).on(server)
	b.Desktop()
	b.Do(chromedp.Navigate(server.URL()))
	b.Do(chromedp.SendKeys(chromedp.CSS("#token"), "not-the-right-one"+kb.Enter))
	b.Until(`document.querySelector("#wrong")?.textContent.startsWith("This is not the token")`)
	looks(t, b, "login")
	b.Do(chromedp.SendKeys(chromedp.CSS("#token"), testToken+kb.Enter))
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 4`)
	b.Until(`document.querySelector("#tap").textContent.includes("The tap is off")`)
	b.Do(chromedp.Click(chromedp.CSS(`header form button`)))
	b.Until(`document.querySelector("#token") !== null`)
	harmless(t, b, server.URL(), "401", "503")
}

// Somebody who looks at old numbers has to know it.
func TestPageSaysThatTheProgramIsGone(t *testing.T) {
	b := admintest.Open(t)
	server, err := Open(Config{Addr: "127.0.0.1:0", Version: "v1.2.3", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b.Desktop()
	b.Do(chromedp.Navigate(server.URL()))
	b.Until(`document.querySelector("#health").textContent === "Starting"`)
	calm := newShow(4)
	server.Show(Program{State: func() any { return calm.state() }})
	b.Until(`document.querySelector("#health").textContent === "Ready"`)
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 4`)
	if err := server.Close(context.Background()); err != nil {
		t.Error(err)
	}
	b.Until(`document.body.classList.contains("stale") && /^No answer since \d\d:\d\d:\d\d\. What is below was true then\.$/.test(document.querySelector("#health").textContent)`)
	pale(t, b, "gone")
	b.Shot("gone")
	again, err := Open(Config{Addr: server.listener.Addr().String(), Version: "v1.2.3", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Skipf("SKIPPED the rest: the port is taken: %v", err)
	}
	defer again.Close(context.Background())
	newShow(5).on(again)
	b.Until(`!document.body.classList.contains("stale") && document.querySelectorAll("#shards-rows tr").length === 5`)
	harmless(t, b, server.URL(), "503", "ERR_")
}
