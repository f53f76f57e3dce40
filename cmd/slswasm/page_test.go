package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/slswasm/slswasm/host/admin/admintest"
	"github.com/slswasm/slswasm/host/demo"
	"github.com/slswasm/slswasm/host/guest/guesttest"
)

// A liveDemo is slswasm demo --keep, with its page.
type liveDemo struct {
	*exec.Cmd
	url    string
	report bytes.Buffer
	told   chan struct{} // closed when all of its log was read
}

func startDemo(t *testing.T, flags ...string) *liveDemo {
	t.Helper()
	audit := filepath.Join(t.TempDir(), "audit.wasm")
	if err := os.WriteFile(audit, guesttest.BuildSmall(t, "audit"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"demo", "--json", "--keep", "--logs", "1000", "--admin", "127.0.0.1:0", "--transform", audit}, flags...)
	d := &liveDemo{Cmd: exec.CommandContext(t.Context(), "slswasm", args...), told: make(chan struct{})}
	d.Stdout = &d.report
	stderr, err := d.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for d.url == "" && lines.Scan() {
		d.url, _ = strings.CutPrefix(lines.Text(), "the page: ")
		if !strings.HasPrefix(d.url, "http://127.0.0.1:") {
			t.Log(lines.Text())
			d.url = ""
		}
	}
	if d.url == "" {
		t.Fatal("the demo does not say where its page is")
	}
	go func() {
		defer close(d.told)
		for lines.Scan() {
			t.Log(lines.Text())
		}
	}()
	return d
}

// stop ends the demo as Ctrl-C does, and returns its account.
func (d *liveDemo) stop(t *testing.T) (r demo.Report) {
	t.Helper()
	if err := d.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-d.told
	if err := d.Wait(); err != nil {
		t.Errorf("the demo ends with %v", err)
	}
	if err := json.Unmarshal(d.report.Bytes(), &r); err != nil {
		t.Errorf("%v in %q", err, d.report.String())
	}
	return r
}

