package hec

import (
	"errors"
	"io"
	"net"
	"sync"
)

// A loan is the bytes of a request while net/http may read them. Its
// transport may do so even after the answer is there (RoundTripper says how
// long, and it is long), so the loan is called back before the bytes are used
// again: a reader that comes late finds nothing.
type loan struct {
	mu    sync.Mutex
	bytes []byte
	ended bool
}

var errEnded = errors.New("the request is over")

func (l *loan) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes, l.ended = nil, true
}

func (l *loan) reader() io.ReadCloser { return &loanReader{loan: l} }

type loanReader struct {
	loan *loan
	at   int
}

func (r *loanReader) Read(p []byte) (int, error) {
	r.loan.mu.Lock()
	defer r.loan.mu.Unlock()
	switch {
	case r.loan.ended:
		return 0, errEnded
	case r.at == len(r.loan.bytes):
		return 0, io.EOF
	}
	n := copy(p, r.loan.bytes[r.at:])
	r.at += n
	return n, nil
}

func (r *loanReader) Close() error { return nil }

// writeTo writes at most limit bytes of the loan, in one piece. While it does,
// the loan does not end: that waits until the connection is closed, at the
// latest, and net/http closes one on which an answer overtook its request.
func (r *loanReader) writeTo(w io.Writer, limit int64) (int64, error) {
	r.loan.mu.Lock()
	defer r.loan.mu.Unlock()
	if r.loan.ended {
		return 0, errEnded
	}
	rest := r.loan.bytes[r.at:]
	n, err := w.Write(rest[:min(int64(len(rest)), limit)])
	r.at += n
	return int64(n), err
}

// A conn is a connection to the receiver. Through any other net/http would
// copy a body piece by piece, and make a system call for each 32 KiB.
type conn struct{ net.Conn }

// ReadFrom implements io.ReaderFrom, through which net/http hands a body on.
func (c conn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if body, ok := limited.R.(*loanReader); ok {
			n, err := body.writeTo(c.Conn, limited.N)
			limited.N -= n
			return n, err
		}
	}
	return io.Copy(c.Conn, r)
}
