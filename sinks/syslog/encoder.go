package syslog

import (
	"bytes"
	"strconv"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// A format is the part of a Config that says how a message is written, in the
// form that the encoder wants. Read only, shared by all encoders.
type format struct {
	rfc3164    bool
	octet, lf  bool
	bom        bool
	kind       string // of payload: as in Config
	sep        []byte
	device     [][]byte // vendor, product, version
	max        int      // 0: no limit
	facility   int
	severity   int
	host, app  []byte
	procID, id []byte
}

func newFormat(c Config) (*format, error) {
	facility, err := number(c.Facility, facilities)
	if err != nil {
		return nil, err
	}
	severity, err := number(c.Severity, severities)
	if err != nil {
		return nil, err
	}
	return &format{
		rfc3164: c.Format == RFC3164,
		octet:   c.Framing == Octet,
		lf:      c.Framing == LF,
		bom:     c.BOM,
		kind:    c.Payload,
		sep:     []byte(c.Sep),
		device:  bytes.Split([]byte(c.Device), []byte("|")),
		max:     c.MaxSize,

		facility: facility,
		severity: severity,
		host:     []byte(c.Hostname),
		app:      []byte(c.Tag),
		procID:   []byte(c.ProcID),
		id:       []byte(c.MsgID),
	}, nil
}

// An encoder writes framed messages one after the other into one buffer. One
// goroutine uses it at a time, and it is reused so that an event costs no
// allocation.
type encoder struct {
	*format
	buf   []byte
	limit int // of a message; 0: none. At first max.
	cut   int // messages that were cut to limit
	large int // bytes of the longest message

	second int64  // the one that stamp shows
	stamp  []byte // without a fraction
	width  int    // digits of the last MSG-LEN: most often those of the next
	order  []int  // of SD-PARAMs
}

func newEncoder(f *format) *encoder {
	return &encoder{format: f, limit: f.max, width: 3}
}

// append writes one event's message in its frame.
func (e *encoder) append(ev *abi.Event) {
	if !e.octet {
		e.message(ev)
		if e.lf {
			e.buf = append(e.buf, '\n')
		}
		return
	}
	// The length stands before the message and is known after it: leave room
	// for as many digits as the last one had, and move the message when that
	// was wrong.
	const room = "0000000000000000000 "
	frame := len(e.buf)
	e.buf = append(e.buf, room[len(room)-1-e.width:]...)
	body := len(e.buf)
	e.message(ev)
	n := len(e.buf) - body
	if width := decimals(n); width != e.width {
		e.buf = append(e.buf, room[:max(0, width-e.width)]...)
		copy(e.buf[frame+width+1:], e.buf[body:body+n])
		e.buf = e.buf[:frame+width+1+n]
		e.buf[frame+width] = ' '
		e.width = width
	}
	strconv.AppendInt(e.buf[frame:frame], int64(n), 10)
}

// decimals is how many digits n has.
func decimals(n int) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

// message writes one event without a frame.
func (e *encoder) message(ev *abi.Event) {
	start, isCut := len(e.buf), false
	if e.rfc3164 {
		e.header3164(ev)
		tag := len(e.buf)
		e.tag3164(ev)
		begin := len(e.buf)
		e.payload(ev)
		if namesItself(e.buf[begin:]) {
			e.buf = append(e.buf[:tag], e.buf[begin:]...)
		}
	} else {
		isCut = e.header5424(ev, start)
		body := len(e.buf)
		e.buf = append(e.buf, ' ')
		if e.bom {
			e.buf = append(e.buf, byteOrderMark...)
		}
		begin := len(e.buf)
		e.payload(ev)
		if len(e.buf) == begin {
			e.buf = e.buf[:body] // no MSG at all
		}
	}
	if e.limit > 0 && len(e.buf)-start > e.limit {
		e.buf = e.buf[:start+len(cut(e.buf[start:], e.limit))]
		isCut = true
	}
	if isCut {
		e.cut++
	}
	e.large = max(e.large, len(e.buf)-start)
}

// byteOrderMark tells a receiver that the MSG is UTF-8 (RFC 5424, section 6.4).
const byteOrderMark = "\xef\xbb\xbf"

// payload writes the MSG.
func (e *encoder) payload(ev *abi.Event) {
	switch {
	case ev.Body != nil && ev.BodyJSON:
		e.buf = appendText(e.buf, ev.Body, styleJSON)
	case ev.Body != nil:
		e.buf = appendText(e.buf, ev.Body, styleText)
	case e.kind == JSON:
		e.object(ev)
	case e.kind == CEF:
		e.cef(ev)
	case e.kind == LEEF || e.kind == LEEF2:
		e.leef(ev)
	default:
		e.pairs(ev)
	}
}

// pairs writes sep key=value for each field, and sep before the first, too.
func (e *encoder) pairs(ev *abi.Event) {
	b := e.buf
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if sinks.RepeatsTime(f, ev.Time) { // the header's is enough
			continue
		}
		b = append(b, e.sep...)
		b = appendText(b, f.Key, styleText)
		b = append(b, '=')
		b = appendText(b, f.Value, valueStyle(f, styleText))
	}
	e.buf = b
}

// object writes the fields as one JSON object.
func (e *encoder) object(ev *abi.Event) {
	b := append(e.buf, '{')
	comma := false
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if sinks.RepeatsTime(f, ev.Time) { // the header's is enough
			continue
		}
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(b, '"')
		b = appendText(b, f.Key, styleString)
		b = append(b, '"', ':')
		if f.JSON {
			b = appendText(b, f.Value, styleJSON)
			continue
		}
		b = append(b, '"')
		b = appendText(b, f.Value, styleString)
		b = append(b, '"')
	}
	e.buf = append(b, '}')
}

func valueStyle(f *abi.Field, plain style) style {
	if f.JSON {
		return styleJSON
	}
	return plain
}

// clock writes the whole second of ns in layout, in UTC, and returns the
// nanoseconds that are left. Neighbours share their second, so it is kept.
func (e *encoder) clock(ns int64, layout string) (rest int) {
	second, rest64 := ns/1e9, ns%1e9
	if rest64 < 0 {
		second, rest64 = second-1, rest64+1e9
	}
	if len(e.stamp) == 0 || second != e.second {
		e.second = second
		e.stamp = time.Unix(second, 0).UTC().AppendFormat(e.stamp[:0], layout)
	}
	e.buf = append(e.buf, e.stamp...)
	return int(rest64)
}
