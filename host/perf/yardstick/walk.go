package yardstick

import "encoding/binary"

// A field is a key and its value, views into the pull.
type field struct {
	key, value []byte
	json       bool // value is JSON, to be written as it is
}

// A log is one log of a group, flattened: what the service adds, the group's
// tags, the contents. Unlike the product, it does not look for keys that a log
// has twice.
type log struct {
	*group
	seconds, nanos uint32
	fields         []field // the contents
	size           int     // bytes of keys and values, of all that is flattened

	trail  trail
	level  string // of risk; "": none
	score  int
	kind   string // the sourcetype
	keys   []cachedKey
	width  int    // of the last message's length, and a space
	second uint32 // that stamp shows
	stamp  []byte
}

// A group is what the logs of a log group share.
type group struct {
	topic, source []byte
	tags          []field
	size          int
	json, pairs   []byte // the same as members of an object, and as pairs
}

// A walk reads the logs of a LogGroupList one after the other.
type walk struct {
	raw    []byte // what is left of the list
	group  group
	logs   []byte // what is left of the group
	broken bool
}

func (w *walk) start(raw []byte) { w.raw, w.logs, w.broken = raw, nil, false }

// next reads the next log.
func (w *walk) next(l *log) bool {
	for !w.broken {
		for len(w.logs) > 0 {
			number, value, _ := w.take(&w.logs)
			if number == 1 && !w.broken {
				l.group = &w.group
				w.log(l, value)
				return !w.broken
			}
		}
		if len(w.raw) == 0 {
			return false
		}
		if number, value, _ := w.take(&w.raw); number == 1 {
			w.enter(value)
		}
	}
	return false
}

// take cuts one field off a message; n is its number where it is one.
func (w *walk) take(b *[]byte) (number int, value []byte, n uint64) {
	key, s := w.varint(*b)
	switch number = int(key >> 3); key & 7 {
	case 0:
		n, s = w.varint(s)
	case 2:
		var size uint64
		if size, s = w.varint(s); size > uint64(len(s)) {
			w.broken = true
			return 0, nil, 0
		}
		value, s = s[:size:size], s[size:]
	case 5:
		if len(s) < 4 {
			w.broken = true
			return 0, nil, 0
		}
		n, s = uint64(binary.LittleEndian.Uint32(s)), s[4:]
	default:
		w.broken = true
	}
	*b = s
	return number, value, n
}

func (w *walk) varint(b []byte) (uint64, []byte) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:]
	}
	n, size := binary.Uvarint(b)
	if size <= 0 {
		w.broken = true
		return 0, nil
	}
	return n, b[size:]
}

// enter reads what the logs of a group share.
func (w *walk) enter(b []byte) {
	g := &w.group
	g.topic, g.source, g.tags = nil, nil, g.tags[:0]
	w.logs = b
	for len(b) > 0 && !w.broken {
		switch number, value, _ := w.take(&b); number {
		case 3:
			g.topic = value
		case 4:
			g.source = value
		case 6:
			g.tags = append(g.tags, w.pair(value))
		}
	}
	g.size = len("__time__") + 10 + len("__topic__") + len(g.topic) + len("__source__") + len(g.source)
	for _, t := range g.tags {
		g.size += len("__tag__:") + len(t.key) + len(t.value)
	}
	g.write()
}

func (w *walk) log(l *log, b []byte) {
	l.fields, l.size, l.nanos, l.level, l.kind = l.fields[:0], l.group.size, 0, "", ""
	for len(b) > 0 && !w.broken {
		switch number, value, n := w.take(&b); number {
		case 1:
			l.seconds = uint32(n)
		case 2:
			f := w.pair(value)
			l.size += len(f.key) + len(f.value)
			l.fields = append(l.fields, f)
		case 4:
			l.nanos = uint32(n)
		}
	}
	if l.nanos != 0 {
		l.size += len("__time_ns_part__") + digits(l.nanos)
	}
}

func digits(n uint32) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

func (w *walk) pair(b []byte) (f field) {
	for len(b) > 0 && !w.broken {
		switch number, value, _ := w.take(&b); number {
		case 1:
			f.key = value
		case 2:
			f.value = value
		}
	}
	return f
}
