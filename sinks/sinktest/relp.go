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

// readRELP reads a frame as strictly as the grammar is. At the end of the
// stream it is io.EOF between frames and io.ErrUnexpectedEOF within one.
func readRELP(in *bufio.Reader) (f relpFrame, err error) {
	head, err := relpField(in)
	if err != nil {
		return f, err
	}
	var ok bool
	if f.txnr, ok = digits(head, 9); !ok || f.txnr == 0 {
		return f, fmt.Errorf("%w: TXNR %.20q", errRELP, head)
	}
	if head, err = relpField(in); err != nil {
		return f, torn(err)
	}
	f.command = string(head)
	size, err := relpLength(in)
	if err != nil || size == 0 {
		return f, torn(err)
	}
	f.data = make([]byte, size+1)
	if _, err := io.ReadFull(in, f.data); err != nil {
		return f, torn(err)
	}
	if f.data[size] != '\n' {
		return f, fmt.Errorf("%w: no LF after the data", errRELP)
	}
	f.data = f.data[:size]
	return f, nil
}

// relpField reads up to a space.
func relpField(in *bufio.Reader) ([]byte, error) {
	b, err := in.ReadSlice(' ')
	switch {
	case err == nil:
		return b[:len(b)-1], nil
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("%w: a header without an end", errRELP)
	case len(b) > 0:
		return nil, torn(err)
	}
	return nil, err
}

// relpLength reads DATALEN and what ends it: a space, or after 0 the LF of the
// whole frame.
func relpLength(in *bufio.Reader) (size int, err error) {
	var text []byte
	for len(text) <= 9 {
		c, err := in.ReadByte()
		if err != nil {
			return 0, torn(err)
		}
		if c >= '0' && c <= '9' {
			text = append(text, c)
			continue
		}
		size, ok := digits(text, 8)
		if ok && size <= maxFrame && (c == '\n') == (size == 0) && (c == '\n' || c == ' ') {
			return size, nil
		}
		break
	}
	return 0, fmt.Errorf("%w: DATALEN %q", errRELP, text)
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
