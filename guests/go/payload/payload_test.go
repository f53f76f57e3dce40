package payload

import (
	"strings"
	"testing"
)

var device = Device{Vendor: `Alibaba|Cloud\`, Product: "Action\nTrail", Version: "1"}

func TestCEF(t *testing.T) {
	var c CEF
	for range 2 { // the buffer is used again
		c.Begin(device, "id", "a name", 12)
		c.AddString("src", "203.0.113.7")
		c.Add("msg x=", []byte("a=b\\c|d\r\nend|"))
		c.AddString("last", "")
		const want = `CEF:0|Alibaba\|Cloud\\|Action Trail|1|id|a name|10|src=203.0.113.7 msg_x_=a\=b\\c|d\r\nend| last=`
		if got := string(c.Bytes()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestLEEF(t *testing.T) {
	var l LEEF
	for range 2 {
		l.Begin(device, "ConsoleSignin")
		l.AddString("src", "203.0.113.7")
		l.Add("a\tkey", []byte("a=b\tc\r\nd|"))
		const want = "LEEF:1.0|Alibaba Cloud\\|Action Trail|1|ConsoleSignin|src=203.0.113.7\ta_key=a=b c  d|"
		if got := string(l.Bytes()); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestKV(t *testing.T) {
	var k KV
	for range 2 {
		k.Begin()
		k.AddString("user", `al"ice\`)
		k.Add("a b", []byte("two\nlines\r"))
		if got, want := string(k.Bytes()), `user="al\"ice\\" a_b="two\nlines\r"`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var (
		c     CEF
		l     LEEF
		k     KV
		value = []byte("v=1")
	)
	n := testing.AllocsPerRun(100, func() {
		c.Begin(device, "id", "name", 3)
		c.Add("k", value)
		l.Begin(device, "id")
		l.Add("k", value)
		k.Begin()
		k.Add("k", value)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCEF: a reader that knows the escapes gets the value back, and no value
// can pass for another field.
func FuzzCEF(f *testing.F) {
	f.Add("a=b\\c|d\r\nend\\", "name|x\\")
	f.Fuzz(func(t *testing.T, value, name string) {
		var c CEF
		c.Begin(Device{}, "id", name, 3)
		c.AddString("k", value)
		message := string(c.Bytes())
		if strings.ContainsAny(message, "\r\n") {
			t.Fatalf("a line break in %q", message)
		}
		fields := splitUnescaped(message, '|', 8)
		if len(fields) != 8 {
			t.Fatalf("%d fields in %q", len(fields), message)
		}
		parts := splitUnescaped(fields[7], '=', -1)
		unescape := strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\n`, "\n", `\r`, "\r")
		if len(parts) != 2 || unescape.Replace(parts[1]) != value {
			t.Fatalf("%q is read as %q", message, parts)
		}
	})
}

// splitUnescaped splits s at sep where no backslash is before it, into at most
// n parts if n is positive.
func splitUnescaped(s string, sep byte, n int) (parts []string) {
	start := 0
	for i := 0; i < len(s) && len(parts) != n-1; i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
