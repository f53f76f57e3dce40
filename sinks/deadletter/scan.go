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

// Scan passes the letters that r holds to each, in order, and ends with the
// first error: each's own, or one that names the line. The letter is each's
// to keep. A torn last line is an ErrTorn, after all others were passed on.
func Scan(r io.Reader, each func(Letter) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		b, err := in.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF) && len(b) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("line %d: %w", n, ErrTorn)
		case err != nil:
			return fmt.Errorf("line %d: %w", n, err)
		}
		// A file that was truncated in the middle of a write has a hole there.
		l, err := parseLetter(bytes.TrimLeft(b[:len(b)-1], "\x00"))
		if err != nil {
			return fmt.Errorf("line %d is not a dead letter: %w", n, err)
		}
		if err := each(l); err != nil {
			return err
		}
	}
}
