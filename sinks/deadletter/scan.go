package deadletter

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrTorn says that the last line has no end: the program that wrote it died,
// or is still writing it. Its log was never counted as settled.
var ErrTorn = errors.New("the last letter is torn")

// A BadLine is a line that is no letter of this version.
type BadLine struct {
	Line int // from 1
	Err  error
}

func (e *BadLine) Error() string {
	return fmt.Sprintf("line %d is not a dead letter: %v", e.Line, e.Err)
}

// A Reader reads letters one by one.
type Reader struct {
	in   *bufio.Reader
	raw  []byte
	line int
}

// NewReader reads from the beginning of a file of dead letters.
func NewReader(r io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the next letter, which is the caller's to keep, and io.EOF
// after the last. After a *BadLine it may be called again and goes on behind
// that line. A torn last line is an ErrTorn.
func (r *Reader) Next() (Letter, error) {
	b, err := r.in.ReadBytes('\n')
	r.raw = b
	if errors.Is(err, io.EOF) && len(b) == 0 {
		return Letter{}, io.EOF
	}
	r.line++
	if errors.Is(err, io.EOF) {
		return Letter{}, fmt.Errorf("line %d: %w", r.line, ErrTorn)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("line %d: %w", r.line, err)
	}
	// A file that was truncated in the middle of a write has a hole there.
	l, err := parseLetter(bytes.TrimLeft(b[:len(b)-1], "\x00"))
	if err != nil {
		return Letter{}, &BadLine{r.line, err}
	}
	return l, nil
}

// Line is the number, from 1, of the line that Next has read.
func (r *Reader) Line() int { return r.line }

// Raw is that line with its end, good until the next call of Next.
func (r *Reader) Raw() []byte { return r.raw }

// Scan passes the letters that r holds to each, in order, and ends with the
// first error: each's own, or one that names the line. The letter is each's
// to keep. A torn last line is an ErrTorn, after all others were passed on.
func Scan(r io.Reader, each func(Letter) error) error {
	for in := NewReader(r); ; {
		l, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = each(l)
		}
		if err != nil {
			return err
		}
	}
}
