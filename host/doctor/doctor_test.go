package doctor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// Where all is well each line says so, and nothing anywhere has changed.
func TestWell(t *testing.T) {
	t.Parallel()
	for _, exists := range []bool{false, true} {
		w := newWorld(t)
		if exists {
			w.group(60)
		}
		g := slstest.Group{Logs: []slstest.Log{{Time: 1, Contents: []slstest.KV{{Key: "verb", Value: "get"}}}}}
		w.must(w.serve().Put(project, logstore, 0, g.Marshal()))
		lines := w.ask()
		var checks []string
		for _, l := range lines {
			checks = append(checks, l.Check)
			if l.Status != OK && (l.Check != mayBeat || !exists) || l.Found == "" {
				t.Errorf("%+v", l)
			}
			keepsSecrets(t, l)
		}
		for _, want := range []string{checkCert, checkClock, mayPull, checkQuery, checkConfig, "acknowledgement", "session", checkFiles} {
			if !slices.Contains(checks, want) {
				t.Errorf("%s was not looked at: %q", want, checks)
			}
		}
		state, found := w.server.Group(project, logstore, group)
		if found != exists || len(state.Consumers)+len(state.Holders)+len(state.Checkpoints) > 0 {
			t.Errorf("group %+v, %v", state, found)
		}
		left, err := os.ReadDir(w.dir)
		w.must(err)
		if w.collector.Count() > 0 || len(w.receiver.Messages()) > 0 || len(left) > 0 {
			t.Errorf("left: %d events, %d messages, files %v", w.collector.Count(), len(w.receiver.Messages()), left)
		}
	}
}

// A server may say what it was told, in whichever form: no line repeats it.
func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	echo := &sinktest.HECAnswer{Status: 400, Body: "you said " + hecToken + " \x1b[31m"}
	w.hecOpts.Answer = func(int) *sinktest.HECAnswer { return echo }
	w.front = nil
	w.source.Endpoint = strings.Replace(w.listen(w.serve()), "https", "http", 1)
	w.source.HTTPClient = &http.Client{Transport: answering(`{"errorCode":"ParameterInvalid","errorMessage":"` +
		strings.Join([]string{"hush", keySecret, stsToken, "K3y-Secret%2F%2B%3D+of+%25this%25+test"}, " ") + `"}`)}
	w.cfg.Settings = []error{errors.New("--x: " + keySecret + "\n--y: " + hecToken)}
	shown := 0
	for _, l := range w.ask() {
		keepsSecrets(t, l)
		if strings.Contains(l.Found, "K3y-Secret") || strings.ContainsRune(l.Found, 0x1b) {
			t.Errorf("%+v", l)
		}
		if strings.Contains(l.Found, "***") {
			shown++
		}
	}
	if shown < 4 {
		t.Errorf("only %d lines had something to hide: the test does not test", shown)
	}
}

type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 400, Header: http.Header{"X-Log-Requestid": {"1"}}, Request: r, Body: io.NopCloser(strings.NewReader(string(a))),
	}, nil
}

// What is asked to stop stops, and blames nobody.
func TestStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := make(chan struct{})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	w.serve().Inject(slstest.Fault{Kind: slstest.ListShards, Until: release, When: func(slstest.Call) bool { cancel(); return true }})
	w.source.Endpoint = w.listen(w.server)
	w.cfg.Host.Flows = []host.Flow{{Sources: []shard.Config{w.source}}}
	Run(ctx, w.cfg, func(l Line) {
		if l.Status == Failed || l.Status == Warning {
			t.Errorf("%+v", l)
		}
	})
}

// One endpoint of several that is down is a culprit of its own.
func TestEndpointsOfOneSink(t *testing.T) {
	t.Parallel()
	several := sinks.NewFailover([]sinks.Endpoint{{Name: "a", Sink: plain{}}, {Name: "b", Sink: plain{errors.New("down")}}},
		sinks.First, sinks.RetryConfig{}, quiet())
	cfg := Config{Host: host.Config{Sinks: []host.NamedSink{{Name: "siem", Sink: several}}}}
	var got []string
	Run(t.Context(), cfg, func(l Line) {
		if strings.HasPrefix(l.Subject, "sink") {
			got = append(got, l.Subject+" "+string(l.Status))
		}
	})
	if want := []string{"sink siem a ok", "sink siem b failed"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// plain is a sink that can do no more than it must.
type plain struct{ err error }

func (p plain) Check(context.Context) error { return p.err }

func (plain) Send(context.Context, []abi.Event) (int, error) { panic("nothing is sent") }

func (plain) Close() error { return nil }

// A logstore with more groups than usual has another limit.
func TestRaisedQuota(t *testing.T) {
	t.Parallel()
	s := &source{cfg: shard.Config{Group: group}, groups: make([]shard.GroupSettings, mostGroups)}
	if f := s.group(t.Context()); f.status != Failed {
		t.Errorf("%+v", f)
	}
	s.groups = append(s.groups, shard.GroupSettings{Name: "one more"})
	if f := s.group(t.Context()); f.status != Warning {
		t.Errorf("%+v", f)
	}
	s.groups = append(s.groups, shard.GroupSettings{Name: group, Timeout: time.Minute})
	if f := s.group(t.Context()); f.status != OK {
		t.Errorf("%+v", f)
	}
}

// A source with settings that cannot be is a failure like any other.
func TestSourceWithoutSettings(t *testing.T) {
	t.Parallel()
	cfg := Config{Host: host.Config{Flows: []host.Flow{{Sources: []shard.Config{{
		Project: "p", Logstore: "l", Credentials: sls.NewStaticCredentialsProvider("a", "b", ""),
	}}}}}}
	var got []Line
	Run(t.Context(), cfg, func(l Line) { got = append(got, l) })
	if len(got) != 2 || got[0].Status != Failed || !strings.Contains(got[0].Found, "--endpoint is missing") {
		t.Errorf("%+v", got)
	}
}

func TestProxyIsWhereItGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hec.Proxy = "http://me:" + hecToken + "@127.0.0.1:1"
	for _, l := range w.ask() {
		keepsSecrets(t, l)
		if strings.HasPrefix(l.Subject, "sink splunk") && l.Check == checkConn &&
			(l.Status != Failed || !strings.Contains(l.Found, "the proxy 127.0.0.1:1") || !strings.Contains(l.Remedy, "--hec-proxy")) {
			t.Errorf("%+v", l)
		}
	}
}
