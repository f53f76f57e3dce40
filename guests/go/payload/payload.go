// Package payload builds the bodies that a SIEM expects in place of a log's
// fields: CEF for ArcSight and many others, LEEF for QRadar, and key="value"
// pairs for Splunk. Give the result to Event.Body.
//
//	var cef payload.CEF // keeps its buffer: make it once
//
//	cef.Begin(device, "ConsoleSignin", "Console sign-in", 8)
//	cef.Add("src", address)
//	l.Body(cef.Bytes())
//
// The framing of syslog messages, and characters that no receiver takes, are
// the sink's matter.
package payload

import "strconv"

// A Device is what CEF and LEEF want to know of the sender.
type Device struct{ Vendor, Product, Version string }

// CEF builds a message of ArcSight's Common Event Format, version 0.
type CEF struct {
	buf  []byte
	more bool
}

// Begin starts a message: the event's class, its name for people, and how bad
// it is, 0 to 10; severities beyond are taken for the nearest.
func (c *CEF) Begin(d Device, id, name string, severity int) {
	c.buf = append(c.buf[:0], "CEF:0|"...)
	for _, s := range [...]string{d.Vendor, d.Product, d.Version, id, name} {
		c.buf = append(appendCEFHeader(c.buf, s), '|')
	}
	c.buf = strconv.AppendInt(c.buf, int64(min(max(severity, 0), 10)), 10)
	c.buf = append(c.buf, '|')
	c.more = false
}

// Add appends an extension. In the key, what is not a letter, a digit, a dot
// or an underscore becomes an underscore.
func (c *CEF) Add(key string, value []byte) { addCEF(c, key, value) }

// AddString is Add for text.
func (c *CEF) AddString(key, value string) { addCEF(c, key, value) }

// Bytes returns the message, good until the next Begin.
func (c *CEF) Bytes() []byte { return c.buf }

func addCEF[T string | []byte](c *CEF, key string, value T) {
	if c.more {
		c.buf = append(c.buf, ' ')
	}
	c.more = true
	c.buf = append(appendName(c.buf, key), '=')
	for i := 0; i < len(value); i++ {
		switch b := value[i]; b {
		case '\\', '=':
			c.buf = append(c.buf, '\\', b)
		case '\n':
			c.buf = append(c.buf, '\\', 'n')
		case '\r':
			c.buf = append(c.buf, '\\', 'r')
		default:
			c.buf = append(c.buf, b)
		}
	}
}

func appendCEFHeader(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch b := s[i]; b {
		case '\\', '|':
			dst = append(dst, '\\', b)
		case '\n', '\r':
			dst = append(dst, ' ')
		default:
			dst = append(dst, b)
		}
	}
	return dst
}

// LEEF builds a message of QRadar's Log Event Extended Format, version 1.0,
// with tabs between the attributes. LEEF knows no escapes: what would end a
// value becomes a space.
type LEEF struct {
	buf  []byte
	more bool
}

// Begin starts a message.
func (l *LEEF) Begin(d Device, eventID string) {
	l.buf = append(l.buf[:0], "LEEF:1.0|"...)
	for _, s := range [...]string{d.Vendor, d.Product, d.Version, eventID} {
		for i := 0; i < len(s); i++ {
			b := s[i]
			if b == '|' || b == '\n' || b == '\r' || b == '\t' {
				b = ' '
			}
			l.buf = append(l.buf, b)
		}
		l.buf = append(l.buf, '|')
	}
	l.more = false
}

// Add appends an attribute. In the key, what is not a letter, a digit, a dot
// or an underscore becomes an underscore.
func (l *LEEF) Add(key string, value []byte) { addLEEF(l, key, value) }

// AddString is Add for text.
func (l *LEEF) AddString(key, value string) { addLEEF(l, key, value) }

// Bytes returns the message, good until the next Begin.
func (l *LEEF) Bytes() []byte { return l.buf }

func addLEEF[T string | []byte](l *LEEF, key string, value T) {
	if l.more {
		l.buf = append(l.buf, '\t')
	}
	l.more = true
	l.buf = append(appendName(l.buf, key), '=')
	for i := 0; i < len(value); i++ {
		b := value[i]
		if b == '\t' || b == '\n' || b == '\r' {
			b = ' '
		}
		l.buf = append(l.buf, b)
	}
}

// KV builds key="value" pairs with spaces between them, which Splunk takes
// apart when it searches. Quotes, backslashes and line breaks in values are escaped.
type KV struct{ buf []byte }

// Begin starts a message.
func (k *KV) Begin() { k.buf = k.buf[:0] }

// Add appends a pair. In the key, what is not a letter, a digit, a dot or an
// underscore becomes an underscore.
func (k *KV) Add(key string, value []byte) { addKV(k, key, value) }

// AddString is Add for text.
func (k *KV) AddString(key, value string) { addKV(k, key, value) }

// Bytes returns the message, good until the next Begin.
func (k *KV) Bytes() []byte { return k.buf }

func addKV[T string | []byte](k *KV, key string, value T) {
	if len(k.buf) > 0 {
		k.buf = append(k.buf, ' ')
	}
	k.buf = append(appendName(k.buf, key), '=', '"')
	for i := 0; i < len(value); i++ {
		switch b := value[i]; b {
		case '"', '\\':
			k.buf = append(k.buf, '\\', b)
		case '\n':
			k.buf = append(k.buf, '\\', 'n')
		case '\r':
			k.buf = append(k.buf, '\\', 'r')
		default:
			k.buf = append(k.buf, b)
		}
	}
	k.buf = append(k.buf, '"')
}

func appendName(dst []byte, key string) []byte {
	for i := 0; i < len(key); i++ {
		b := key[i]
		ok := 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9' || b == '.' || b == '_'
		if !ok {
			b = '_'
		}
		dst = append(dst, b)
	}
	return dst
}
