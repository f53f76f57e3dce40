package mask

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

func all() *Masker {
	return New(Options{AccessKeys: true, Emails: true, KeepDomains: []string{"onaliyun.com"}, SecretMembers: true})
}

func TestAppend(t *testing.T) {
	tests := map[string]string{
		"":                                      "",
		"nothing here":                          "nothing here",
		"LTAI5tExampleKey000000001":             "LTAI5tEx****01",
		"id=LTAI5tExampleKey000000001,":         "id=LTAI5tEx****01,",
		"%3DLTAI5tExampleKey000000001%26":       "%3DLTAI5tEx****01%26",
		"LTAIshort":                             "LTAIshort",
		"LTAI":                                  "LTAI",
		"STS.NTExampleExampleExample":           "STS.NTEx****le",
		"TMP.3KdExampleExampleExample":          "TMP.3KdE****le",
		"AKIAIOSFODNN7EXAMPLE":                  "AKIAIOSF****LE",
		"LTAI5tExampleKey0001 LTAI5tOther00002": "LTAI5tEx****01 LTAI5tOt****02",
		"alice@example.com":                     "a***@example.com",
		"to: alice.b+x@mail.example.com.":       "to: a***@mail.example.com.",
		"al@example.com":                        "***@example.com",
		"@example.com":                          "@example.com",
		"alice@localhost":                       "alice@localhost",
		"alice@example.c":                       "alice@example.c",
		"a@b@example.com":                       "a@***@example.com",
		"alice%40example.com":                   "a***%40example.com",
		"100%41example.com":                     "100%41example.com",
		"联系alice@example.com":                   "***@example.com",
		"alice@corp.onaliyun.com":               "alice@corp.onaliyun.com",
		"alice@ONALIYUN.com":                    "alice@ONALIYUN.com",
		"alice@notonaliyun.com":                 "a***@notonaliyun.com",
		"alice@example.com,bob@example.org":     "a***@example.com,b***@example.org",
		"LTAI5tExampleKey000001@example.com":    "LTAI5tEx****01@example.com",
	}
	for text, want := range tests {
		got, masked := all().Append([]byte(">"), []byte(text))
		if !masked {
			got = append(got, text...)
		}
		if string(got) != ">"+want || masked != (text != want) {
			t.Errorf("%q became %q, %v; want %q", text, got[1:], masked, want)
		}
	}
}

// TestManyMarks: what looks like many addresses, in one word, is looked at once. If it were for each of
// them, this would not end.
func TestManyMarks(t *testing.T) {
	for _, piece := range []string{"%40", "%40onaliyun.com", "@", "a%", "x.%4"} {
		if _, masked := all().Append(nil, bytes.Repeat([]byte(piece), 1<<20)); masked {
			t.Errorf("%s: masked", piece)
		}
	}
}

