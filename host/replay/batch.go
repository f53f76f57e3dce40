package replay

import (
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A cursor goes through one file.
type cursor struct {
	path    string
	in      *deadletter.Reader
	at, end int64     // of the line that was read last
	sum     hash.Hash // of all that is accepted
	settled int64     // bytes in sum
}

func newCursor(f *deadletter.Snapshot) *cursor {
	return &cursor{path: f.Path, in: deadletter.NewReader(f.Bytes()), sum: sha256.New()}
}

func (c *cursor) next() (deadletter.Letter, error) {
	l, err := c.in.Next()
	c.at = c.end
	c.end += int64(len(c.in.Raw()))
	return l, err
}

// accept says that the line is dealt with, once what is in the batch is.
func (c *cursor) accept() {
	c.sum.Write(c.in.Raw())
	c.settled = c.end
}

func (c *cursor) stretch() stretch {
	return stretch{Offset: c.settled, SHA256: fmt.Sprintf("%x", c.sum.Sum(nil))}
}

// name is where the line is, as editors take it.
func (c *cursor) name() string { return fmt.Sprintf("%s:%d", c.path, c.in.Line()) }

// A batch is the letters of one file that are sent together.
type batch struct {
	*cursor
	state   *state
	send    Sender
	letters []deadletter.Letter
	lines   []int
	bytes   int
}

func (b *batch) add(l deadletter.Letter) {
	b.letters = append(b.letters, l)
	b.lines = append(b.lines, b.in.Line())
	b.bytes += len(b.in.Raw())
}

func (b *batch) full() bool { return len(b.letters) >= batchLetters || b.bytes >= batchBytes }

func (b *batch) clear() { b.letters, b.lines, b.bytes = b.letters[:0], b.lines[:0], 0 }

func (b *batch) nameOf(i int) string { return fmt.Sprintf("%s:%d", b.path, b.lines[i]) }
