// Package relp is the sending side of RELP, the Reliable Event Logging
// Protocol, in which the receiver acknowledges each message: its frames, the
// offers of an open, syslog commands within a window, responses, hints and the
// close. The source is the specification that comes with librelp (relp.html,
// protocol version 0/1).
//
// A message is bytes here: what is in it, the dialling, TLS and what becomes of
// a message without an acknowledgement belong to who uses a Session.
package relp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Commands of the protocol.
const (
	cmdOpen        = "open"
	cmdSyslog      = "syslog"
	cmdClose       = "close"
	cmdRsp         = "rsp"
	cmdServerClose = "serverclose"

	codeOK = 200
)

const (
	// chunk is how much is written at once, and within one timeout.
	chunk = 64 << 10
	// parting is how long a Close waits for its answer.
	parting = time.Second
	// grace is how long after a failed write answers are read that the
	// receiver had sent before: each is an event less to send again.
	grace = 100 * time.Millisecond
)

// Conn is the connection of a Session. Its Close must not block.
type Conn interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Config says how a Session behaves. Every value must be set.
type Config struct {
	Software string        // of the offer: name and version of the program
	Window   int           // messages without an answer
	Timeout  time.Duration // of a write of 64 KiB, and of a wait without any answer
}

var (
	// ErrTimeout is in the error of a receiver that reads or answers nothing
	// for the Timeout.
	ErrTimeout = errors.New("no RELP answer in time")
	// ErrServerClose is in the error of a receiver that says it goes away.
	ErrServerClose = errors.New("the receiver closes the session (serverclose)")
)

// Refused is a receiver's answer other than 200.
type Refused struct {
	Command string // what it refused: open, syslog
	Code    int
	Text    string // the receiver's
}

func (e *Refused) Error() string {
	return fmt.Sprintf("the receiver answers %d %q to %s", e.Code, e.Text, e.Command)
}

// A Session is one RELP session on one connection. It has a goroutine that
// reads, which ends with the connection; Close or Abort waits for it. Send is for
// one goroutine at a time.
type Session struct {
	conn Conn
	cfg  Config
	out  []byte // frames that are not written yet

	mu       sync.Mutex
	pending  pending
	complete int           // messages of this Send that are acknowledged, without a gap
	moved    chan struct{} // has a value after each answer

	ended chan struct{} // closed when the reader is done
	why   error         // what the reader ended with; read after ended
}

// Open opens a session on conn, which it owns from then on, also when it
// fails. A receiver that does not take syslog messages is ErrProtocol.
func Open(conn Conn, cfg Config) (*Session, error) {
	in, err := open(conn, cfg)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("RELP open: %w", err)
	}
	s := &Session{
		conn: conn, cfg: cfg,
		pending: newPending(2, cfg.Window),
		moved:   make(chan struct{}, 1),
		ended:   make(chan struct{}),
	}
	go s.read(in)
	return s, nil
}

func open(conn Conn, cfg Config) (*reader, error) {
	// The answer has the time of the offer: a peer that trickles gets no more.
	end := time.Now().Add(cfg.Timeout)
	if err := errors.Join(conn.SetWriteDeadline(end), conn.SetReadDeadline(end)); err != nil {
		return nil, err
	}
	offer := "relp_version=0\nrelp_software=" + cfg.Software + "\ncommands=" + cmdSyslog
	if _, err := conn.Write(appendFrame(nil, 1, cmdOpen, []byte(offer))); err != nil {
		return nil, timedOut(err)
	}
	in := newReader(conn)
	f, err := in.Next()
	if err != nil {
		return nil, timedOut(err)
	}
	if f.Command == cmdServerClose {
		return nil, ErrServerClose
	}
	if f.Command != cmdRsp || f.TxNr != 1 {
		return nil, fmt.Errorf("%w: answer %d %s to transaction 1", ErrProtocol, f.TxNr, f.Command)
	}
	rsp, err := parseResponse(f.Data)
	if err != nil {
		return nil, err
	}
	if rsp.code != codeOK {
		return nil, &Refused{cmdOpen, rsp.code, string(rsp.text)}
	}
	if err := takesSyslog(string(rsp.data)); err != nil {
		return nil, err
	}
	return in, conn.SetReadDeadline(time.Time{})
}

