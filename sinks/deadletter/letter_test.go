package deadletter

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slswasm/slswasm/abi"
)

func sample() Letter {
	return Letter{
		At: time.Date(2024, 2, 9, 3, 4, 5, 6, time.UTC), Reason: `trap: <unreachable> & "more"`,
		Stage: Stage{Kind: StageGuest, Name: "audit", SHA256: "ab12"},
		Flow:  "prod", Project: "p", Logstore: "l", Shard: 3, Cursor: "MTY=", Index: 17,
		Log: abi.Log{Time: 1707447845000000001, Group: 2, Fields: []abi.Field{
			{Key: []byte("__time__"), Value: []byte("1707447845")},
			{Key: []byte("k\x00"), Value: []byte("a\nb\u2028日本<>&")},
			{Key: []byte("\xff"), Value: []byte("a\xffb\xed\xa0\x80")},
			{Key: []byte("nested"), Value: []byte(`{"a": 1}`), JSON: true},
			{Key: []byte("nested, bad"), Value: []byte("\"\xff\""), JSON: true},
			{Key: []byte("empty"), Value: []byte{}},
		}},
	}
}

const sampleLine = `{"at":"2024-02-09T03:04:05.000000006Z","reason":"trap: <unreachable> & \"more\"",` +
	`"stage":{"kind":"guest","name":"audit","sha256":"ab12"},"flow":"prod","project":"p","logstore":"l","shard":3,"cursor":"MTY=","index":17,` +
	`"time_ns":1707447845000000001,"group":2,"fields":[["__time__","1707447845"],["k\u0000","a\nb\u2028日本<>&"],` +
	`[{"base64":"/w=="},{"base64":"Yf9i7aCA"}],["nested",{"text":"{\"a\": 1}","json":true}],["nested, bad",{"base64":"Iv8i","json":true}],["empty",""]]}` + "\n"

func TestForm(t *testing.T) {
	letter := sample()
	b, err := appendLetter(nil, &letter)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleLine, string(b)); diff != "" {
		t.Error(diff)
	}
	got, err := scanAll(sampleLine)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Letter{letter}, got); diff != "" {
		t.Error(diff)
	}
}

func scanAll(s string) (all []Letter, err error) {
	err = Scan(strings.NewReader(s), func(l Letter) error {
		all = append(all, l)
		return nil
	})
	return all, err
}

func TestScanErrors(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"torn":             {sampleLine + sampleLine[:50], "line 2: the last letter is torn"},
		"no line end":      {sampleLine[:len(sampleLine)-1], "line 1: the last letter is torn"},
		"not JSON":         {sampleLine + "hello\n" + sampleLine, "line 2 is not a dead letter: invalid character"},
		"no fields":        {"{}\n", `line 1 is not a dead letter: "fields" is missing`},
		"empty line":       {"\n", "line 1 is not a dead letter: EOF"},
		"unknown key":      {strings.Replace(sampleLine, `"shard"`, `"sherd"`, 1), `unknown field "sherd"`},
		"two on a line":    {strings.TrimSuffix(sampleLine, "\n") + sampleLine, "more than one value"},
		"a brace too many": {strings.TrimSuffix(sampleLine, "\n") + "}\n", "more than one value"},
		"no content":       {strings.Replace(sampleLine, `{"base64":"/w=="}`, "{}", 1), `either "text" or "base64"`},
		"two contents":     {strings.Replace(sampleLine, `{"base64":"/w=="}`, `{"base64":"/w==","text":""}`, 1), `either "text" or "base64"`},
		"bad base64":       {strings.Replace(sampleLine, `/w==`, `/w`, 1), "illegal base64"},
		"number as value":  {strings.Replace(sampleLine, `"1707447845"]`, `1]`, 1), "cannot unmarshal number"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := scanAll(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	stop := errors.New("stop")
	if err := Scan(strings.NewReader(sampleLine+sampleLine), func(Letter) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if got, err := scanAll(sampleLine + "{"); len(got) != 1 || !errors.Is(err, ErrTorn) {
		t.Error(len(got), err)
	}
}

// FuzzRoundTrip holds that every byte of a log comes back.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("k"), []byte("v"), []byte("\xff\x00\n"), "reason", int64(1), uint32(0), false)
	f.Add([]byte{}, []byte("{\"a\":\n1}"), []byte("\u2028\ufffd<&>"), "bad \xff", int64(-1), uint32(9), true)
	f.Fuzz(func(t *testing.T, key, a, b []byte, reason string, ns int64, group uint32, isJSON bool) {
		want := sample()
		want.Reason = reason
		want.Log = abi.Log{Time: ns, Group: group, Fields: []abi.Field{{Key: key, Value: a, JSON: isJSON}, {Key: b, Value: key, JSON: !isJSON}}}
		line, err := appendLetter(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexByte(line, '\n'); i != len(line)-1 || !bytes.HasPrefix(line, []byte(prefix)) {
			t.Fatalf("not one line of the form: %q", line)
		}
		got, err := scanAll(string(line) + string(line))
		if err != nil {
			t.Fatal(err)
		}
		want.Reason = string([]rune(reason))
		if diff := cmp.Diff([]Letter{want, want}, got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzScan reads anything without a panic, and what it accepts it would write.
func FuzzScan(f *testing.F) {
	f.Add([]byte(sampleLine))
	f.Add([]byte(sampleLine[:100]))
	f.Add([]byte(`{"fields":[["a",{"base64":""}]]}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _ := scanAll(string(b))
		for _, l := range got {
			line, err := appendLetter(nil, &l)
			if err != nil {
				t.Skip() // a year that JSON does not take
			}
			again, err := scanAll(string(line))
			if err != nil || !cmp.Equal([]Letter{l}, again, cmpopts.EquateEmpty()) {
				t.Errorf("%q became %q: %v", b, line, err)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	letter := sample()
	var buf []byte
	b.SetBytes(int64(len(sampleLine)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = appendLetter(buf[:0], &letter); err != nil {
			b.Fatal(err)
		}
	}
}
