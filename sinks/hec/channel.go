package hec

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A channel is what a receiver counts acknowledgements by: a UUID of ours,
// and the cookies of a load balancer that keep its requests at one receiver.
// One Send at a time has it. RATIONALE.md says why it is not shared.
type channel struct {
	id      string
	cookies []*http.Cookie
	moved   bool // a cookie has changed: another receiver may answer from here on
	proven  bool // it has brought an acknowledgement
}

// channels are those that wait for the next Send. A channel on which anything
// remained open never comes back here.
type channels struct {
	mu   sync.Mutex
	idle []*channel
	id   string // of the first channel: --hec-channel; then ""
}

// take returns an idle channel, or a new one.
func (c *channels) take() *channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.idle) - 1; last >= 0 {
		ch := c.idle[last]
		c.idle = c.idle[:last]
		return ch
	}
	ch := &channel{id: c.id}
	c.id = ""
	if ch.id == "" {
		ch.id = newUUID()
	}
	return ch
}

func (c *channels) put(ch *channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, ch)
}

// newUUID is a random UUID, version 4 (RFC 9562, section 5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// address puts the channel's header and cookies on a request.
func (c *channel) address(req *http.Request) {
	req.Header.Set("X-Splunk-Request-Channel", c.id)
	for _, cookie := range c.cookies {
		req.AddCookie(cookie)
	}
}

// cookieBytes is what the cookies of a channel may have. A balancer needs one;
// more than this in a request, and servers refuse it.
const cookieBytes = 2048

// notice keeps the cookies of an answer, the latest ones. All requests go to
// one URL, so that of a cookie only its name, its value and its end matter.
func (c *channel) notice(resp *http.Response) {
	for _, cookie := range resp.Cookies() {
		i := slices.IndexFunc(c.cookies, func(old *http.Cookie) bool { return old.Name == cookie.Name })
		over := cookie.MaxAge < 0 || !cookie.Expires.IsZero() && cookie.Expires.Before(time.Now())
		switch {
		case over && i >= 0:
			c.cookies, c.moved = slices.Delete(c.cookies, i, i+1), true
		case over:
		case i < 0:
			c.cookies = append(c.cookies, cookie)
		case c.cookies[i].Value != cookie.Value:
			c.cookies[i], c.moved = cookie, true
		}
	}
	for size(c.cookies) > cookieBytes {
		c.cookies = c.cookies[1:]
	}
}

func size(cookies []*http.Cookie) (n int) {
	for _, c := range cookies {
		n += len(c.Name) + len(c.Value) + len("=; ")
	}
	return n
}