// What a person sees who opens the page of a demo, and what the page asks for.
func TestPageOfTheDemo(t *testing.T) {
	b := admintest.Open(t)
	d := startDemo(t, "--shards", "6", "--tap")
	b.Desktop()
	b.Do(chromedp.Navigate(d.url))
	b.Until(`document.querySelector("#health").textContent === "Ready"`)
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 6`)
	b.Until(`document.querySelector("#guests").textContent.includes("audit.wasm")`)
	b.Until(`document.querySelector("#sinks .badge").textContent === "delivering"`)

	// Rates are there and move, and so do the plots.
	b.Until(`parseFloat(document.querySelector("#f-in").textContent) > 50`)
	b.Until(`[...document.querySelectorAll("#shards-rows td:nth-child(4)")].some(e => parseFloat(e.textContent) > 1)`)
	b.Do(chromedp.Evaluate[chromedp.Void](`window.line = () => document.querySelector(".plot .line-0").getAttribute("d"); window.first = line(); 0`))
	b.Until(`line() !== first && line().split("L").length > 3`)

	// What Prometheus gets is of the same pipeline.
	scraped := admintest.Value[string](b, `(() => { const r = new XMLHttpRequest(); r.open("GET", "/metrics", false); r.send(); return r.responseText; })()`)
	if !strings.Contains(scraped, `slswasm_shard_lag_seconds{`) || !strings.Contains(scraped, `logstore="demo-audit"`) {
		t.Errorf("/metrics: %.2000s", scraped)
	}

	tapOfTheDemo(t, b)
	keyboard(t, b)
	b.Shot("demo")

	report := d.stop(t)
	if !report.Balanced() || report.Put <= 1000 || report.Duplicates > 0 {
		t.Errorf("the account: %+v", report)
	}
	b.Until(`document.body.classList.contains("stale") && document.querySelector("#health").textContent.startsWith("No answer since")`)
	for host := range b.Hosts() {
		if host+"/" != d.url {
			t.Errorf("the page asked %s", host)
		}
	}
	for _, c := range b.Complaints() {
		if !strings.Contains(c, "503") && !strings.Contains(c, "ERR_") { // while it starts, and after its end
			t.Errorf("the browser complains: %s", c)
		}
	}
}

func tapOfTheDemo(t *testing.T, b *admintest.Browser) {
	t.Helper()
	pairs := func() int { return admintest.Value[int](b, `document.querySelectorAll(".pair").length`) }
	if n := pairs(); n != 0 {
		t.Errorf("%d pairs are shown before anybody asked for them", n)
	}
	b.Do(chromedp.Click(chromedp.CSS("#tap-toggle")))
	b.Until(`document.querySelectorAll(".pair").length > 5`)
	b.Until(`document.querySelector('.pair[data-verdict=edited] tr[data-mark] .mark') !== null`)
	b.Until(`document.querySelector('.pair[data-verdict=dropped]') !== null`)

	b.Do(chromedp.SendKeys(chromedp.CSS("#tap-topic"), "waf_access_log"+kb.Enter))
	b.Until(`document.querySelector(".pair:not([data-topic=waf_access_log])") === null`)
	b.Until(`document.querySelectorAll(".pair").length > 5`)
	if others := admintest.Value[int](b, `document.querySelectorAll('.pair:not([data-topic=waf_access_log])').length`); others > 0 {
		t.Errorf("%d pairs do not fit the filter", others)
	}

	b.Do(chromedp.Click(chromedp.CSS("#tap-toggle")))
	b.Until(`document.querySelector("#tap-toggle").textContent === "Continue"`)
	before := pairs()
	b.Do(chromedp.Evaluate[chromedp.Void](`window.up = document.querySelector("#uptime").textContent; 0`))
	b.Until(`document.querySelector("#uptime").textContent !== up`) // a second or more goes by
	b.Until(`document.querySelector("#uptime").textContent !== up`)
	if n := pairs(); n != before {
		t.Errorf("while it pauses, %d pairs become %d", before, n)
	}
	b.Do(chromedp.Click(chromedp.CSS("#tap-toggle")))
	b.Do(chromedp.Evaluate[chromedp.Void](`window.top1 = document.querySelector(".pair"); 0`))
	b.Until(`document.querySelector(".pair") !== top1`)
}

// keyboard goes through the page without a mouse: what has the focus shows it.
func keyboard(t *testing.T, b *admintest.Browser) {
	t.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); scrollTo(0, 0)`), chromedp.KeyEvent(kb.Escape))
	b.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".skip").focus()`), chromedp.KeyEvent(kb.Enter))
	b.Until(`document.activeElement.id === "shards"`)
	var came []string
	for range 40 {
		b.Do(chromedp.KeyEvent(kb.Tab))
		name := admintest.Value[string](b, `(() => { const e = document.activeElement; return e === document.body ? "" : e.id || e.parentElement.dataset.sort || e.getAttribute("href") || e.tagName; })()`)
		if name == "" {
			break
		}
		came = append(came, name)
		if admintest.Value[string](b, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
			t.Errorf("%s has the focus and does not show it", name)
		}
		if name == "lag" { // sorted by lag, downwards; Enter turns it round
			b.Do(chromedp.KeyEvent(kb.Enter))
			b.Until(`document.querySelector("th[data-sort=lag]").ariaSort === "ascending"`)
		}
	}
	for _, want := range []string{"shards-filter", "name", "lag", "rate", "tap-toggle", "tap-topic", "tap-source", "tap-verdict", "tap-clear", "/metrics"} {
		if !strings.Contains(strings.Join(came, " "), want) {
			t.Errorf("the keyboard does not reach %s: %v", want, came)
		}
	}
}

// 256 shards are of use: the worst first, some of them, and all when asked.
func TestPageOfManyShards(t *testing.T) {
	if testing.Short() {
		t.Skip("256 shards take a while")
	}
	b := admintest.Open(t)
	d := startDemo(t, "--shards", "256")
	b.Desktop()
	b.Do(chromedp.Navigate(d.url))
	b.Until(`document.querySelector("#shards-summary").textContent.startsWith("256 shards")`)
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 16`)
	b.Do(chromedp.Click(chromedp.CSS("#shards-more")))
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 256`)
	b.Do(chromedp.SendKeys(chromedp.CSS("#shards-filter"), "200"))
	b.Until(`document.querySelectorAll("#shards-rows tr").length === 1 && document.querySelector("#shards-rows th").textContent.includes(" 200")`)
	began := time.Now()
	if report := d.stop(t); !report.Balanced() {
		t.Errorf("the account after %v: %+v", time.Since(began), report)
	}
}
