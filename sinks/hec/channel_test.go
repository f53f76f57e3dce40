package hec

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestUUID(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := newUUID()
		if !uuid.MatchString(id) || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Errorf("%s is no UUID of version 4", id)
		}
		seen[id] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 are different", len(seen))
	}
}

// Sends at the same time have a channel each, and later ones use them again.
func TestChannelsAreUsedAgain(t *testing.T) {
	const senders = 4
	s, r := startAcks(t, sinktest.HECOptions{Answer: together(senders)})
	for range 3 {
		sendAtOnce(t, s, senders, 2)
	}
	if r.Channels() != senders {
		t.Errorf("%d channels, want %d", r.Channels(), senders)
	}
}

// A load balancer's cookie keeps the requests at one receiver. When it
// changes, what is open is sent again at once, on a new channel.
func TestCookieChanges(t *testing.T) {
	for _, when := range []string{"poll", "post"} {
		t.Run(when, func(t *testing.T) {
			var node atomic.Int32
			var receiver atomic.Pointer[sinktest.HECReceiver]
			moveAt := func(name string, at int) func(int) *sinktest.HECAnswer {
				return func(n int) *sinktest.HECAnswer {
					if name == when && n == at {
						node.Add(1)
						receiver.Load().Move()
					}
					return nil
				}
			}
			s, r := startAcks(t, sinktest.HECOptions{Answer: moveAt("post", 1), Acks: sinktest.HECAcks{
				After: 3, Answer: moveAt("poll", 1), Cookie: func() string { return fmt.Sprint(node.Load()) },
			}})
			receiver.Store(r)
			n, err := s.Send(t.Context(), numbered(4))
			if n != 0 || !isRetry(err) || !strings.Contains(err.Error(), "cookie changed") {
				t.Fatalf("%d, %v", n, err)
			}
			got, _ := deliver(t, s, r, numbered(4))
			if got.stats != plainly.stats {
				t.Errorf("got %+v", got)
			}
			if all := channelsOf(r); len(all) != 2 {
				t.Errorf("sent on the channels %v, want two", all)
			}
			requests := r.Requests()
			if c := requests[len(requests)-1].Header.Get("Cookie"); c != "receiver=1" {
				t.Errorf("the last request's cookie is %q", c)
			}
		})
	}
}

// Between Sends nothing is open: another receiver is as good.
func TestCookieChangesBetweenSends(t *testing.T) {
	var node atomic.Int32
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{Cookie: func() string { return fmt.Sprint(node.Load()) }}})
	for range 5 {
		if n, err := s.Send(t.Context(), numbered(3)); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		node.Add(1)
		r.Move()
	}
	if r.Count() != 15 {
		t.Errorf("%d arrived, want 15", r.Count())
	}
}

// Some load balancers change their cookie with every answer. That is found
// out, and costs a few repeats and not each Send.
func TestCookieChangesAllTheTime(t *testing.T) {
	var n atomic.Int32
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{After: 1, Cookie: func() string { return fmt.Sprint(n.Add(1)) }}})
	got, _ := deliver(t, s, r, numbered(2))
	if got.stats.Delivered != 2 || got.stats.Retries != mostMoves {
		t.Errorf("got %+v", got)
	}
	if got, _ = deliver(t, s, r, numbered(2)); got.stats.Delivered != 2 || got.stats.Retries != 0 {
		t.Errorf("and then %+v", got)
	}
}

// What a balancer sets is kept, but not for ever and not all of it.
func TestCookiesAreBounded(t *testing.T) {
	c := &channel{}
	set := func(text string) {
		c.notice(&http.Response{Header: http.Header{"Set-Cookie": {text}}})
	}
	for i := range 1000 {
		set(fmt.Sprintf("c%d=%s", i, strings.Repeat("x", 100)))
	}
	set("route=a")
	if n := size(c.cookies); n > cookieBytes || c.cookies[len(c.cookies)-1].Value != "a" {
		t.Errorf("%d bytes of cookies", n)
	}
	c.moved = false
	set("route=; Max-Age=0")
	if i := slices.IndexFunc(c.cookies, func(k *http.Cookie) bool { return k.Name == "route" }); i >= 0 || !c.moved {
		t.Errorf("a cookie that is over is kept; moved: %v", c.moved)
	}
	set("gone=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	set("vast=" + strings.Repeat("x", 4000))
	if n := size(c.cookies); n > cookieBytes {
		t.Errorf("%d bytes of cookies", n)
	}
}
