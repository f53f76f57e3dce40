package yardstick

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"time"
)

// A cachedKey is the key that the log before had in this place, and how it is
// written.
type cachedKey struct{ key, json []byte }

// write prepares what the logs of the group share.
func (g *group) write() {
	g.json, g.pairs = g.json[:0], g.pairs[:0]
	add := func(prefix string, key, value []byte) {
		g.json = appendEscaped(append(append(g.json, '"'), prefix...), key)
		g.json = append(appendString(append(g.json, '"', ':'), value), ',')
		g.pairs = appendPair(g.pairs, append([]byte(prefix), key...), value)
	}
	add("__topic__", nil, g.topic)
	add("__source__", nil, g.source)
	for _, t := range g.tags {
		add("__tag__:", t.key, t.value)
	}
}

// appendHEC appends the log as an envelope of the HTTP Event Collector.
func (l *log) appendHEC(dst []byte) []byte {
	dst = append(dst, '{')
	if l.kind != "" {
		dst = append(append(append(dst, `"sourcetype":"`...), l.kind...), `",`...)
	}
	dst = append(dst, `"time":`...)
	dst = strconv.AppendUint(dst, uint64(l.seconds), 10)
	dst = append(dst, '.')
	micros := l.nanos / 1000
	for unit := uint32(100_000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	dst = append(append(dst, `,"event":{`...), l.json...)
	if l.nanos != 0 {
		dst = append(dst, `"__time_ns_part__":"`...)
		dst = append(strconv.AppendUint(dst, uint64(l.nanos), 10), `",`...)
	}
	for len(l.keys) < len(l.fields) {
		l.keys = append(l.keys, cachedKey{})
	}
	isTrail := string(l.topic) == actionTrail
	for i := range l.fields {
		f, k := &l.fields[i], &l.keys[i]
		if len(k.json) == 0 || !bytes.Equal(k.key, f.key) {
			k.key = append(k.key[:0], f.key...)
			k.json = append(appendString(k.json[:0], f.key), ':')
		}
		dst = append(dst, k.json...)
		if f.json || l.kind == "" && isTrail && string(f.key) == "event" && l.trail.read(f.value, false) {
			dst = append(dst, f.value...)
		} else {
			dst = appendString(dst, f.value)
		}
		dst = append(dst, ',')
	}
	if l.level == "" {
		dst[len(dst)-1] = '}'
		return append(dst, "}\n"...)
	}
	dst = append(append(append(dst, `"risk":"`...), l.level...), `","risk_score":"`...)
	dst = append(strconv.AppendInt(dst, int64(l.score), 10), `"},"fields":{"risk":"`...)
	return append(append(dst, l.level...), "\"}}\n"...)
}

// appendSyslog appends the log as a message of RFC 5424 with octet counting.
func (l *log) appendSyslog(dst []byte) []byte {
	const room = "        "
	frame := len(dst)
	dst = append(dst, room[:max(l.width, 4)]...)
	body := len(dst)
	isTrail := l.kind != "" && string(l.topic) == actionTrail
	switch {
	case !isTrail:
		dst = append(dst, "<14>1 "...)
	case l.level == "high":
		dst = append(dst, "<10>1 "...)
	case l.level == "low":
		dst = append(dst, "<14>1 "...)
	default:
		dst = append(dst, "<12>1 "...)
	}
	dst = append(l.clock(dst), "Z host "...)
	if isTrail {
		dst = append(dst, "actiontrail - "...)
		if l.level == "" {
			dst = append(dst, '-')
		} else {
			dst = append(dst, l.trail.name[:min(len(l.trail.name), 32)]...)
		}
		dst = append(dst, " - "...)
	} else {
		dst = append(dst, "- - - - "...)
	}
	dst = append(dst, l.pairs...)
	if l.nanos != 0 {
		dst = strconv.AppendUint(append(dst, "||__time_ns_part__="...), uint64(l.nanos), 10)
	}
	for i := range l.fields {
		dst = appendPair(dst, l.fields[i].key, l.fields[i].value)
	}
	if l.level != "" {
		dst = append(append(dst, "||risk="...), l.level...)
		dst = strconv.AppendInt(append(dst, "||risk_score="...), int64(l.score), 10)
	}
	// The length stands right before the message, which moves only when it is
	// not as long as the one before.
	var text [8]byte
	n := append(strconv.AppendInt(text[:0], int64(len(dst)-body), 10), ' ')
	if len(n) != body-frame {
		l.width = len(n)
		dst = append(dst, room...)
		copy(dst[frame+len(n):], dst[body:len(dst)-len(room)])
		dst = dst[:len(dst)-len(room)-(body-frame)+len(n)]
	}
	copy(dst[frame:], n)
	return dst
}

// clock appends the time, and keeps the text of its second.
func (l *log) clock(dst []byte) []byte {
	if l.second != l.seconds || len(l.stamp) == 0 {
		l.second = l.seconds
		l.stamp = time.Unix(int64(l.seconds), 0).UTC().AppendFormat(l.stamp[:0], "2006-01-02T15:04:05")
	}
	dst = append(dst, l.stamp...)
	if micros := l.nanos / 1000; micros != 0 {
		dst = append(dst, '.')
		for unit := uint32(100_000); unit > 0; unit /= 10 {
			dst = append(dst, byte('0'+micros/unit%10))
		}
	}
	return dst
}

// appendPair appends ||key=value, control characters escaped.
func appendPair(dst, key, value []byte) []byte {
	dst = append(append(append(dst, "||"...), key...), '=')
	for from := 0; ; {
		at := printing(value, from)
		dst = append(dst, value[from:at]...)
		if at == len(value) {
			return dst
		}
		dst = append(dst, '\\', 'u', '0', '0', "0123456789abcdef"[value[at]>>4], "0123456789abcdef"[value[at]&15])
		from = at + 1
	}
}

// printing returns where the first control character of s is, from at on.
func printing(s []byte, at int) int {
	for ; at+8 <= len(s); at += 8 {
		w := binary.LittleEndian.Uint64(s[at:])
		if m := ((w - every*' ') | ((w ^ every*0x7f) - every)) &^ w & (every * 0x80); m != 0 {
			return at + bits.TrailingZeros64(m)/8
		}
	}
	for at < len(s) && s[at] >= ' ' && s[at] != 0x7f {
		at++
	}
	return at
}
