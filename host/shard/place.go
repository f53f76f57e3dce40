package shard

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
)

// Place names a log of the batch within its shard for good: the cursor of its
// log group, and the log's index in what a pull at that cursor gives. It stays
// the same when the log is pulled again, from whichever cursor, as long as the
// service's cursors count log groups: they are opaque by the documentation,
// and decimal numbers in base64 when looked at. Where a pull shows that they do
// not count, or a query leaves groups out, the cursor is that of the pull,
// followed by a hash of the query: after a restart the same log may then have
// another place, and two logs still never have the same one.
func (b *Batch) Place(i int) (cursor string, index int) {
	if !b.counts {
		return b.Cursor + b.filter, b.First + i
	}
	log := &b.Logs[i]
	return encodeCursor(b.number + int64(log.Group)), int(log.Index)
}

// AppendPlace appends Place(i) as text, the cursor and the index with a slash
// between them, and allocates nothing.
func (b *Batch) AppendPlace(dst []byte, i int) []byte {
	index := b.First + i
	if b.counts {
		log := &b.Logs[i]
		var digits [20]byte
		dst = base64.StdEncoding.AppendEncode(dst, strconv.AppendInt(digits[:0], b.number+int64(log.Group), 10))
		index = int(log.Index)
	} else {
		dst = append(append(dst, b.Cursor...), b.filter...)
	}
	return strconv.AppendInt(append(dst, '/'), int64(index), 10)
}

// locate prepares the places of a pull of so many groups: it looks whether the
// cursors around it count them.
func (b *Batch) locate(groups int, query string) {
	if query != "" {
		sum := sha256.Sum256([]byte(query))
		b.filter = fmt.Sprintf("?%x", sum[:4]) // no cursor holds a question mark
		return
	}
	from, isNumber := decodeCursor(b.Cursor)
	to, alsoNumber := decodeCursor(b.Next)
	b.counts = isNumber && alsoNumber && to-from == int64(groups)
	b.number = from
}

func encodeCursor(n int64) string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, n, 10))
}

// decodeCursor returns the number that a cursor stands for, if that is the
// only way to write it.
func decodeCursor(cursor string) (n int64, ok bool) {
	n, ok = ordinal(cursor)
	return n, ok && n >= 0 && encodeCursor(n) == cursor
}
