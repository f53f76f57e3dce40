package slstest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A right that the key lacks is missed before anything is looked up or done,
// and no other one is.
func TestDeny(t *testing.T) {
	s := newServer(t, 1)
	const groups = "/logstores/" + store + "/consumergroups"
	create := probe{method: "POST", uri: groups, body: []byte(`{"consumerGroup":"g","timeout":60}`)}
	beat := probe{method: "POST", uri: groups + "/nobody?consumer=c&type=heartbeat", body: []byte("[]")}
	s.Deny("log:CreateConsumerGroup", "log:ConsumerGroupHeartBeat")
	create.fails(t, s, 401, codeUnauthorized)
	beat.fails(t, s, 401, codeUnauthorized)
	_, _, body := beat.do(t, s)
	if want := "denied by sts or ram, action: log:ConsumerGroupHeartBeat, resource: "; !strings.Contains(string(body), want) ||
		!strings.Contains(string(body), "logstore/"+store+"/consumergroup/nobody") {
		t.Errorf("%s does not say %q and on what", body, want)
	}
	get("0").ok(t, s)
	s.Deny()
	beat.fails(t, s, 404, codeConsumerGroupNotExist)
	create.ok(t, s)
}

func TestEachCallHasAnAction(t *testing.T) {
	for _, r := range routes() {
		if !strings.HasPrefix(actions[r.kind], "log:") {
			t.Errorf("%s: no action", r.kind)
		}
	}
}

func TestDate(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour} {
		cfg := Config{Projects: []Project{{Name: proj}}, Dated: true}
		if ahead > 0 {
			cfg.Now = func() time.Time { return time.Now().Add(ahead) }
		}
		s, err := New(cfg)
		must(t, err)
		defer s.Close()
		must(t, s.Start(""))
		resp, err := s.Client().Get("http://" + s.Addr())
		must(t, err)
		resp.Body.Close()
		date, err := http.ParseTime(resp.Header.Get("Date"))
		must(t, err)
		if off := time.Until(date) - ahead; off.Abs() > time.Minute {
			t.Errorf("%v ahead: Date is %v off", ahead, off)
		}
	}
}
