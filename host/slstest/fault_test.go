package slstest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func get(shard string) probe {
	return probe{method: "GET", uri: shardsURI + "/" + shard + "?type=cursor&from=begin"}
}

func TestFaultsPickTheirCalls(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault Fault
		want  string // of nine calls on shards 0, 1, 0, 1...: which fail
	}{
		{"all", Fault{}, "111111111"},
		{"of the kind", Fault{Kind: GetCursor}, "111111111"},
		{"of another kind", Fault{Kind: PullLogs}, "000000000"},
		{"on a shard", Fault{When: OnShard(1)}, "010101010"},
		{"third", Fault{Nth: 3}, "001000000"},
		{"every third", Fault{Every: 3}, "001001001"},
		{"second on a shard", Fault{When: OnShard(1), Nth: 2}, "000100000"},
		{"numbered", Fault{When: func(c Call) bool { return c.N > 7 }}, "000000011"},
	} {
		s := newServer(t, 2)
		tt.fault.Status = 503
		remove := s.Inject(tt.fault)
		got := ""
		for i := range 9 {
			status, code, _ := get(string(rune('0'+i%2))).do(t, s)
			if status == 503 && code == codeInternal {
				got += "1"
			} else {
				got += "0"
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		remove()
		get("0").ok(t, s)
		if n := s.Calls(GetCursor); n != 10 {
			t.Errorf("%s: %d calls counted", tt.name, n)
		}
	}
}

func TestFirstFaultWins(t *testing.T) {
	s := newServer(t, 1)
	s.Inject(Fault{Nth: 1, Status: 403, Code: "ReadQuotaExceed"})
	s.Inject(Fault{Nth: 2, Status: 500})
	get("0").fails(t, s, 403, "ReadQuotaExceed")
	get("0").fails(t, s, 500, codeInternal) // it counted the first call too
	get("0").ok(t, s)
}

// Each fault of the connection, over a socket and in-process.
func TestCutConnections(t *testing.T) {
	s := listening(t, 1)
	c := s.Client()
	raw := group(1, "k", "v")
	put := func(client *http.Client) error {
		resp, err := client.Do(putProbe("", len(raw), raw).request(t, s))
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	remove := s.Inject(Fault{Kind: PutLogs, Reset: true})
	err := put(c)
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("reset: %v", err)
	}
	if err := put(s.InProcess()); !errors.Is(err, ErrCut) {
		t.Errorf("reset in-process: %v", err)
	}
	if n := s.Logs(proj, store); n != 0 {
		t.Errorf("%d logs arrived through a reset", n)
	}
	remove()
	remove = s.Inject(Fault{Kind: PutLogs, Lose: true})
	if err := put(c); err == nil {
		t.Error("lost answer: no error")
	}
	if err := put(s.InProcess()); !errors.Is(err, ErrCut) {
		t.Errorf("lost answer in-process: %v", err)
	}
	if n := s.Logs(proj, store); n != 2 {
		t.Errorf("%d logs arrived, want 2 whose answers were lost", n)
	}
	remove()
	s.Inject(Fault{Kind: PullLogs, Truncate: true})
	for _, client := range []*http.Client{c, s.InProcess()} {
		resp, err := client.Do(pull(0, s.Shards(proj, store)[0].Begin, "").request(t, s))
		must(t, err)
		b, err := io.ReadAll(resp.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(b)) >= resp.ContentLength {
			t.Errorf("truncated: %d of %d bytes, %v", len(b), resp.ContentLength, err)
		}
		_ = resp.Body.Close()
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, 1)
		remove := s.Inject(Fault{Delay: time.Hour})
		start := time.Now()
		// The probe's own date is an hour old by the time it is looked at.
		get("0").fails(t, s, 400, codeTimeTooSkewed)
		if d := time.Since(start); d != time.Hour {
			t.Errorf("took %s", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		if _, err := s.InProcess().Do(get("0").request(t, s).WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if d := time.Since(start); d != time.Minute {
			t.Errorf("took %s", d)
		}
		remove()

		gate := make(chan struct{})
		s.Inject(Fault{Kind: GetCursor, Until: gate})
		done := make(chan struct{})
		go func() {
			defer close(done)
			get("0").ok(t, s)
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("the call did not wait")
		default:
		}
		close(gate)
		<-done
	})
}

func TestCloseEndsDelays(t *testing.T) {
	s := listening(t, 1)
	s.Inject(Fault{Delay: time.Hour})
	failed := make(chan error, 2)
	for _, c := range []*http.Client{s.Client(), s.InProcess()} {
		r := get("0").request(t, s)
		go func() {
			_, err := c.Do(r)
			failed <- err
		}()
	}
	must(t, s.Await(t.Context(), func() bool { return s.Calls(GetCursor) == 2 }))
	must(t, s.Close())
	for range 2 {
		if err := <-failed; err == nil {
			t.Error("a call outlived the server")
		}
	}
	if status, code, _ := get("0").do(t, s); status != 503 || code != codeServerBusy {
		t.Errorf("after Close: %d %s", status, code)
	}
}

func TestAwait(t *testing.T) {
	s := newServer(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 2)
	go func() { waited <- s.Await(ctx, func() bool { return s.Logs(proj, store) == 3 }) }()
	for range 3 {
		must(t, s.Put(proj, store, 0, group(1, "k", "v")))
	}
	must(t, <-waited)
	go func() { waited <- s.Await(ctx, func() bool { return false }) }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	s := newServer(t, 1)
	for _, tt := range []struct {
		p    probe
		want string
	}{
		{probe{method: "GET", uri: "/logstores/nowhere/shards"}, `logstore \"nowhere\" does not exist`},
		{pull(0, "x", ""), `cursor \"x\" is not base64`},
		{get("7"), "shard 7 does not exist"},
	} {
		if _, _, body := tt.p.do(t, s); !strings.Contains(string(body), tt.want) {
			t.Errorf("%s, want %s", body, tt.want)
		}
	}
}
