package syslog

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
)

func TestDevicePayloads(t *testing.T) {
	const head = "<14>1 2024-02-09T03:04:05.123456Z h - - "
	login := event(field("__time__", "1707447845"), field("__topic__", "log|in"), field("user name", `a=b\c`), field("text", "two\r\nlines\x00\t^ "))
	graded := event(field("sev", "1"))
	graded.Meta = meta(func(m *abi.Meta) { m.Severity, m.MsgID = 1, []byte(`4|2\`) })
	body := event(field("a", "1"))
	body.Body = []byte("CEF:0|its|own")

	for name, c := range map[string]struct {
		cfg  Config
		ev   abi.Event
		want string
	}{
		"cef":         {Config{Payload: CEF}, login, head + `- - CEF:0|Alibaba Cloud|Log Service|1.0|log\|in|log\|in|2|__topic__=log|in user_name=a\=b\\c text=two\r\nlines\\u0000` + "\t^ \n"},
		"cef, graded": {Config{Payload: CEF, Device: `a\|b|c d`}, graded, strings.Replace(head, "14", "9", 1) + `4|2\ - CEF:0|a\\|b|c d|4\|2\\|4\|2\\|9|sev=1` + "\n"},
		"cef, empty":  {Config{Payload: CEF, MsgID: "id"}, event(), head + `id - CEF:0|Alibaba Cloud|Log Service|1.0|id|id|2|` + "\n"},
		"cef, lines":  {Config{Payload: CEF}, event(field("__topic__", "a\nb")), head + `- - CEF:0|Alibaba Cloud|Log Service|1.0|a b|a b|2|__topic__=a\nb` + "\n"},
		"cef, body":   {Config{Payload: CEF}, body, head + "- - CEF:0|its|own\n"},
		"cef, keys":   {Config{Payload: CEF}, event(field("", "1"), field("a.é=\n", "2")), head + `- - CEF:0|Alibaba Cloud|Log Service|1.0|log|log|2|_=1 a____=2` + "\n"},
		"leef":        {Config{Payload: LEEF}, login, head + `- - LEEF:1.0|Alibaba Cloud|Log Service|1.0|log_in|sev=2` + "\t__topic__=log|in\tuser_name=a=b\\c\ttext=two\\r\\nlines\\u0000 ^ \n"},
		"leef, own":   {Config{Payload: LEEF}, graded, strings.Replace(head, "14", "9", 1) + `4|2\ - LEEF:1.0|Alibaba Cloud|Log Service|1.0|4_2\|sev=1` + "\n"},
		"leef2":       {Config{Payload: LEEF2}, login, head + `- - LEEF:2.0|Alibaba Cloud|Log Service|1.0|log_in|^|sev=2^__topic__=log|in^user_name=a=b\c^text=two\r\nlines\u0000` + "\t  \n"},
		"leef2, ;":    {Config{Payload: LEEF2, Sep: ";"}, event(field("a", "1;2")), head + `- - LEEF:2.0|Alibaba Cloud|Log Service|1.0|log|;|sev=2;a=1 2` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, encode(t, c.cfg, c.ev)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzDevicePayloads reads back what was written, as a receiver does.
func FuzzDevicePayloads(f *testing.F) {
	f.Add([]byte("topic"), []byte("key"), []byte("value"), []byte("other"), []byte("a b=c"))
	f.Add([]byte("a|b\\"), []byte("k=\n"), []byte("x=1 y\\=2\\"), []byte(""), []byte("\r\n\x00\t^|"))
	f.Add([]byte("\xff\n"), []byte("é"), []byte(" lead and trail "), []byte("_"), []byte("\u0085\u2028\\u0000"))
	f.Fuzz(func(t *testing.T, topic, key, value, key2, value2 []byte) {
		ev := event(field("__topic__", string(topic)), field(string(key), string(value)), field(string(key2), string(value2)))
		fields := 3
		for i := range ev.Fields {
			if isTime(&ev, ev.Fields[i]) {
				return
			}
		}
		class := or(topic, defaultClass)
		for _, cfg := range []Config{{Payload: CEF}, {Payload: LEEF}, {Payload: LEEF2}} {
			e := encoderFor(t, cfg)
			e.message(&ev)
			_, msg, found := bytes.Cut(e.buf, []byte(" - - - - "))
			if !found {
				t.Fatalf("%q", e.buf)
			}
			var head, keys, values []string
			if cfg.Payload == CEF {
				head, keys, values = readCEF(t, string(msg))
			} else {
				head, keys, values = readLEEF(t, string(msg), cfg.Payload == LEEF2)
				if _, own := ev.Get("sev"); !own {
					keys, values = keys[1:], values[1:]
				}
			}
			if head[4] != headText(class, cfg.Payload) {
				t.Errorf("%s: class %q of %q", cfg.Payload, head[4], class)
			}
			if len(values) != fields {
				t.Fatalf("%s: %d values in %q", cfg.Payload, len(values), msg)
			}
			for i, f := range ev.Fields {
				if want := valueText(f.Value, cfg.Payload); values[i] != want {
					t.Errorf("%s: %q reads as %q, want %q", cfg.Payload, f.Value, values[i], want)
				}
				if keys[i] == "" || strings.ContainsAny(keys[i], "= \t|^") {
					t.Errorf("%s: key %q", cfg.Payload, keys[i])
				}
			}
		}
	})
}

// headText is what must be read back of a text in the header.
func headText(b []byte, payload string) string {
	if payload == CEF {
		text := strings.NewReplacer("\n", " ", "\r", " ").Replace(toValid(b))
		return escaped([]byte(text))
	}
	return strings.NewReplacer("|", "_", "\t", "_").Replace(escaped(b))
}

// valueText is what must be read back of a value.
func valueText(b []byte, payload string) string {
	switch payload {
	case CEF: // its escapes give the line ends back
		return escapedBut(toValid(b))
	case LEEF:
		return strings.ReplaceAll(escaped(b), "\t", " ")
	}
	return strings.ReplaceAll(escaped(b), "^", " ")
}

// escapedBut escapes all control characters but line ends.
func escapedBut(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || r == '\r' {
			b.WriteRune(r)
			continue
		}
		b.WriteString(escaped([]byte(string(r))))
	}
	return b.String()
}

// readCEF reads by the CEF standard: the header ends with the seventh |
// that has no backslash before it; a key is the word before a = that has none.
func readCEF(t *testing.T, msg string) (head, keys, values []string) {
	t.Helper()
	part := ""
	for i := 0; i < len(msg); i++ {
		switch c := msg[i]; {
		case c == '\\' && len(head) < 7:
			i++
			if msg[i] != '\\' && msg[i] != '|' {
				t.Fatalf("escape %q in %q", msg[i-1:i+1], msg)
			}
			part += msg[i : i+1]
		case c == '|' && len(head) < 7:
			head, part = append(head, part), ""
		default:
			part += msg[i : i+1]
		}
	}
	if len(head) != 7 || head[0] != "CEF:0" {
		t.Fatalf("header %q of %q", head, msg)
	}
	value := ""
	for i := 0; i < len(part); i++ {
		switch c := part[i]; c {
		case '\\':
			i++
			value += unescapeCEF(t, part[i])
		case '=':
			at := strings.LastIndexByte(value, ' ')
			keys = append(keys, value[at+1:])
			if len(keys) > 1 {
				values = append(values, value[:max(at, 0)])
			}
			value = ""
		default:
			value += part[i : i+1]
		}
	}
	return head, keys, append(values, value)
}

func unescapeCEF(t *testing.T, c byte) string {
	t.Helper()
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case '\\', '=':
		return string(c)
	}
	t.Fatalf("escape of %q", c)
	return ""
}

func readLEEF(t *testing.T, msg string, two bool) (head, keys, values []string) {
	t.Helper()
	version, fields, delimiter := "LEEF:1.0", 6, "\t"
	if two {
		version, fields, delimiter = "LEEF:2.0", 7, "^"
	}
	head = strings.SplitN(msg, "|", fields)
	if len(head) != fields || head[0] != version || (two && head[5] != delimiter) {
		t.Fatalf("header of %q", msg)
	}
	for pair := range strings.SplitSeq(head[fields-1], delimiter) {
		key, value, found := strings.Cut(pair, "=")
		if !found {
			t.Fatalf("pair %q of %q", pair, msg)
		}
		keys, values = append(keys, key), append(values, value)
	}
	return head, keys, values
}
