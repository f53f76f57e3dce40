package sinktest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// SyslogOptions say what a SyslogReceiver listens to and how it behaves.
type SyslogOptions struct {
	Network string        // "tcp" (the default), "tls", "udp", "relp" or "relp+tls"
	Addr    string        // default 127.0.0.1:0
	Framing SyslogFraming // of tcp and tls
	RFC3164 bool          // the grammar of the messages; default RFC 5424
	TLS     *tls.Config   // of tls and relp+tls

	// OnMessage, when not nil, is given each message instead of Messages:
	// one at a time, a view that is valid until it returns.
	OnMessage func(*SyslogMessage)

	// Fault, when not nil, says how the connection of this number (from 0)
	// fails. It is called from several goroutines.
	Fault func(conn int) SyslogFault

	// Refuse, when not nil, says which messages SyslogRefuse is about. It is
	// called from several goroutines.
	Refuse func(message []byte) bool
}

// A SyslogFault is how a connection fails: Do, once After messages were read.
type SyslogFault struct {
	Do    SyslogAction
	After int
}

// A SyslogAction is what a receiver may do to its sender.
type SyslogAction int

// The actions of a receiver.
const (
	SyslogServe     SyslogAction = iota // read to the end, then close: no fault
	SyslogClose                         // close in the middle
	SyslogReset                         // close with a RST
	SyslogFreeze                        // read no more, keep the connection open
	SyslogNeverDone                     // read to the end and do not close
	SyslogTrickle                       // read no more, write a byte at a time that tells nothing

	// Of RELP only.
	SyslogNoAck       // read on and acknowledge no more
	SyslogLastFirst   // acknowledge what came together late, the last one first
	SyslogRefuse      // answer 500 from then on
	SyslogServerClose // say serverclose after message After, and close
	SyslogForget      // read on, keep and acknowledge no more, then reset: a crash
)

// A SyslogReceiver is a syslog server on a real socket. It reads strictly:
// what RFC 5424 (or 3164) and RFC 6587 do not allow ends the connection and
// is an error of the receiver.
type SyslogReceiver struct {
	opt      SyslogOptions
	listener net.Listener   // of tcp and tls
	packets  net.PacketConn // of udp
	stopping chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	open     map[net.Conn]struct{}
	conns    int // accepted so far
	count    int
	torn     int
	messages []SyslogMessage
	errs     []error
	waiting  []waiter
}

type waiter struct {
	count int
	done  chan struct{}
}

// StartSyslog starts a receiver; Close ends it.
func StartSyslog(opt SyslogOptions) (*SyslogReceiver, error) {
	if opt.Addr == "" {
		opt.Addr = "127.0.0.1:0"
	}
	r := &SyslogReceiver{opt: opt, stopping: make(chan struct{}), open: map[net.Conn]struct{}{}}
	var err error
	switch opt.Network {
	case "udp":
		r.packets, err = net.ListenPacket("udp", opt.Addr)
	case "tcp", "", "tls", "relp", "relp+tls":
		r.listener, err = net.Listen("tcp", opt.Addr)
	default:
		err = fmt.Errorf("unknown network %q", opt.Network)
	}
	if err != nil {
		return nil, fmt.Errorf("start syslog receiver: %w", err)
	}
	if r.packets != nil {
		if c, ok := r.packets.(*net.UDPConn); ok {
			_ = c.SetReadBuffer(8 << 20) // as much as the kernel allows
		}
		r.running.Go(r.receive)
	} else {
		r.running.Go(r.accept)
	}
	return r, nil
}

// Host is the address that the receiver listens on, without the port.
func (r *SyslogReceiver) Host() string {
	host, _, _ := net.SplitHostPort(r.addr().String())
	return host
}

// Port is the port that the receiver listens on.
func (r *SyslogReceiver) Port() int {
	switch a := r.addr().(type) {
	case *net.TCPAddr:
		return a.Port
	case *net.UDPAddr:
		return a.Port
	}
	return 0
}

func (r *SyslogReceiver) addr() net.Addr {
	if r.packets != nil {
		return r.packets.LocalAddr()
	}
	return r.listener.Addr()
}

// Messages returns what has been received, in order of arrival; nothing when
// OnMessage takes the messages.
func (r *SyslogReceiver) Messages() []SyslogMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]SyslogMessage(nil), r.messages...)
}

// Count is how many messages have been received.
func (r *SyslogReceiver) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Conns is how many connections have been accepted.
func (r *SyslogReceiver) Conns() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns
}

// Torn is how many connections ended in the middle of a message.
func (r *SyslogReceiver) Torn() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.torn
}

