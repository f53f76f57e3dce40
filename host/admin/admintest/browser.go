// Package admintest shows pages to a real browser, headless Chromium, and
// keeps an account of what it asked for and complained about. For tests.
package admintest

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is the time for one thing to happen on a page.
const patience = 30 * time.Second

// A Browser is one window. Its methods fail the test.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	requests   []string
	complaints []string
}

// Open starts Chromium, or skips the test where there is none.
func Open(t testing.TB) *Browser {
	t.Helper()
	program := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if program == "" {
			program, _ = exec.LookPath(name)
		}
	}
	if program == "" {
		t.Skip("SKIPPED: the page in a browser: there is no chromium in PATH (Debian: apt-get install chromium)")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
		chromedp.NoSandbox, // it shows our own pages only, and containers have none
		chromedp.UserDataDir(t.TempDir()),
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions", "hide-scrollbars", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	b := &Browser{t: t}
	ctx, cancel := chromedp.NewContext(allocated, chromedp.WithListener(b.note))
	b.ctx = ctx
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the process is gone, which needs its folder
		cancel()
	})
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("%s does not start: %v", program, err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *Browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled: // our pages call none
		b.complaints = append(b.complaints, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// Do carries out actions, each within half a minute.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for i, a := range actions {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		err := chromedp.Do(ctx, a)
		cancel()
		if err != nil {
			b.t.Fatalf("action %d: %v; complaints: %q", i+1, err, b.Complaints())
		}
	}
}

// Until waits until a JavaScript expression is true.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for {
		if Value[bool](b, "!!("+expression+")") {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			b.t.Fatalf("it does not come true: %s; complaints: %q", expression, b.Complaints())
		}
	}
}

// Value returns what a JavaScript expression says.
func Value[T any](b *Browser, expression string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression))
}

func run[T any](b *Browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("%v; complaints: %q", err, b.Complaints())
	}
	return v
}

// Phone makes the window one of 390x844, Desktop one of 1280x900.
func (b *Browser) Phone() {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
}

// Desktop makes the window one of 1280x900.
func (b *Browser) Desktop() { b.t.Helper(); b.Do(chromedp.EmulateViewport(1280, 900)) }

// Prefer sets media features, such as prefers-color-scheme to dark, and takes
// back those that were set before.
func (b *Browser) Prefer(features map[string]string) {
	b.t.Helper()
	var params emulation.SetEmulatedMediaParams
	for name, value := range features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}

// Shot writes a picture of the whole page into the folder that SLSWASM_SHOTS
// names, if it does.
func (b *Browser) Shot(name string) {
	b.t.Helper()
	folder := os.Getenv("SLSWASM_SHOTS")
	if folder == "" {
		return
	}
	b.Until("scrollTo(0, 0), scrollY === 0") // what sticks to the top stays there
	picture := run(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		b.t.Error(err)
	}
}

// Hosts returns the hosts that the browser asked for anything.
func (b *Browser) Hosts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	hosts := map[string]int{}
	for _, r := range b.requests {
		if u, err := url.Parse(r); err != nil || u.Scheme != "about" && u.Scheme != "chrome" {
			hosts[u.Scheme+"://"+u.Host]++
		}
	}
	return hosts
}

// Complaints returns the errors and warnings of the page's console so far.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.complaints...)
}
