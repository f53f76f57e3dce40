package syslog

import (
	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// CEF and LEEF: an event's fields in the words of ArcSight and QRadar. Guests
// that know what the fields mean write better ones into the body; these are
// for everything else.
//
// Sources: ArcSight Common Event Format (CEF) Implementation Standard;
// QRadar Log Event Extended Format (LEEF) Guide, version 2.

const defaultDevice = "Alibaba Cloud|Log Service|1.0"

// defaultClass is that of an event without a MSGID or a topic.
var defaultClass = []byte("log")

// cefSeverity is the CEF severity, 0 to 10, of each of syslog; LEEF's sev goes
// from 1.
var cefSeverity = [...]string{"10", "9", "8", "7", "5", "3", "2", "1"}

// cef writes `CEF:0|vendor|product|version|class|name|severity|key=value ...`.
func (e *encoder) cef(ev *abi.Event) {
	class, name := e.class(ev)
	b := append(e.buf, "CEF:0"...)
	for _, part := range e.device {
		b = append(b, '|')
		b = appendText(b, part, styleCEFHead)
	}
	b = append(b, '|')
	b = appendText(b, class, styleCEFHead)
	b = append(b, '|')
	b = appendText(b, name, styleCEFHead)
	b = append(b, '|')
	b = append(b, cefSeverity[e.level(metaOf(ev))]...)
	b = append(b, '|')
	first := true
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if sinks.RepeatsTime(f, ev.Time) { // the header's is enough
			continue
		}
		if !first {
			b = append(b, ' ')
		}
		first = false
		b = appendKey(b, f.Key)
		b = append(b, '=')
		b = appendText(b, f.Value, styleCEF)
	}
	e.buf = b
}

// leef writes `LEEF:1.0|vendor|product|version|class|key=value<TAB>...`, or,
// with a delimiter other than the tab, LEEF:2.0, which names it in one field
// more. LEEF has no escapes: a delimiter in a value becomes a space.
func (e *encoder) leef(ev *abi.Event) {
	class, _ := e.class(ev)
	delimiter := byte('\t')
	b := e.buf
	if e.kind == LEEF2 {
		b = append(b, "LEEF:2.0"...)
		delimiter = e.sep[0]
	} else {
		b = append(b, "LEEF:1.0"...)
	}
	for _, part := range e.device {
		b = append(b, '|')
		b = appendWithout(b, part, '|', '_')
	}
	b = append(b, '|')
	b = appendWithout(b, class, '|', '_')
	b = append(b, '|')
	if e.kind == LEEF2 {
		b = append(b, delimiter, '|')
	}
	first := true
	if _, own := ev.Get("sev"); !own { // its header has no severity
		b = append(append(b, "sev="...), cefSeverity[e.level(metaOf(ev))]...)
		first = false
	}
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if sinks.RepeatsTime(f, ev.Time) {
			continue
		}
		if !first {
			b = append(b, delimiter)
		}
		first = false
		b = appendKey(b, f.Key)
		b = append(b, '=')
		b = appendWithout(b, f.Value, delimiter, ' ')
	}
	e.buf = b
}

// class is what kind of event it is, by its MSGID or else its topic, and the
// name that people read.
func (e *encoder) class(ev *abi.Event) (class, name []byte) {
	topic, _ := ev.Get("__topic__")
	class = or(or(metaOf(ev).MsgID, e.id), or(topic, defaultClass))
	return class, or(topic, class)
}

// appendWithout appends text in which one character becomes another.
func appendWithout(dst, s []byte, unwanted, instead byte) []byte {
	start := len(dst)
	dst = appendText(dst, s, styleText)
	for i := start; i < len(dst); i++ {
		if dst[i] == unwanted || (dst[i] == '\t' && unwanted == '|') {
			dst[i] = instead
		}
	}
	return dst
}

// appendKey appends a key that every parser takes: letters and digits of
// ASCII, each other character becoming an underscore.
func appendKey(dst, s []byte) []byte {
	if len(s) == 0 {
		return append(dst, '_')
	}
	for len(s) > 0 {
		c, size := nameByte(s, "")
		if !isAlphanumeric(c) {
			c = '_'
		}
		dst = append(dst, c)
		s = s[size:]
	}
	return dst
}

func isAlphanumeric(c byte) bool {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
}