// takesSyslog looks at the receiver's offers, one NAME=VALUE a line.
func takesSyslog(offers string) error {
	for line := range strings.Lines(offers) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		switch name {
		case "relp_version":
			if value != "0" && value != "1" {
				return fmt.Errorf("%w of version 0 or 1: the receiver offers %.20q", ErrProtocol, value)
			}
		case "commands":
			for command := range strings.SplitSeq(value, ",") {
				if command == cmdSyslog {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("%w for syslog: the receiver offers %.200q", ErrProtocol, offers)
}

// Lost returns why the session cannot be used any more, as far as its reader
// knows by now.
func (s *Session) Lost() error {
	select {
	case <-s.ended:
		return s.why
	default:
		return nil
	}
}

// Send sends n messages, message(0) first, with at most Config.Window of them
// waiting for their answer. What message returns is copied. It returns how many
// were acknowledged, without a gap from the first on; the receiver may have
// more. After an error the session is over.
func (s *Session) Send(n int, message func(i int) []byte) (acknowledged int, err error) {
	s.mu.Lock()
	s.complete = 0
	s.mu.Unlock()
	err = s.send(n, message)
	if err != nil {
		err = s.fail(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.complete, err
}

func (s *Session) send(n int, message func(i int) []byte) error {
	for i := range n {
		if s.waiting() >= s.cfg.Window {
			// Until there is room for some, so that they share a write.
			if err := s.wait(s.cfg.Window / 2); err != nil {
				return err
			}
		}
		if err := s.command(cmdSyslog, message(i)); err != nil {
			return err
		}
	}
	return s.wait(0)
}

// command begins a transaction.
func (s *Session) command(name string, data []byte) error {
	s.mu.Lock()
	txnr := s.pending.add()
	s.mu.Unlock()
	s.out = appendFrame(s.out, txnr, name, data)
	if len(s.out) < chunk {
		return nil
	}
	return s.flush()
}

func (s *Session) flush() error {
	for b := s.out; len(b) > 0; {
		if err := s.Lost(); err != nil {
			return err
		}
		if err := s.conn.SetWriteDeadline(time.Now().Add(s.cfg.Timeout)); err != nil {
			return err
		}
		part := b[:min(len(b), chunk)]
		if _, err := s.conn.Write(part); err != nil {
			return timedOut(err)
		}
		b = b[len(part):]
	}
	s.out = s.out[:0]
	if cap(s.out) > 4*chunk { // one giant message
		s.out = nil
	}
	return nil
}

func (s *Session) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending.n
}

// wait writes what is left and waits until at most so many transactions have
// no answer. Whole answers alone prolong it, not their bytes.
func (s *Session) wait(most int) error {
	if err := s.flush(); err != nil {
		return err
	}
	timer := time.NewTimer(s.cfg.Timeout)
	defer timer.Stop()
	for s.waiting() > most {
		select {
		case <-s.moved:
			timer.Reset(s.cfg.Timeout)
		case <-s.ended:
			return s.why
		case <-timer.C:
			return fmt.Errorf("%w: %d messages wait", ErrTimeout, s.waiting())
		}
	}
	return nil
}

// fail ends the session for err, and returns what was its cause.
func (s *Session) fail(err error) error {
	if errors.Is(err, ErrTimeout) || s.conn.SetReadDeadline(time.Now().Add(grace)) != nil {
		_ = s.conn.Close()
	}
	<-s.ended
	s.Abort()
	if errors.Is(s.why, os.ErrDeadlineExceeded) || errors.Is(s.why, net.ErrClosed) || errors.Is(s.why, io.ErrClosedPipe) {
		return err
	}
	return s.why // an answer, an alert: it says more than a broken pipe
}

// Close says good-bye, waits a second at most for the answer, and ends the
// connection. No Send may be under way.
func (s *Session) Close() {
	s.cfg.Timeout = min(s.cfg.Timeout, parting)
	if s.Lost() == nil && s.waiting() == 0 && s.command(cmdClose, nil) == nil {
		_ = s.wait(0) // it has been asked, and all messages are acknowledged
	}
	s.Abort()
}

// Abort ends the connection and waits for the reader. A Send under way
// returns. It may be called more than once and at the same time as any other
// method.
func (s *Session) Abort() {
	_ = s.conn.Close()
	<-s.ended
}

// read takes the receiver's answers until the end of the connection.
func (s *Session) read(in *reader) {
	defer close(s.ended)
	for {
		f, err := in.Next()
		if err != nil {
			s.why = fmt.Errorf("the connection ended: %w", err)
			return
		}
		if s.why = s.take(f); s.why != nil {
			return
		}
	}
}

// take handles one frame of the receiver.
func (s *Session) take(f frame) error {
	if f.Command == cmdServerClose {
		return ErrServerClose
	}
	if f.Command != cmdRsp {
		return fmt.Errorf("%w: a receiver does not send %.32q", ErrProtocol, f.Command)
	}
	rsp, err := parseResponse(f.Data)
	if err != nil {
		return err
	}
	if rsp.code != codeOK {
		return &Refused{cmdSyslog, rsp.code, string(rsp.text)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	complete, ok := s.pending.answered(f.TxNr)
	if !ok {
		return fmt.Errorf("%w: an answer to transaction %d, which does not wait for one", ErrProtocol, f.TxNr)
	}
	s.complete += complete
	select {
	case s.moved <- struct{}{}:
	default:
	}
	return nil
}

func timedOut(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}
