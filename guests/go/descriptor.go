package slswasm

import "strconv"

// Init gives the configuration to the guest and returns its descriptor, as
// the export slswasm_v1_init does. It is exported for tests.
func Init(config []byte) []byte { return self.init(config) }

func (g *guest) init(config []byte) []byte {
	g.forgetMetrics()
	text := g.configured(config)
	if text == "" && g.handle == nil {
		text = "the guest has no function for logs: call slswasm.Handle in a package variable or an init function"
	}
	if g.tell != nil && text == "" {
		g.tell(g)
	}

	d := append([]byte(nil), `{"name":`...)
	d = appendJSON(d, g.name)
	d = append(d, `,"version":`...)
	d = appendJSON(d, g.version)
	d = append(d, `,"fields":[`...)
	for i, f := range g.fields {
		if i > 0 {
			d = append(d, ',')
		}
		d = appendJSON(d, f)
	}
	if g.allFields {
		if len(g.fields) > 0 {
			d = append(d, ',')
		}
		d = appendJSON(d, allFields)
	}
	d = append(d, ']')
	if g.batchMax != 0 {
		d = append(d, `,"batch_max":`...)
		d = strconv.AppendInt(d, int64(g.batchMax), 10)
	}
	d = append(d, `,"error":`...)
	d = appendJSON(d, text)
	return append(d, '}')
}

// configured calls the author's function and returns what is wrong, or "".
func (g *guest) configured(config []byte) (text string) {
	if g.configure == nil {
		return ""
	}
	defer func() {
		if v := recover(); v != nil {
			text = panicText(v)
		}
	}()
	if err := g.configure(config); err != nil {
		if text = err.Error(); text == "" {
			text = "the guest refused its configuration and did not say why"
		}
	}
	return text
}

// panicText is what fmt would print, without fmt, which is large.
func panicText(v any) string {
	switch v := v.(type) {
	case error:
		return "panic: " + v.Error()
	case interface{ String() string }:
		return "panic: " + v.String()
	case string:
		return "panic: " + v
	}
	return "panic with a value that has no text"
}

func quote(s string) string { return string(appendJSON(nil, s)) }

// appendJSON appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD.
func appendJSON(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // invalid UTF-8 yields U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = append(dst, string(r)...)
		}
	}
	return append(dst, '"')
}
