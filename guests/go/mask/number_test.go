package mask

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func everything() *Masker {
	return New(Options{AccessKeys: true, Emails: true, SecretMembers: true, Phones: true, Identities: true, Cards: true})
}

func TestNumbers(t *testing.T) {
	tests := map[string]string{
		// phones
		"13812345678":                  "138****78",
		"手机13812345678。":               "手机138****78。",
		"call 13812345678.":            "call 138****78.",
		"8613812345678":                "861****78",
		"86-13812345678":               "86-138****78",
		"+8613812345678":               "+861****78",
		"+86 138 1234 5678":            "+86 1****78",
		"138 1234 5678":                "138****78",
		"138-1234-5678,139-1234-5679":  "138****78,139****79",
		"13812345678 13912345678":      "138****78 139****78",
		"42 13812345678":               "42 138****78",
		"+1 555 123 4567":              "+1 55****67",
		"%2B15551234567":               "%2B155****67",
		"+1234567":                     "+1234567",
		"+0800 2025":                   "+0800 2025",
		"x+442071234567":               "x+442071234567",
		"12812345678":                  "12812345678",
		"1381234 5678":                 "1381234 5678",
		"1763712000 1":                 "1763712000 1",
		"phone%3D13812345678%26x":      "phone%3D138****78%26x",
		"%2013812345678":               "%20138****78",
		"%e813812345678":               "%e8138****78",
		"5% 13812345678":               "5% 138****78",
		`\n13812345678\n`:              `\n138****78\n`,
		"a13812345678":                 "a13812345678",
		"_13812345678":                 "_13812345678",
		"13812345678_":                 "13812345678_",
		"0.13812345678":                "0.13812345678",
		"13812345678.5":                "13812345678.5",
		"v1.2 13812345678":             "v1.2 138****78",
		"138****78":                    "138****78",
		"**13812345678**":              "**138****78**",
		"%1":                           "%1",
		"13812345678@example.com":      "138****78@example.com",
		"tel:13812345678@x":            "tel:138****78@x",
		"00000000000000000000000000 1": "00000000000000000000000000 1",
		// identity cards
		"110101199003070396":                      "110****96",
		"11010119900307039X":                      "11010119900307039X", // wrong check digit
		"11010119900307002X":                      "110****2X",
		"11010119900307002x":                      "110****2x",
		"11010119901307002X":                      "11010119901307002X", // no such month
		"110101199003070020":                      "110101199003070020",
		"271234567890123456":                      "271234567890123456",
		"11010119900307002Xy":                     "11010119900307002Xy",
		"110101-199003070396":                     "110101-199003070396",
		"4111111111111111":                        "411111****1111",
		"card 4111 1111 1111 1111 12/26":          "card 4111 11****1111 12/26",
		"4111-1111-1111-1111":                     "4111-11****1111",
		"3782 822463 10005":                       "3782 82****0005",
		"378282246310005":                         "378282****0005",
		"6200000000000000000":                     "620000****0000",
		"2223003122003222":                        "222300****3222",
		"4111111111111112":                        "4111111111111112",
		"1098765432101234":                        "1098765432101234",
		"41 1111111111 1111":                      "41 1111111111 1111",
		"4111 1111 1111 1111 4111 1111 1111 1111": "4111 11****1111 4111 11****1111",
	}
	m := everything()
	for text, want := range tests {
		got, masked := m.Append([]byte(">"), []byte(text))
		if !masked {
			got = append(got, text...)
		}
		if string(got) != ">"+want || masked != (text != want) {
			t.Errorf("%q became %q, %v; want %q", text, got[1:], masked, want)
		}
	}
}

func TestNumbersByOption(t *testing.T) {
	const text = "13812345678 110101199003070396 4111111111111111"
	for want, o := range map[string]Options{
		"138****78 110101199003070396 4111111111111111": {Phones: true},
		"13812345678 110****96 4111111111111111":        {Identities: true},
		"13812345678 110101199003070396 411111****1111": {Cards: true},
	} {
		if got, _ := New(o).Append(nil, []byte(text)); string(got) != want {
			t.Errorf("%+v: got %q, want %q", o, got, want)
		}
	}
}

func TestValue(t *testing.T) {
	m := everything()
	for _, test := range []struct{ key, value, want string }{
		{"text", "call 13812345678", "call 138****78"},
		{"password", "made-up", "****"},
		{"password", "****", "****"},
		{"password", "", ""},
		{"json", `{"n":13812345678,"m":-1.5,"s":"13812345678","token":7}`, `{"n":"138****78","m":-1.5,"s":"138****78","token":"****"}`},
		{"json", `["{\"n\":[13812345678]}"]`, `["{\"n\":[\"138****78\"]}"]`},
		{"json", `{"n":13812345678`, `{"n":138****78`},
		{"json", "\n{\"n\":13812345678}", "\n{\"n\":\"138****78\"}"},
		{"json", `{"n":1}`, `{"n":1}`},
	} {
		got, masked := m.Value(nil, []byte(test.key), []byte(test.value))
		if !masked {
			got = []byte(test.value)
		}
		if string(got) != test.want || masked != (test.value != test.want) {
			t.Errorf("%s=%s became %s, %v; want %s", test.key, test.value, got, masked, test.want)
		}
	}
}

func TestNumbersDoNotAllocate(t *testing.T) {
	m := everything()
	text, dst := []byte("a 13812345678 4111 1111 1111 1111 110101199003070396 1 2 3"), make([]byte, 0, 100)
	m.Append(dst, text)
	if n := testing.AllocsPerRun(100, func() { m.Append(dst, text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzNumbers: the second time there is nothing left to hide, and JSON stays JSON.
func FuzzNumbers(f *testing.F) {
	f.Add([]byte("+86 138 1234 5678, 4111 1111 1111 1111, 11010119900307002X"))
	f.Add([]byte(`{"n":13812345678,"x":["%2B15551234567","a@13812345678"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m := everything()
		once, masked := m.Value(nil, nil, text)
		if !masked {
			return
		}
		if isJSON := json.Valid(text) && utf8.Valid(text) && bytes.ContainsAny(text, "{["); isJSON && !json.Valid(once) {
			t.Fatalf("%q became %q", text, once)
		}
		if twice, again := m.Value(nil, nil, once); again {
			t.Errorf("%q became %q and then %q", text, once, twice)
		}
		if bytes.Contains(once, []byte("13812345678")) && !bytes.Contains(text, []byte("13812345678")) {
			t.Errorf("%q became %q", text, once)
		}
	})
}
