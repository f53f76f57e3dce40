package slswasmtest

import (
	"strings"
	"testing"
)

func TestDecodeRefusesWhatTheHostRefuses(t *testing.T) {
	tests := map[string]struct{ reply, want string }{
		"short":              {"\x01\x00\x00", "0 verdicts for 1 logs"},
		"wrong count":        {"\x02\x00\x00\x00", "2 verdicts for 1 logs"},
		"no verdict":         {"\x01\x00\x00\x00", "stops short"},
		"unknown verdict":    {"\x01\x00\x00\x00\x05", "no verdict has the number 5"},
		"rest":               {"\x01\x00\x00\x00\x00\x00", "bytes follow"},
		"edit without end":   {"\x01\x00\x00\x00\x02", "stops short"},
		"unknown op":         {"\x01\x00\x00\x00\x02\x0a", "no op has the number 10"},
		"unknown meta":       {"\x01\x00\x00\x00\x02\x09\x06", "no metadata has the number 6"},
		"severity":           {"\x01\x00\x00\x00\x02\x09\x11\x08", "8 is over 7"},
		"unknown base":       {"\x01\x00\x00\x00\x03\x01\x00\x00\x00\x02", "no base has the number 2"},
		"slot":               {"\x01\x00\x00\x00\x02\x03\x01\x00\x00\x80", "slot 1 was not declared"},
		"empty key":          {"\x01\x00\x00\x00\x02\x03\x00\x00\x00\x00", "an empty key"},
		"text beyond":        {"\x01\x00\x00\x00\x04\xff\xff\xff\x7f", "stops short"},
		"invalid JSON":       {"\x01\x00\x00\x00\x02\x07\x01\x00\x00\x00{", "not valid JSON"},
		"time before 1970":   {"\x01\x00\x00\x00\x02\x08\xff\xff\xff\xff\xff\xff\xff\xff\x00", "before 1970"},
		"emitted too little": {"\x01\x00\x00\x00\x03\x02\x00\x00\x00\x00\x00", "stops short"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := decode([]byte(test.reply), []string{"a"}, []Log{NewLog("a", "1")})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x03\x02\x00\x00\x00\x00\x00\x01\x05\x03\x00\x00\x00\x80\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x02\x09\x16\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, reply []byte) {
		r, err := decode(reply, []string{"a"}, []Log{NewLog("a", "1")})
		if (err == nil) != (len(r) == 1) {
			t.Errorf("%d results, %v", len(r), err)
		}
	})
}
