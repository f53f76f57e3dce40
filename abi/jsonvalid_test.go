package abi

import (
	"encoding/json"
	"strings"
	"testing"
)

var jsonTexts = []string{
	"", " ", "{}", "[]", " { } ", "[ ]", `""`, `"a"`, `"`, `"\`, `"\"`, `"\u00e9"`, `"\u00g0"`, `"\u00`, `"\x"`, "\"\x1f\"", "\"\x7f\xff中\"",
	"0", "-0", "-", "01", "1.", ".5", "1.5", "1e5", "1E+5", "1e", "1e-", "-1.25e-07", "+1", "0x1", "1 2", "NaN", "Infinity",
	"true", "false", "null", "tru", "truee", "nul", "True", "{", "[", "}", "]", "{]", "[}", "[1,]", "[,1]", "[1 2]", "[1,2", `{"a"}`, `{"a":}`,
	`{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":1,"a":2}`, `{"a":{"b":[1,{"c":"12345678\n\t\"\\\/é"}]}}`, `{"a" : [ 1 , 2 ] }`,
	`{"a":1}{"a":1}`, "\ufeff{}", "{}\x00", "/*c*/1", "[1]\n\r\t ", "\v1", `"` + strings.Repeat("0123456789abcdef", 10) + `"`,
	strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	strings.Repeat("[", 10_000) + "1" + strings.Repeat("]", 10_000),
	strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000),
	strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001), strings.Repeat("[", 5_000_000),
}

func checkValidJSON(t *testing.T, s []byte) {
	t.Helper()
	if got, want := ValidJSON(s), json.Valid(s); got != want {
		t.Errorf("%.100q: %v, want %v", s, got, want)
	}
}

func TestValidJSON(t *testing.T) {
	for _, s := range jsonTexts {
		checkValidJSON(t, []byte(s))
		if len(s) < 1000 {
			for _, s := range longer([]byte(s)) {
				checkValidJSON(t, s)
			}
		}
	}
	whole := []byte(`{"a":[1,-2.5e+3,"b\u00e9\n",true,false,null,{}],"ключ":"0123456789abcdef0123\"456789abcdef0123456789"}`)
	for i := range whole { // cut anywhere, and any byte anywhere
		checkValidJSON(t, whole[:i])
		for b := range 256 {
			s := append([]byte(nil), whole...)
			s[i] = byte(b)
			checkValidJSON(t, s)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, s := range jsonTexts {
		if len(s) < 1000 {
			f.Add([]byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkValidJSON(t, text)
		for _, text := range longer(text) {
			checkValidJSON(t, text)
		}
	})
}
