package relp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrProtocol is in the error of a peer that does not keep to RELP.
var ErrProtocol = errors.New("not RELP")

const (
	// maxTxNr is the highest transaction number; 1 follows.
	maxTxNr = 999_999_999
	// maxAnswer is the most data of a frame that a receiver may send us: a
	// response holds a code and a short text, or the few offers of an open.
	maxAnswer = 64 << 10
	// maxHead is the longest header: TXNR SP COMMAND SP DATALEN.
	maxHead    = 9 + 1 + maxCommand + 1 + 9
	maxCommand = 32
)

// A frame is the unit of RELP: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`.
type frame struct {
	TxNr    int // 0: of a hint, which has no answer
	Command string
	Data    []byte // valid until the next one is read
}

// appendFrame appends a frame to dst.
func appendFrame(dst []byte, txnr int, command string, data []byte) []byte {
	dst = strconv.AppendInt(dst, int64(txnr), 10)
	dst = append(dst, ' ')
	dst = append(dst, command...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(len(data)), 10)
	if len(data) > 0 {
		dst = append(dst, ' ')
		dst = append(dst, data...)
	}
	return append(dst, '\n')
}

// A reader reads frames off a stream, strictly.
type reader struct {
	in   *bufio.Reader
	text [maxHead]byte
	data []byte
}

// newReader returns a reader of r.
func newReader(r io.Reader) *reader { return &reader{in: bufio.NewReader(r)} }

// Next returns the next frame. At the end of the stream the error is io.EOF
// between frames and io.ErrUnexpectedEOF within one; what is no frame, or one
// of more than 64 KiB, gives ErrProtocol.
func (r *reader) Next() (frame, error) {
	f, size, end, err := r.head()
	if err != nil {
		return frame{}, err
	}
	// Some peers write the space also before no data.
	if end == ' ' {
		if cap(r.data) < size+1 {
			r.data = make([]byte, size+1)
		}
		b := r.data[:size+1]
		if _, err := io.ReadFull(r.in, b); err != nil {
			return frame{}, torn(err)
		}
		f.Data, end = b[:size], b[size]
	} else if size > 0 {
		return frame{}, fmt.Errorf("%w: the data of %d bytes is missing", ErrProtocol, size)
	}
	if end != '\n' {
		return frame{}, fmt.Errorf("%w: a frame ends with %q", ErrProtocol, end)
	}
	return f, nil
}

// head reads up to the length of the data and the byte after it.
func (r *reader) head() (f frame, size int, end byte, err error) {
	text := &r.text
	n, spaces := 0, 0
	for {
		end, err = r.in.ReadByte()
		switch {
		case err != nil && n == 0:
			return f, 0, 0, err
		case err != nil:
			return f, 0, 0, torn(err)
		}
		if end == ' ' {
			spaces++
		}
		if spaces == 3 || end == '\n' {
			break
		}
		if n == len(text) {
			return f, 0, 0, fmt.Errorf("%w: it begins with %q", ErrProtocol, text[:n])
		}
		text[n] = end
		n++
	}
	first, rest, _ := bytes.Cut(text[:n], []byte(" "))
	command, last, _ := bytes.Cut(rest, []byte(" "))
	txnr, ok := number(first)
	size, sized := number(last)
	if !ok || !sized || !isCommand(command) || size > maxAnswer {
		return f, 0, 0, fmt.Errorf("%w: it begins with %q", ErrProtocol, text[:n])
	}
	f = frame{TxNr: txnr, Command: cmdRsp}
	if string(command) != cmdRsp { // which nearly all are
		f.Command = string(command)
	}
	return f, size, end, nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// number reads 1 to 9 digits.
func number(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func isCommand(b []byte) bool {
	if len(b) == 0 || len(b) > maxCommand {
		return false
	}
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// A response is the data of a rsp frame: `CODE SP [TEXT] [LF DATA]`.
type response struct {
	code       int
	text, data []byte
}

func parseResponse(b []byte) (response, error) {
	line, data, _ := bytes.Cut(b, []byte("\n"))
	digits, text, _ := bytes.Cut(line, []byte(" "))
	code, ok := number(digits)
	if !ok || len(digits) != 3 {
		return response{}, fmt.Errorf("%w: a response %.50q", ErrProtocol, b)
	}
	return response{code, text, data}, nil
}
