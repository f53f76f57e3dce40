package shard

import (
	"errors"
	"net/http"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

func (w *world) probe(edit ...func(*Config)) *Probe {
	w.t.Helper()
	cfg := w.config("a")
	for _, f := range edit {
		f(&cfg)
	}
	p, err := NewProbe(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Close)
	return p
}

// A probe finds what there is, and leaves all of it as it was.
func TestProbeChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(0, 3)
	w.split(1)
	for _, exists := range []bool{false, true} {
		p := w.probe()
		if exists {
			if err := w.probe().client.createGroup(t.Context(), sls.ConsumerGroup{ConsumerGroupName: groupID, Timeout: 7, InOrder: true}); err != nil {
				t.Fatal(err)
			}
		}
		open, readonly, err := p.Shards(t.Context())
		if err != nil || len(open) != 3 || len(readonly) != 1 {
			t.Errorf("shards %v and %v: %v", open, readonly, err)
		}
		groups, err := p.Groups(t.Context())
		if want := (GroupSettings{groupID, 7 * time.Second, true}); err != nil || exists != (len(groups) == 1 && groups[0] == want) {
			t.Errorf("groups %v: %v", groups, err)
		}
		if n, err := p.TryPull(t.Context(), 0, "* | where verb = 'get'"); n != 1 || err != nil {
			t.Errorf("pulled %d: %v", n, err)
		}
		if got := Blame(p.Checkpoints(t.Context())); exists != (got == BlameNobody) || !exists != (got == BlameGroup) {
			t.Errorf("checkpoints: %v", got)
		}
		for name, err := range map[string]error{"save": p.TrySave(t.Context()), "create": p.TryCreate(t.Context())} {
			if got := Blame(err); got != BlameCall && got != BlameGroup {
				t.Errorf("%s: %v: %v", name, got, err)
			}
		}
		if !exists {
			if err := p.TryHeartbeat(t.Context()); Blame(err) != BlameGroup {
				t.Errorf("heartbeat: %v", err)
			}
		}
		after, found := w.Group(project, logstore, groupID)
		if groups, err = p.Groups(t.Context()); err != nil || found != exists || exists != (len(groups) == 1) || !exists && len(groups) > 0 {
			t.Errorf("afterwards there are groups %v: %v", groups, err)
		}
		if len(after.Consumers)+len(after.Holders)+len(after.Checkpoints) > 0 {
			t.Errorf("the group is %+v afterwards", after)
		}
	}
}

func TestBlame(t *testing.T) {
	t.Parallel()
	keys := func(id, secret string) func(*Config) {
		return func(c *Config) { c.Credentials = sls.NewStaticCredentialsProvider(id, secret, "") }
	}
	for _, tt := range []struct {
		want  Culprit
		edit  func(*Config)
		fault *slstest.Fault
		deny  string
	}{
		{want: BlameNobody},
		{want: BlameWay, edit: func(c *Config) { c.Endpoint = "http://127.0.0.1:1" }},
		{want: BlameWay, edit: func(c *Config) { c.Endpoint = "https" + c.Endpoint[len("http"):] }},
		{want: BlameWay, fault: &slstest.Fault{Reset: true}},
		{want: BlameService, fault: &slstest.Fault{Status: 503, Code: "ServerBusy"}},
		{want: BlameQuota, fault: &slstest.Fault{Status: 403, Code: "ReadQuotaExceed"}},
		{want: BlameKeyID, edit: keys("x", "y")},
		{want: BlameKeySecret, edit: keys(slstest.DefaultAccessKeyID, "y")},
		{want: BlameToken, edit: func(c *Config) {
			c.Credentials = sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "stale")
		}},
		{want: BlameProvider, edit: func(c *Config) { c.Credentials = &fileCredentials{path: "/nowhere"} }},
		{want: BlamePermission, deny: "log:ListShards"},
		{want: BlameProject, edit: func(c *Config) { c.Project = "other" }},
		{want: BlameLogstore, edit: func(c *Config) { c.Logstore = "other" }},
		{want: BlameQuery, fault: &slstest.Fault{Status: 400, Code: "InvalidQueryString"}},
		{want: BlameCall, fault: &slstest.Fault{Status: 400, Code: "ParameterInvalid"}},
	} {
		w := newWorld(t, 1)
		w.Deny(tt.deny)
		if tt.fault != nil {
			w.Inject(*tt.fault)
		}
		if tt.edit == nil {
			tt.edit = func(*Config) {}
		}
		if _, _, err := w.probe(tt.edit).Shards(t.Context()); Blame(err) != tt.want {
			t.Errorf("%v is blamed, want %v: %v", Blame(err), tt.want, err)
		}
	}
	if got := Blame(errors.New("anything")); got != BlameService {
		t.Error(got)
	}
}

// A proxy that answers in the service's place is not the service.
func TestBlameOfStrangers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Culprit{200: BlameService, 401: BlameService, 403: BlameService, 404: BlameService, 502: BlameService} {
		w := newWorld(t, 1)
		p := w.probe(func(c *Config) {
			c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return answerOf(r, status, "<html>hello</html>"), nil
			})}
		})
		if _, _, err := p.Shards(t.Context()); Blame(err) != want {
			t.Errorf("%d: %v: %v", status, Blame(err), err)
		}
	}
}

// The service's clock is known from its answers, and calls succeed in spite of
// the difference.
func TestProbeTellsTheTime(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-20 * time.Minute, 0, 20 * time.Minute} {
		w := newWorld(t, 1, func(c *slstest.Config) {
			c.Dated, c.Now = true, func() time.Time { return time.Now().Add(ahead) }
		})
		p := w.probe()
		if _, known := p.Ahead(); known {
			t.Error("known before the first answer")
		}
		if _, _, err := p.Shards(t.Context()); err != nil {
			t.Error(err)
		}
		if got, known := p.Ahead(); !known || (got-ahead).Abs() > 10*time.Second {
			t.Errorf("%v ahead, want %v", got, ahead)
		}
	}
}

func TestProbeWay(t *testing.T) {
	t.Parallel()
	w := newSilentWorld(t, 1)
	for endpoint, want := range map[string]string{
		"cn-test.log.example": "proj.cn-test.log.example 80 false", "https://cn-test.log.example": "proj.cn-test.log.example 443 true",
		"http://127.0.0.1:8080": "127.0.0.1 8080 false", "https://[::1]": "::1 443 true",
	} {
		way := w.probe(func(c *Config) { c.Endpoint = endpoint }).Way()
		got := way.Host + " " + way.Port + " false"
		if way.TLS != nil {
			got = way.TLS.ServerName + " " + way.Port + " true"
		}
		if got != want || way.Proxy != nil {
			t.Errorf("%s: %s, proxy %v, want %s", endpoint, got, way.Proxy, want)
		}
	}
}