func TestSecretName(t *testing.T) {
	tests := map[string]bool{
		"Password": true, "newPassword": true, "db_password": true, "AccessKeySecret": true, "access-key-secret": true,
		"SecurityToken": true, "private_key": true, "Authorization": true,
		"NextToken": false, "clientToken": false, "passwordPolicy": false, "secretName": false, "": false, "userName": false,
		"aVeryVeryLongNameThatEndsInPassword": true,
	}
	for name, want := range tests {
		if SecretName([]byte(name)) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestJSON(t *testing.T) {
	const src = `{"accessKeyId":"LTAI5tExampleKey000000001","n":1,"tokens":["x"],"token":["x","****"],"to":"bob@example.com",` +
		`"requestParameterJson":"{\"Password\":\"p\\\"w\",\"Users\":[\"\\nLTAI5tExampleKey000000001\"]}","broken":"{\"a\":LTAI5tExampleKey000000001","p\u0061ssword":"x","empty":""}`
	const want = `{"accessKeyId":"LTAI5tEx****01","n":1,"tokens":["x"],"token":["****","****"],"to":"b***@example.com",` +
		`"requestParameterJson":"{\"Password\":\"****\",\"Users\":[\"\\nLTAI5tEx****01\"]}","broken":"{\"a\":LTAI5tEx****01","p\u0061ssword":"****","empty":""}`
	m := all()
	got, masked, err := m.JSON(nil, []byte(src))
	if err != nil || !masked || string(got) != want {
		t.Fatalf("%v, %v\ngot  %s\nwant %s", masked, err, got, want)
	}
	again, masked, err := m.JSON(nil, got)
	if err != nil || masked || !bytes.Equal(again, got) {
		t.Errorf("masked again: %v, %v, %s", masked, err, again)
	}
	if _, _, err := m.JSON(nil, []byte(`{"a":`)); err == nil {
		t.Error("invalid JSON was taken")
	}
}

func TestJSONDoesNotAllocate(t *testing.T) {
	m := all()
	src := []byte(`{"id":"LTAI5tExampleKey000000001","j":"{\"to\":\"bob@example.com\"}"}`)
	var dst []byte
	n := testing.AllocsPerRun(100, func() {
		dst, _, _ = m.JSON(dst[:0], src)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzJSON: what was valid stays valid, nothing is left to mask the second
// time, and no known secret is left.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":"LTAI5tExampleKey000000001","b":["x@example.com"],"password":"p","j":"{\"a\":\"x@example.com\"}"}`))
	f.Add([]byte(`{"":"LTAI000000000000@0.AA"}`)) // a masked key before an @
	f.Add([]byte(`"LTAIAKIA0123456789abcdefSTS.@example.com%40example.com"`))
	f.Add([]byte("0      \t\t"))
	f.Add([]byte(`"{\"a\":\"[\\\"x@example.com\\\"]\"}"`))
	f.Fuzz(func(t *testing.T, src []byte) {
		m := all()
		got, masked, err := m.JSON(nil, src)
		if err != nil {
			if json.Valid(src) && utf8.Valid(src) && len(src) < 256 {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q", src, got)
		}
		if slow, same, err := jsonSlowly(m, nil, src, depth-1); err != nil || same != masked || !bytes.Equal(slow, got) {
			t.Fatalf("%q became %q, but slowly %q, %v", src, got, slow, err)
		}
		if !masked && !bytes.Equal(src, got) {
			t.Fatalf("%q changed to %q without a word", src, got)
		}
		again, masked, err := m.JSON(nil, got)
		if err != nil || masked {
			t.Fatalf("%q became %q, and then %q: %v", src, got, again, err)
		}
	})
}

// TestJSONSlowly holds what is found by what is known of each string against what is found
// in it, in texts made of pieces that mean something.
func TestJSONSlowly(t *testing.T) {
	pieces := []string{
		"LTAI5tExampleKey000000001", "STS.NTExampleExample", "AKIAIOSFODNN7EXAMPLE", "x@example.com", "%40example.com", "****", "%", "%4", ".", "I", "SI",
		"é", " ", ":", "\"", "\\", "\n", "[1]", "{", "a", "password", "Secret", "next", "-token", "Key", "private_", `{"pwd":"b@example.com"}`, `["x@example.com"`,
	}
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var s strings.Builder
		for range r.IntN(4) {
			s.WriteString(pieces[r.IntN(len(pieces))])
		}
		quoted, _ := json.Marshal(s.String())
		if r.IntN(8) == 0 {
			quoted = bytes.ReplaceAll(quoted, []byte("e"), []byte(`\u0065`))
		}
		return string(quoted)
	}
	spaces := []string{"", "", "", "", " ", "\n\t"}
	space := func() string { return spaces[r.IntN(len(spaces))] }
	var value func(depth int) string
	value = func(depth int) string {
		open, end, name := "[", "]", func() string { return "" }
		switch kind := r.IntN(8); {
		case kind == 0:
			return "-1.5e3"
		case kind < 6 || depth == 4:
			return text()
		case kind == 7:
			open, end, name = "{", "}", func() string { return text() + space() + ":" + space() }
		}
		var members []string
		for range r.IntN(4) {
			members = append(members, name()+value(depth+1)+space())
		}
		return open + space() + strings.Join(members, ","+space()) + end
	}
	all, keys, secrets := all(), New(Options{AccessKeys: true}), New(Options{SecretMembers: true})
	changed := 0
	var scan jsonscan.Scanner
	for range 50_000 {
		src := []byte(space() + value(0) + space())
		for _, m := range []*Masker{all, keys, secrets} {
			want, masked, err := jsonSlowly(m, []byte(">"), src, depth-1)
			scan.Reset(src)
			got, same := m.Scanned([]byte(">"), &scan)
			if err != nil || same != masked || !bytes.Equal(got, want) {
				t.Fatalf("%s\n got %s, %v\nwant %s, %v, %v", src, got, same, want, masked, err)
			}
			if masked {
				changed++
			}
		}
	}
	if changed < 10_000 {
		t.Errorf("only %d texts had something to mask", changed)
	}
}

func BenchmarkAppend(b *testing.B) {
	m := all()
	text := []byte(strings.Repeat("an ordinary text with nothing in it, ", 30) + "alice@example.com")
	var dst []byte
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = m.Append(dst[:0], text)
	}
}
