package sinktest

import (
	"bytes"
	"fmt"
	"time"
)

// A SyslogMessage is one message as a receiver reads it. Its bytes are views
// into the receiver's buffer; Clone makes them one's own. A nil header field
// is a NILVALUE ("-").
type SyslogMessage struct {
	Facility, Severity int
	Time               time.Time // zero: NILVALUE; of RFC 3164: in year 0, UTC
	Hostname           []byte
	AppName            []byte // of RFC 3164: the tag
	ProcID, MsgID      []byte
	Structured         []SyslogElement
	Msg                []byte
}

// A SyslogElement is one SD-ELEMENT of RFC 5424, section 6.3.1.
type SyslogElement struct {
	ID     []byte
	Params []SyslogParam
}

// A SyslogParam is one SD-PARAM; Value is unescaped.
type SyslogParam struct{ Name, Value []byte }

// Clone copies the message out of the receiver's buffer.
func (m *SyslogMessage) Clone() SyslogMessage {
	c := *m
	for _, b := range []*[]byte{&c.Hostname, &c.AppName, &c.ProcID, &c.MsgID, &c.Msg} {
		*b = bytes.Clone(*b)
	}
	c.Structured = nil
	for _, e := range m.Structured {
		own := SyslogElement{ID: bytes.Clone(e.ID)}
		for _, p := range e.Params {
			own.Params = append(own.Params, SyslogParam{bytes.Clone(p.Name), bytes.Clone(p.Value)})
		}
		c.Structured = append(c.Structured, own)
	}
	return c
}

// ParseRFC5424 reads one message by the grammar of RFC 5424, section 6, and
// refuses what the grammar does not allow.
func ParseRFC5424(b []byte) (SyslogMessage, error) {
	var m SyslogMessage
	p := parser{rest: b}
	p.pri(&m)
	p.expect("1 ")
	m.Time = p.timestamp()
	m.Hostname = p.header("HOSTNAME", 255)
	m.AppName = p.header("APP-NAME", 48)
	m.ProcID = p.header("PROCID", 128)
	m.MsgID = p.header("MSGID", 32)
	m.Structured = p.structured()
	if p.err == nil && len(p.rest) > 0 {
		p.expect(" ")
		m.Msg = p.rest
	}
	return m, p.wrap("RFC 5424", b)
}

// ParseRFC3164 reads `<PRI>Mmm _d hh:mm:ss HOST TAG[PID]: MSG`, the one form
// of RFC 3164 that senders agree on.
func ParseRFC3164(b []byte) (SyslogMessage, error) {
	var m SyslogMessage
	p := parser{rest: b}
	p.pri(&m)
	m.Time = p.stamp()
	m.Hostname = p.header("HOSTNAME", 255)
	tag, msg, found := bytes.Cut(p.rest, []byte(": "))
	if !found {
		p.fail("no \": \" after the tag")
	}
	m.AppName, m.Msg = tag, msg
	if i := bytes.IndexByte(tag, '['); i >= 0 {
		if tag[len(tag)-1] != ']' {
			p.fail("tag %q opens a bracket and does not close it", tag)
		} else {
			m.AppName, m.ProcID = tag[:i], tag[i+1:len(tag)-1]
		}
	}
	if len(m.AppName) == 0 || !printable(m.AppName) || !printable(m.ProcID) {
		p.fail("bad tag %q", tag)
	}
	if string(m.AppName) == "-" {
		m.AppName = nil
	}
	return m, p.wrap("RFC 3164", b)
}

// A parser consumes a message from the front; after its first error it
// consumes nothing more.
type parser struct {
	rest []byte
	err  error
}

func (p *parser) wrap(grammar string, b []byte) error {
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%w by %s: %w: %.200q", errProtocol, grammar, p.err, b)
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
		p.rest = nil
	}
}

func (p *parser) expect(s string) {
	if !bytes.HasPrefix(p.rest, []byte(s)) {
		p.fail("want %q before %.20q", s, p.rest)
		return
	}
	p.rest = p.rest[len(s):]
}

// until takes what stands before the first c, and c with it.
func (p *parser) until(c byte) []byte {
	i := bytes.IndexByte(p.rest, c)
	if i < 0 {
		p.fail("no %q", c)
		return nil
	}
	b := p.rest[:i:i]
	p.rest = p.rest[i+1:]
	return b
}

