package sinktest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseRFC5424(t *testing.T) {
	for in, want := range map[string]SyslogMessage{
		// The examples of RFC 5424, section 6.5.
		"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed": {
			Facility: 4, Severity: 2, Time: time.Date(2003, 10, 11, 22, 14, 15, 3e6, time.UTC),
			Hostname: []byte("mymachine.example.com"), AppName: []byte("su"), MsgID: []byte("ID47"), Msg: []byte("\xef\xbb\xbf'su root' failed"),
		},
		"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's": {
			Facility: 20, Severity: 5, Time: time.Date(2003, 8, 24, 12, 14, 15, 3e3, time.UTC),
			Hostname: []byte("192.0.2.1"), AppName: []byte("myproc"), ProcID: []byte("8710"), Msg: []byte("%% It's"),
		},
		`<0>1 - - - - - [a@1 x="1" y="\"\\\]\n"][b]`: {
			Structured: []SyslogElement{
				{ID: []byte("a@1"), Params: []SyslogParam{{[]byte("x"), []byte("1")}, {[]byte("y"), []byte(`"\]\n`)}}},
				{ID: []byte("b")},
			},
		},
		"<191>1 - - - - - - ": {Facility: 23, Severity: 7, Msg: []byte{}},
	} {
		got, err := ParseRFC5424([]byte(in))
		if err != nil {
			t.Error(err)
		}
		got.Time = got.Time.UTC()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
		if diff := cmp.Diff(got, got.Clone()); diff != "" {
			t.Errorf("%s: cloned %s", in, diff)
		}
	}
}

func TestParseRFC5424Refuses(t *testing.T) {
	for _, in := range []string{
		"", "<", "<1", "<>1 - - - - - -", "<192>1 - - - - - -", "<01>1 - - - - - -", "<1a>1 - - - - - -", "<-1>1 - - - - - -",
		"<1> - - - - - -", "<1>2 - - - - - -", "<1>1  - - - - - -", "<1>1 - - - - -", "<1>1 - - - - - ", "<1>1 - - - - - -x", "<1>1 - - - -  -",
		"<1>1 2003-10-11 22:14:15Z - - - - -", "<1>1 2003-10-11T2:14:15Z - - - - -", "<1>1 2003-10-11T22:14:15 - - - - -",
		"<1>1 2003-10-11T22:14:15.Z - - - - -", "<1>1 2003-10-11T22:14:15,1Z - - - - -", "<1>1 2003-10-11T22:14:15.1234567Z - - - - -",
		"<1>1 2003-10-11T22:14:15.1234567+01:00 - - - - -", "<1>1 2003-13-11T22:14:15Z - - - - -", "<1>1 2003-10-11t22:14:15z - - - - -",
		"<1>1 - " + strings.Repeat("h", 256) + " - - - -", "<1>1 - - " + strings.Repeat("a", 49) + " - - -",
		"<1>1 - - - " + strings.Repeat("p", 129) + " - -", "<1>1 - - - - " + strings.Repeat("m", 33) + " -", "<1>1 - h\x7f - - - -", "<1>1 - \xe9 - - - -",
		"<1>1 - - - - - []", "<1>1 - - - - - [a", "<1>1 - - - - - [a ]", "<1>1 - - - - - [a b]", "<1>1 - - - - - [a b=]", `<1>1 - - - - - [a b="]`,
		`<1>1 - - - - - [a b="]"]`, `<1>1 - - - - - [a b="\`, `<1>1 - - - - - [a b="c" ]`, `<1>1 - - - - - [a][a]`, `<1>1 - - - - - [a=b]`,
		`<1>1 - - - - - [` + strings.Repeat("i", 33) + `]`, `<1>1 - - - - - [a][`,
	} {
		if m, err := ParseRFC5424([]byte(in)); err == nil {
			t.Errorf("accepted %q as %+v", in, m)
		}
	}
}

func TestParseRFC3164(t *testing.T) {
	for in, want := range map[string]SyslogMessage{
		"<34>Oct 11 22:14:15 mymachine su: 'su root' failed": {
			Facility: 4, Severity: 2, Time: time.Date(0, 10, 11, 22, 14, 15, 0, time.UTC),
			Hostname: []byte("mymachine"), AppName: []byte("su"), Msg: []byte("'su root' failed"),
		},
		"<13>Feb  5 17:32:18 10.0.0.99 cron[77]: a: b": {
			Facility: 1, Severity: 5, Time: time.Date(0, 2, 5, 17, 32, 18, 0, time.UTC),
			Hostname: []byte("10.0.0.99"), AppName: []byte("cron"), ProcID: []byte("77"), Msg: []byte("a: b"),
		},
		"<13>Feb  5 17:32:18 - -: ": {Facility: 1, Severity: 5, Time: time.Date(0, 2, 5, 17, 32, 18, 0, time.UTC), Msg: []byte{}},
	} {
		got, err := ParseRFC3164([]byte(in))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	for _, in := range []string{
		"", "<13>Feb 5 17:32:18 h t: m", "<13>Feb 05 17:32:18 h t: m", "<13>Feb  5 17:32:18 h t m", "<13>Feb  5 17:32:18 h t[1: m", "<13>Feb  5 17:32:18 h : m",
		"<13>Feb  5 17:32:18 h a b: m", "<13>Feb  5 17:32:18  t: m", "<13>1 2003-10-11T22:14:15Z h a - - - m", "<13>Feb  5 17:32:18", "<13>Feb  5 17:32:18 h [1]: m",
	} {
		if m, err := ParseRFC3164([]byte(in)); err == nil {
			t.Errorf("accepted %q as %+v", in, m)
		}
	}
}

// FuzzParse reads anything without a panic, and takes no byte from nowhere.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`<165>1 2003-10-11T22:14:15.003Z h evntslog 1 ID47 [a@1 x="\"1"][b@1 y="2"] msg`))
	f.Add([]byte("<34>Oct 11 22:14:15 mymachine su[1]: 'su root' failed"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func([]byte) (SyslogMessage, error){ParseRFC5424, ParseRFC3164} {
			m, err := parse(b)
			if err != nil {
				continue
			}
			if !bytes.HasSuffix(b, m.Msg) || !bytes.Contains(b, m.Hostname) || m.Facility > 23 || m.Severity > 7 {
				t.Errorf("%q read as %+v", b, m)
			}
		}
	})
}
