package shard

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestJoiningAnExistingGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	existing := sls.ConsumerGroup{ConsumerGroupName: groupID, Timeout: 7, InOrder: true}
	if err := w.sdk().CreateConsumerGroup(project, logstore, existing); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		timeout time.Duration
		order   bool
		warns   []string
	}{
		{0, true, nil},
		{7 * time.Second, true, nil},
		{9 * time.Second, true, []string{"another timeout"}},
		{0, false, []string{"another order"}},
		{9 * time.Second, false, []string{"another timeout", "another order"}},
	} {
		var log strings.Builder
		cfg := w.config("a")
		cfg.Timeout, cfg.Order = c.timeout, c.order
		cfg.Logger = warnings(&log)
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if s.timeout != 7*time.Second {
			t.Errorf("timeout %v: the group's own holds", s.timeout)
		}
		if strings.Count(log.String(), "\n") != len(c.warns) || slices.ContainsFunc(c.warns, func(p string) bool { return !strings.Contains(log.String(), p) }) {
			t.Errorf("timeout %v, order %v: logged %q, not %q", c.timeout, c.order, &log, c.warns)
		}
	}
	if w.Calls(slstest.UpdateConsumerGroup) != 0 {
		t.Error("the group was changed")
	}
}

func TestHeartbeatsFitTheGroupsTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	if err := w.sdk().CreateConsumerGroup(project, logstore, sls.ConsumerGroup{ConsumerGroupName: groupID, Timeout: 3}); err != nil {
		t.Fatal(err)
	}
	cfg := w.config("a")
	cfg.HeartbeatInterval, cfg.Timeout = 20*time.Second, 0
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.cfg.HeartbeatInterval != time.Second {
		t.Errorf("a heartbeat every %v within a timeout of 3 s", s.cfg.HeartbeatInterval)
	}
}

func TestGroupQuotaNamesTheGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for i := range slstest.MaxConsumerGroups {
		g := sls.ConsumerGroup{ConsumerGroupName: "old-" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Timeout: 60}
		if err := w.sdk().CreateConsumerGroup(project, logstore, g); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), w.config("a"))
	if code(err) != codeGroupQuota {
		t.Fatalf("Open returned %v", err)
	}
	for _, part := range []string{"delete a consumer group", "old-aa, old-ab, old-ba", "30"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
}

// Two that create the group at the same moment both join it.
func TestCreationRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	var once atomic.Bool
	cfg := w.config("a")
	cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && once.CompareAndSwap(false, true) {
			if err := w.sdk().CreateConsumerGroup(project, logstore, sls.ConsumerGroup{ConsumerGroupName: groupID, Timeout: 30}); err != nil {
				t.Error(err)
			}
		}
		return w.InProcess().Transport.RoundTrip(r)
	})}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.timeout != 30*time.Second {
		t.Errorf("timeout %v, not that of the one who was first", s.timeout)
	}
}
