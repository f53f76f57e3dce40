package slstest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Fault is something that goes wrong with some calls. The zero value of a
// field leaves that part alone. The parts happen in the order of the fields;
// a fault that neither fails the call nor cuts the connection only delays it.
type Fault struct {
	Kind  Kind            // of the calls that it is for; "" is all
	When  func(Call) bool // narrows it further; it must not call the Server
	Nth   int             // only the n-th of those calls from now on, from 1
	Every int             // only every n-th of them

	Delay  time.Duration   // wait, or until the request is given up
	Until  <-chan struct{} // wait until it is closed, or the request is given up
	Reset  bool            // cut the connection; nothing was carried out
	Status int             // answer with this error; nothing was carried out
	Code   string          // of the error; "" is InternalServerError

	Lose     bool // carry it out, then cut the connection before the answer
	Truncate bool // carry it out, then cut the connection in the middle of the answer's body
}

// OnShard is a When for one shard.
func OnShard(shard int) func(Call) bool {
	return func(c Call) bool { return c.Shard == shard }
}

type armed struct {
	Fault
	seen int
}

// Inject arms a fault and returns what disarms it. When several match a call
// the one that was armed first happens, and all of them count it.
func (s *Server) Inject(f Fault) (remove func()) {
	a := &armed{Fault: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, a)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(o *armed) bool { return o == a })
	}
}

// fires counts a call and says whether the fault happens to it.
func (a *armed) fires(c Call) bool {
	if a.Kind != "" && a.Kind != c.Kind || a.When != nil && !a.When(c) {
		return false
	}
	a.seen++
	return (a.Nth == 0 || a.seen == a.Nth) && (a.Every == 0 || a.seen%a.Every == 0)
}

// begin counts a call, names it, and looks for its fault. It says no when the
// server is closed.
func (s *Server) begin(c *Call) (id string, fault *Fault, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	id = fmt.Sprintf("%024X", s.serial)
	if s.closed {
		return id, nil, false
	}
	s.wg.Add(1)
	s.calls[c.Kind]++
	c.N = s.calls[c.Kind]
	for _, a := range s.faults {
		if a.fires(*c) && fault == nil {
			fault = &a.Fault
		}
	}
	s.notify()
	return id, fault, true
}

func (s *Server) end() {
	s.mu.Lock()
	s.notify()
	s.mu.Unlock()
	s.wg.Done()
}

// before does what comes before the call is carried out, and says whether it
// still is to be.
func (f *Fault) before(s *Server, w http.ResponseWriter, r *http.Request, c *Call) bool {
	waited := f.wait(r.Context(), s.ctx.Done())
	switch {
	case !waited, f.Reset:
		cut(w)
	case f.Status != 0:
		code := f.Code
		if code == "" {
			code = codeInternal
		}
		s.writeError(w, c, failure(f.Status, code, "an injected fault"))
		return false
	}
	return true
}

// wait says whether the whole delay went by; it ends early when the request is
// given up or the server is closed.
func (f *Fault) wait(ctx context.Context, closed <-chan struct{}) bool {
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return false
		case <-closed:
			return false
		}
	}
	if f.Until != nil {
		select {
		case <-f.Until:
		case <-ctx.Done():
			return false
		case <-closed:
			return false
		}
	}
	return true
}

// after does what comes in place of the answer.
func (f *Fault) after(w http.ResponseWriter, rep *reply) {
	if f.Lose {
		cut(w)
	}
	if f.Truncate && rep != nil && len(rep.body) > 0 {
		for k, v := range rep.header {
			w.Header().Set(k, v)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(rep.body)))
		_, _ = w.Write(rep.body[:len(rep.body)/2]) // it is cut off anyway
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// cut ends a call without an answer: with a TCP reset where there is a TCP
// connection. It does not return; net/http expects this panic.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if c, ok := conn.(*tls.Conn); ok {
			conn = c.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // Close sends a reset
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}
