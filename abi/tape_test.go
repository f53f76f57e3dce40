package abi

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowTape makes a tape by encoding/json's reader of tokens, one line an entry.
func slowTape(text []byte) (lines []string, ok bool) {
	if !json.Valid(text) || !utf8.Valid(text) {
		return nil, false
	}
	type container struct {
		at, line int
		object   bool
		key      string
		keyFlags int
	}
	var (
		around []container
		top    = func() *container { return &around[len(around)-1] }
		key    string
		ofKey  int  // its flags
		name   bool // the next string is one
	)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	add := func(kind, from, to int) {
		flags := ofKey
		raw := string(text[from:to])
		if kind == TapeString {
			flags |= slowFlags(raw)
		}
		lines = append(lines, fmt.Sprint(kind, flags, len(around), " ", len(lines)+1, key, "|", raw))
	}
	for {
		start := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			return lines, len(lines) > 0
		}
		end := int(d.InputOffset())
		for strings.IndexByte(" \t\r\n,:", text[start]) >= 0 {
			start++
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '{', '[':
				if len(around) == TapeDepth {
					return nil, false
				}
				add(map[json.Delim]int{'{': TapeObject, '[': TapeArray}[v], start, end)
				around = append(around, container{start, len(lines) - 1, v == '{', key, ofKey})
				name = v == '{'
				continue
			}
			c := *top()
			around = around[:len(around)-1]
			key, ofKey = c.key, c.keyFlags
			add(TapeEnd, start, end)
			kind := TapeArray
			if c.object {
				kind = TapeObject
			}
			lines[c.line] = fmt.Sprint(kind, c.keyFlags, len(around), " ", len(lines), c.key, "|", string(text[c.at:end]))
		case string:
			if name {
				key, ofKey, name = string(text[start+1:end-1]), 0, false
				if strings.Contains(key, `\`) {
					ofKey = TapeKeyEscaped
				}
				if slowEnding(key) {
					ofKey |= TapeKeyMarked
				}
				continue
			}
			add(TapeString, start, end)
		case json.Number:
			add(TapeNumber, start, end)
		case bool:
			add(TapeBool, start, end)
		case nil:
			add(TapeNull, start, end)
		}
		name = len(around) > 0 && top().object
	}
}

func slowFlags(raw string) (flags int) {
	if strings.Contains(raw, `\`) {
		flags = TapeEscaped
	}
	if strings.ContainsAny(raw, "@%") || strings.Contains(raw, `\u`) {
		flags |= TapeMarked
	}
	for i, c := range []byte(raw) {
		if c == '.' && strings.IndexByte("PQRS", raw[i-1]) >= 0 || c == 'I' && raw[i-1] >= 'A' && raw[i-1] < '`' && raw[i-1]%2 == 1 {
			flags |= TapeMarked
		}
	}
	raw = raw[1 : len(raw)-1]
	for i, c := range []byte(raw) {
		if c == '"' && slowEnding(strings.TrimRight(raw[:i], `\`)) {
			flags |= TapeNamed
		}
	}
	return flags
}

func slowEnding(name string) bool {
	low := []byte(name)
	for i, c := range low {
		low[i] = c&31 | '`'
	}
	return slices.ContainsFunc([]string{"rd", "wd", "et", "en", "ey", "on", "ls"}, func(end string) bool {
		return bytes.HasSuffix(low, []byte(end))
	})
}

// readTape lists the entries as slowTape does.
func readTape(tape, text []byte) (lines []string) {
	for e := range slices.Chunk(tape, TapeEntry) {
		word := func(at int) uint32 { return binary.LittleEndian.Uint32(e[at:]) }
		key := text[word(OffTapeKey):][:word(OffTapeKey+4)]
		raw := text[word(OffTapeValue):][:word(OffTapeValue+4)]
		lines = append(lines, fmt.Sprint(int(e[OffTapeKind]), int(e[OffTapeFlags]), binary.LittleEndian.Uint16(e[OffTapeDepth:]),
			" ", word(OffTapeNext), string(key), "|", string(raw)))
	}
	return lines
}

// testdata/tapes.txt has tapes for those who make some too, such as the SDKs in their tests.
func TestTapesForOthers(t *testing.T) {
	text, err := os.ReadFile("testdata/tapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var src, want string
		if _, err := fmt.Sscanf(line, "%q %s", &src, &want); err != nil {
			t.Fatal(err)
		}
		tape := make([]byte, len(src)*TapeEntry)
		if n := WriteTape(tape, []byte(src)); hex.EncodeToString(tape[:max(n, 0)*TapeEntry]) != want {
			t.Errorf("%s: %d entries, %x", src, n, tape)
		}
	}
}

func FuzzTape(f *testing.F) {
	for _, seed := range []string{
		`{"a":{"b":[1,2,{"c":"d"}]},"e":"f","a":{"x":"y"},"k\u0065y":[[null],true,false,-0.5e+10,{}]}`, `[]`, `"x"`, "\t[ 1 ,\r\n2 ] ", ``, `01`, `[1,]`, `{"a":1,}`,
		`["a@b","%40","\u0040","\\u0040","LTAI5t","STS.x","MPI","P.","Q.","T.","BI",".","I","a.I","\n","\"","\\","é","日本語 @","日.","éI","é0","_I","\u00e9 9876543210 abcdefgh"]`,
		`{"a long key with words":"and a long text with many more words, than two, and an @ at the end of it all.","b":"exactly16bytes..","c":"exactly15bytes@"}`,
		`{"password":"x","db_pwd":["{\"Password\":\"x\"}"],"k":"rd","rd\"":{"y":0,"ey":"\"d\"ey\\\" \\\\\" d\\r\"rd"},"2$":["en","\"","\\\"en\\\\"]}`,
		`{"tokens":["token"],"Token":[[1],{"a":"on\""},"on"],"a":"en\\\\\"","b":"en \"","c":"n\"en","d":"\u006fn\"","\u0065n":1,"e\u006e":1,"Ð":"中en\""}`,
		"\"\xff\"", "[\"\xed\xa0\x80\"]", "\"\x01\"", `"\x"`, `"a`, `"abcdefghijklmnopqrstuvwxyz`, `{"a"`, `{"a":`, `{"a":"`, `{"a" "b"}`, `[}`, `{]`, `]`, `1 2`, `tru`, `{"":"",1:2}`, `["a":1]`,
		strings.Repeat("[", TapeDepth) + strings.Repeat("]", TapeDepth), strings.Repeat("[", TapeDepth+1) + strings.Repeat("]", TapeDepth+1), strings.Repeat(`{"a":[`, 128),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkTape(t, text)
		for _, text := range longer(text) {
			checkTape(t, text)
		}
	})
}

func checkTape(t *testing.T, text []byte) {
	t.Helper()
	want, ok := slowTape(text)
	tape := make([]byte, len(text)*TapeEntry+7)
	n := WriteTape(tape, text)
	if (n > 0) != ok || n < 0 {
		t.Fatalf("%q: %d entries; valid %v", text, n, ok)
	}
	if !ok {
		return
	}
	if got := readTape(tape[:n*TapeEntry], text); !slices.Equal(got, want) {
		t.Fatalf("%q:\ngot  %q\nwant %q", text, got, want)
	}
	little := make([]byte, n*TapeEntry-1)
	if n := WriteTape(little, text); n != TapeFull {
		t.Fatalf("%q: %d where there is no room", text, n)
	}
	if again := make([]byte, n*TapeEntry); WriteTape(again, text) != n || !bytes.Equal(again, tape[:n*TapeEntry]) {
		t.Fatalf("%q: another tape the second time", text)
	}
}

func TestTapesOfSamples(t *testing.T) {
	for _, text := range trail(t) {
		checkTape(t, text)
		for i := len(text) % 32; i < len(text); i += 32 { // it ends there, or something else stands there
			checkTape(t, text[:i])
			text := bytes.Clone(text)
			text[i] = indexBytes[i/32%len(indexBytes)]
			checkTape(t, text)
		}
	}
}
