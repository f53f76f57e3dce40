package sinktest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
)

// errRELP is what a sender does against the RELP specification of librelp.
var errRELP = fmt.Errorf("%w by RELP", errProtocol)

// relpFrame is `TXNR SP COMMAND SP DATALEN [SP DATA] LF`.
type relpFrame struct {
	txnr    int
	command string
	data    []byte
}

// readRELP reads a frame as strictly as the grammar is.
func readRELP(in *bufio.Reader) (f relpFrame, err error) {
	head := func(end byte) []byte {
		if err != nil {
			return nil
		}
		var b []byte
		if b, err = in.ReadSlice(end); err != nil {
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				err = orRELP(nil, "a header without an end")
			case len(b) > 0:
				err = torn(err)
			}
			return nil
		}
		return b[:len(b)-1]
	}
	var ok bool
	if f.txnr, ok = digits(head(' '), 1, 9); !ok || f.txnr == 0 {
		return f, orRELP(err, "bad TXNR")
	}
	if f.command = string(head(' ')); err != nil {
		return f, torn(err)
	}
	size := 0
	for n := 0; ; n++ { // DATALEN ends with SP, or with the LF of the trailer
		c, err := in.ReadByte()
		if err != nil {
			return f, torn(err)
		}
		if n > 0 && c == '\n' && size == 0 {
			return f, nil
		}
		if n > 0 && c == ' ' && size > 0 {
			break
		}
		if c < '0' || c > '9' || n == 9 || (n == 1 && size == 0) {
			return f, orRELP(nil, "bad DATALEN")
		}
		size = size*10 + int(c-'0')
	}
	if size > maxFrame {
		return f, orRELP(nil, "too much data")
	}
	f.data = make([]byte, size+1)
	if _, err := io.ReadFull(in, f.data); err != nil {
		return f, torn(err)
	}
	if f.data[size] != '\n' {
		return f, orRELP(nil, "no LF after the data")
	}
	f.data = f.data[:size]
	return f, nil
}

func orRELP(err error, what string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", errRELP, what)
}

// A relpSession is one connection as the receiver sees it.
type relpSession struct {
	in    *bufio.Reader
	out   *bufio.Writer
	fault SyslogFault
	last  int   // transaction
	held  []int // transactions that are acknowledged later
	count int   // messages
}

// serveRELP passes the messages on until the fault's turn comes, or the end. It
// returns whether the fault is to be acted on by the connection.
func (r *SyslogReceiver) serveRELP(c net.Conn, fault SyslogFault) bool {
	s := &relpSession{in: bufio.NewReaderSize(c, 256<<10), out: bufio.NewWriter(c), fault: fault}
	if fault.strikes(0) {
		return true
	}
	err := s.open()
	for err == nil {
		if fault.strikes(s.count) {
			return s.out.Flush() == nil
		}
		var f relpFrame
		if f, err = readRELP(s.in); err == nil {
			err = s.next(r, f)
		}
		if err == nil && s.in.Buffered() == 0 {
			err = s.flush()
		}
	}
	if errors.Is(err, errForget) {
		return true
	}
	r.fault(err)
	return false
}

// strikes says whether a connection fails before message n.
func (f SyslogFault) strikes(n int) bool {
	switch f.Do {
	case SyslogClose, SyslogReset, SyslogFreeze, SyslogTrickle:
		return n == f.After
	}
	return false
}

func (s *relpSession) open() error {
	f, err := readRELP(s.in)
	if err != nil {
		return err
	}
	s.last = f.txnr
	offers := map[string]string{}
	for line := range bytes.SplitSeq(f.data, []byte("\n")) {
		name, value, _ := bytes.Cut(line, []byte("="))
		offers[string(name)] = string(value)
	}
	version := offers["relp_version"]
	if f.txnr != 1 || f.command != "open" || (version != "0" && version != "1") || offers["relp_software"] == "" || offers["commands"] != "syslog" {
		return fmt.Errorf("%w: open is %d %q %q", errRELP, f.txnr, f.command, f.data)
	}
	return errors.Join(s.respond(1, "200 OK\nrelp_version=0\nrelp_software=sinktest\ncommands=syslog"), s.flush())
}

func (s *relpSession) respond(txnr int, text string) error {
	_, err := fmt.Fprintf(s.out, "%d rsp %d %s\n", txnr, len(text), text)
	return err
}

// errForget ends a connection as a crash does.
var errForget = errors.New("forgotten")

func (s *relpSession) next(r *SyslogReceiver, f relpFrame) error {
	if f.txnr != s.last%999_999_999+1 {
		return fmt.Errorf("%w: transaction %d after %d", errRELP, f.txnr, s.last)
	}
	s.last = f.txnr
	switch f.command {
	case "close":
		if err := s.respond(f.txnr, "200 OK"); err != nil {
			return err
		}
		return errors.Join(s.flush(), io.EOF)
	case "syslog":
		s.count++
		return s.message(r, f)
	}
	return fmt.Errorf("%w: command %.50q", errRELP, f.command)
}

// message takes one, and acknowledges it as the fault says.
func (s *relpSession) message(r *SyslogReceiver, f relpFrame) error {
	due := s.count > s.fault.After
	if due && s.fault.Do == SyslogRefuse && r.refuses(f.data) {
		return s.respond(f.txnr, "500 refused")
	}
	if due && s.fault.Do == SyslogForget {
		if s.in.Buffered() == 0 {
			return errors.Join(s.out.Flush(), errForget)
		}
		return nil
	}
	if err := r.message(f.data); err != nil {
		return err
	}
	switch {
	case due && s.fault.Do == SyslogNoAck:
		return nil
	case s.fault.Do == SyslogLastFirst:
		s.held = append(s.held, f.txnr)
		return nil
	}
	if err := s.respond(f.txnr, "200 OK"); err != nil {
		return err
	}
	if s.fault.Do == SyslogServerClose && s.count == s.fault.After {
		_, err := s.out.WriteString("0 serverclose 0\n")
		return errors.Join(err, s.out.Flush(), io.EOF)
	}
	return nil
}

// refuses says whether the receiver takes exception to a message.
func (r *SyslogReceiver) refuses(b []byte) bool {
	return r.opt.Refuse == nil || r.opt.Refuse(b)
}

// flush sends the acknowledgements: those that were held, the last one first.
func (s *relpSession) flush() error {
	for i := len(s.held) - 1; i >= 0; i-- {
		if err := s.respond(s.held[i], "200 OK"); err != nil {
			return err
		}
	}
	s.held = s.held[:0]
	return s.out.Flush()
}
