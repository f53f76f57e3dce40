package sinktest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A SyslogFraming says where a message ends on a stream (RFC 6587).
type SyslogFraming int

// The two framings.
const (
	FrameLF    SyslogFraming = iota // a line feed after each message
	FrameOctet                      // `MSG-LEN SP` before each message
)

// maxFrame is the longest message that the receiver takes.
const maxFrame = 64 << 20

// errProtocol is in the errors that are the sender's fault.
var errProtocol = errors.New("not syslog")

// frames reads messages off a stream.
type frames struct {
	in      *bufio.Reader
	framing SyslogFraming
	long    []byte // a message that did not fit the reader's buffer
}

func newFrames(r io.Reader, framing SyslogFraming) *frames {
	return &frames{in: bufio.NewReaderSize(r, 256<<10), framing: framing}
}

// next returns the next message, valid until the next call. At the end of the
// stream it is io.EOF between messages and io.ErrUnexpectedEOF within one.
func (f *frames) next() ([]byte, error) {
	if f.framing == FrameOctet {
		return f.counted()
	}
	return f.line()
}

func (f *frames) line() ([]byte, error) {
	f.long = f.long[:0]
	for {
		b, err := f.in.ReadSlice('\n')
		if err == nil && len(f.long) == 0 {
			return b[:len(b)-1], nil
		}
		f.long = append(f.long, b...)
		switch {
		case err == nil:
			return f.long[:len(f.long)-1], nil
		case errors.Is(err, bufio.ErrBufferFull) && len(f.long) < maxFrame:
		case errors.Is(err, io.EOF) && len(f.long) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

func (f *frames) counted() ([]byte, error) {
	head, err := f.in.ReadSlice(' ')
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) > 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	n, ok := digits(head[:len(head)-1], 8)
	if !ok || n == 0 || n > maxFrame {
		return nil, fmt.Errorf("%w by RFC 6587: MSG-LEN %.20q", errProtocol, head)
	}
	if n <= f.in.Size() {
		b, err := f.in.Peek(n)
		if err != nil {
			return nil, torn(err)
		}
		_, _ = f.in.Discard(n) // what was peeked can be discarded
		return b, nil
	}
	if cap(f.long) < n {
		f.long = make([]byte, n)
	}
	if _, err := io.ReadFull(f.in, f.long[:n]); err != nil {
		return nil, torn(err)
	}
	return f.long[:n], nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ReadSyslog reads a stream of messages to its end, strictly.
func ReadSyslog(r io.Reader, framing SyslogFraming, rfc3164 bool) ([]SyslogMessage, error) {
	parse := ParseRFC5424
	if rfc3164 {
		parse = ParseRFC3164
	}
	var all []SyslogMessage
	in := newFrames(r, framing)
	for {
		b, err := in.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		m, err := parse(b)
		if err != nil {
			return all, err
		}
		all = append(all, m.Clone())
	}
}