// Err returns what the senders did against the protocol.
func (r *SyslogReceiver) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// Wait returns when count messages have been received, or with ctx's error.
func (r *SyslogReceiver) Wait(ctx context.Context, count int) error {
	w := waiter{count, make(chan struct{})}
	r.mu.Lock()
	if r.count >= count {
		r.mu.Unlock()
		return nil
	}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d of %d messages received: %w", r.Count(), count, ctx.Err())
	}
}

// Close ends all connections and waits for their goroutines. What had not
// been read is lost, and its sender is told so by a RST.
func (r *SyslogReceiver) Close() error {
	r.mu.Lock()
	select {
	case <-r.stopping:
		r.mu.Unlock()
		return nil
	default:
	}
	for c := range r.open {
		unread(c)
		_ = c.Close()
	}
	close(r.stopping) // not sooner: whoever waits for it closes its connection
	r.mu.Unlock()
	var err error
	if r.packets != nil {
		err = r.packets.Close()
	} else {
		err = r.listener.Close()
	}
	r.running.Wait()
	return err
}

func (r *SyslogReceiver) receive() {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := r.packets.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		if err := r.message(buf[:n]); err != nil {
			r.fault(err)
		}
	}
}

func (r *SyslogReceiver) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		number, ok := r.track(c)
		if !ok {
			_ = c.Close()
			return
		}
		r.running.Go(func() {
			defer r.untrack(c)
			r.serve(c, number)
		})
	}
}

func (r *SyslogReceiver) track(c net.Conn) (number int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.stopping:
		return 0, false
	default:
	}
	r.open[c] = struct{}{}
	r.conns++
	return r.conns - 1, true
}

func (r *SyslogReceiver) untrack(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c)
	_ = c.Close()
}

func (r *SyslogReceiver) serve(raw net.Conn, number int) {
	var fault SyslogFault
	if r.opt.Fault != nil {
		fault = r.opt.Fault(number)
	}
	c := raw
	if strings.HasSuffix(r.opt.Network, "tls") {
		c = tls.Server(raw, r.opt.TLS)
	}
	serve := r.read
	if strings.HasPrefix(r.opt.Network, "relp") {
		serve = r.serveRELP
	}
	if serve(c, fault) {
		r.act(raw, fault.Do)
	}
	// A TLS connection says good-bye first.
	_ = c.Close()
}

// read passes the messages on until the fault's turn comes, or the end. It
// returns whether the fault is to be acted on.
func (r *SyslogReceiver) read(c net.Conn, fault SyslogFault) bool {
	in := newFrames(c, r.opt.Framing)
	for n := 0; ; n++ {
		if fault.strikes(n) {
			return true
		}
		b, err := in.next()
		if err == nil {
			err = r.message(b)
		}
		if err != nil {
			r.fault(err)
			return fault.Do == SyslogNeverDone && errors.Is(err, io.EOF)
		}
	}
}

// unread makes the end of a connection a RST: the kernel takes what is in our
// own buffer for read, and would end it as if all had been.
func unread(c net.Conn) {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

func (r *SyslogReceiver) act(raw net.Conn, action SyslogAction) {
	switch action {
	case SyslogReset, SyslogForget:
		unread(raw)
		_ = raw.Close()
	case SyslogFreeze, SyslogNeverDone:
		<-r.stopping
	case SyslogTrickle:
		r.trickle(raw)
	}
}

// trickle writes what looks like the begin of something long: an answer of
// RELP, or a TLS record.
func (r *SyslogReceiver) trickle(raw net.Conn) {
	begin := "\x16\x03\x03\x3f\xff"
	if r.opt.Network == "relp" {
		begin = "1 rsp 60000 200 "
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		b := []byte{'x'}
		if i < len(begin) {
			b[0] = begin[i]
		}
		if _, err := raw.Write(b); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.stopping:
			return
		}
	}
}

// fault notes what ended a connection, when that is the sender's doing.
func (r *SyslogReceiver) fault(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.torn++
	case errors.Is(err, errProtocol) && len(r.errs) < 10: // enough to see what is wrong
		r.errs = append(r.errs, err)
	}
}

func (r *SyslogReceiver) message(b []byte) error {
	parse := ParseRFC5424
	if r.opt.RFC3164 {
		parse = ParseRFC3164
	}
	m, err := parse(b)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opt.OnMessage != nil {
		r.opt.OnMessage(&m)
	} else {
		r.messages = append(r.messages, m.Clone())
	}
	r.count++
	r.waiting = settle(r.waiting, r.count)
	return nil
}

// settle ends the waits that count has reached and returns the others.
func settle(waiting []waiter, count int) []waiter {
	rest := waiting[:0]
	for _, w := range waiting {
		if count >= w.count {
			close(w.done)
		} else {
			rest = append(rest, w)
		}
	}
	return rest
}
