package slstest

import (
	"strings"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	s := newServer(t, 1, func(c *Config) { c.NoReceiveTime = true })
	n, err := s.Load(proj, store, strings.NewReader(strings.Join([]string{
		`{"__time__":"1700000000","__topic__":"t","__source__":"s","__tag__:host":"h","__tag__:__receive_time__":"5","b":"1","a":"ü\u0000\n","b":"2"}`,
		``,
		`{"a":1.50,"o":{"x": [1, null]},"t":true,"e":"","__time__":1700000001,"__time_ns_part__":7,"__topic__":"t","__source__":"s","__tag__:host":"h"}`,
		`{"__time__":3,"__topic__":"other"}`,
	}, "\n")))
	if n != 3 || err != nil {
		t.Fatal(n, err)
	}
	want := []Group{
		{Topic: "t", Source: "s", Tags: []KV{{"host", "h"}}, Logs: []Log{
			{Time: 1700000000, Contents: []KV{{"b", "1"}, {"a", "ü\x00\n"}, {"b", "2"}}},
			{Time: 1700000001, Nanos: 7, Contents: []KV{{"a", "1.50"}, {"o", `{"x": [1, null]}`}, {"t", "true"}, {"e", ""}}},
		}},
		{Topic: "other", Logs: []Log{{Time: 3}}},
	}
	var raw [][]byte
	for _, g := range want {
		raw = append(raw, g.Marshal())
	}
	if diff := cmp.Diff(raw, s.RawGroups(proj, store, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestLoadCutsLogGroups(t *testing.T) {
	s := newServer(t, 2)
	small := strings.Repeat(`{"__time__":1,"k":"v"}`+"\n", 2*loadLogs+1)
	if n, err := s.Load(proj, store, strings.NewReader(small)); n != 2*loadLogs+1 || err != nil {
		t.Fatal(n, err)
	}
	large := strings.Repeat(`{"__time__":1,"k":"`+strings.Repeat("v", loadBytes/2)+`"}`+"\n", 4)
	if n, err := s.Load(proj, store, strings.NewReader(large)); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	var got []int
	for _, sh := range s.Shards(proj, store) {
		for _, raw := range s.RawGroups(proj, store, sh.ID) {
			var g sls.LogGroup
			must(t, g.Unmarshal(raw))
			got = append(got, len(g.Logs))
		}
	}
	if diff := cmp.Diff([]int{loadLogs, 1, 2, loadLogs, 2}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadErrors(t *testing.T) {
	good := `{"__time__":1}` + "\n"
	for line, want := range map[string]string{
		`nothing`:                   "line 2: not a JSON object",
		`[1]`:                       "line 2: not a JSON object",
		`{"a":"b"}`:                 "line 2: __time__ is missing",
		`{"__time__":1} {}`:         "line 2: more than one JSON object",
		`{"__time__":-1}`:           `line 2: __time__: "-1" is no whole number from 0 to 4294967295`,
		`{"__time__":"noon"}`:       `line 2: __time__: "noon" is no whole number from 0 to 4294967295`,
		`{"__time__":1,"a":}`:       "line 2: a: ",
		`{"__time__":1`:             "line 2: ",
		`{"__time__":1,"x":"\ud8"}`: "line 2: x: ",
	} {
		s := newServer(t, 1)
		_, err := s.Load(proj, store, strings.NewReader(good+line))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	s := newServer(t, 1)
	if _, err := s.Load(proj, "x", strings.NewReader(good)); err == nil {
		t.Error("loaded into no logstore")
	}
	if _, err := s.Load(proj, store, strings.NewReader(good+strings.Repeat("x", maxLine+1))); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("line too long: %v", err)
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add([]byte(`{"__time__":"1","__tag__:k":"v","a":{"b":[1]},"c":null}`))
	f.Add([]byte(`{"__time__":1,"a":"\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		g, l, err := ParseLine(line)
		if err != nil {
			return
		}
		g.Logs = []Log{l}
		if n, err := checkGroup(g.Marshal()); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", line, n, err)
		}
	})
}