func (p *parser) pri(m *SyslogMessage) {
	p.expect("<")
	n, ok := digits(p.until('>'), 3)
	if p.err == nil && (!ok || n > 191) {
		p.fail("bad PRI")
	}
	m.Facility, m.Severity = n>>3, n&7
}

func (p *parser) header(name string, most int) []byte {
	b := p.until(' ')
	switch {
	case p.err != nil:
		return nil
	case len(b) == 0 || len(b) > most:
		p.fail("%s has %d bytes, want 1 to %d", name, len(b), most)
	case !printable(b):
		p.fail("%s is not printable ASCII: %q", name, b)
	case string(b) == "-":
		return nil
	}
	return b
}

func (p *parser) timestamp() time.Time {
	b := p.until(' ')
	if p.err != nil || string(b) == "-" {
		return time.Time{}
	}
	// time.Parse takes an hour of one digit, any number of fraction digits
	// and a comma before them: RFC 5424 takes two, 1 to 6, and a dot.
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil || b[13] != ':' {
		p.fail("bad TIMESTAMP %q", b)
		return time.Time{}
	}
	if b[19] != 'Z' && b[19] != '+' && b[19] != '-' {
		fraction := bytes.TrimRight(b[20:], "Z")
		if i := bytes.IndexAny(fraction, "+-"); i >= 0 {
			fraction = fraction[:i]
		}
		if b[19] != '.' || len(fraction) == 0 || len(fraction) > 6 {
			p.fail("bad fraction in TIMESTAMP %q", b)
		}
	}
	return t
}

// stamp reads the timestamp of RFC 3164, of which the width is fixed.
func (p *parser) stamp() time.Time {
	const layout = time.Stamp // "Jan _2 15:04:05"
	if len(p.rest) <= len(layout) || p.rest[len(layout)] != ' ' {
		p.fail("no timestamp")
		return time.Time{}
	}
	t, err := time.Parse(layout, string(p.rest[:len(layout)]))
	if err != nil || t.Format(layout) != string(p.rest[:len(layout)]) {
		p.fail("bad timestamp %q", p.rest[:len(layout)])
		return time.Time{}
	}
	p.rest = p.rest[len(layout)+1:]
	return t
}

func (p *parser) structured() []SyslogElement {
	if bytes.HasPrefix(p.rest, []byte("-")) {
		p.rest = p.rest[1:]
		return nil
	}
	var all []SyslogElement
	for p.err == nil {
		e := p.element()
		for _, other := range all {
			if bytes.Equal(other.ID, e.ID) {
				p.fail("SD-ID %q occurs twice", e.ID)
			}
		}
		all = append(all, e)
		if !bytes.HasPrefix(p.rest, []byte("[")) {
			break
		}
	}
	return all
}

func (p *parser) element() SyslogElement {
	p.expect("[")
	e := SyslogElement{ID: p.name()}
	for p.err == nil && bytes.HasPrefix(p.rest, []byte(" ")) {
		p.rest = p.rest[1:]
		name := p.name()
		p.expect(`="`)
		e.Params = append(e.Params, SyslogParam{name, p.value()})
	}
	p.expect("]")
	return e
}

// name reads an SD-NAME.
func (p *parser) name() []byte {
	i := 0
	for i < len(p.rest) && p.rest[i] > ' ' && p.rest[i] < 0x7f && !bytes.ContainsRune([]byte(`=]"`), rune(p.rest[i])) {
		i++
	}
	if i == 0 || i > 32 {
		p.fail("SD-NAME of %d bytes", i)
		return nil
	}
	b := p.rest[:i:i]
	p.rest = p.rest[i:]
	return b
}

// value reads a PARAM-VALUE and the quote that ends it.
func (p *parser) value() []byte {
	value := []byte{}
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; c {
		case '"':
			p.rest = p.rest[i+1:]
			return value
		case ']':
			p.fail("a bare ] in a PARAM-VALUE")
			return nil
		case '\\':
			if i+1 < len(p.rest) && bytes.IndexByte([]byte(`"\]`), p.rest[i+1]) >= 0 {
				i++
			}
			value = append(value, p.rest[i])
		default:
			value = append(value, c)
		}
	}
	p.fail("a PARAM-VALUE without an end")
	return nil
}

func printable(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// digits reads a number of at most so many digits that does not start with 0,
// unless it is 0.
func digits(b []byte, most int) (n int, ok bool) {
	if len(b) == 0 || len(b) > most || (len(b) > 1 && b[0] == '0') {
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
