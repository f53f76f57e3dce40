package slstest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// covered fails unless the writable shards divide the whole hash range.
func covered(t *testing.T, shards []*sls.Shard) {
	t.Helper()
	at := strings.Repeat("0", keyDigits)
	for at != lastKey {
		next := ""
		for _, sh := range shards {
			if sh.Status == readWrite && sh.InclusiveBeginKey == at {
				next = sh.ExclusiveBeginKey
			}
		}
		if next <= at {
			t.Fatalf("no writable shard from %s: %v", at, shards)
		}
		at = next
	}
}

func TestShardsDivideTheHashRange(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, maxShards} {
		s := newServer(t, n)
		shards, err := sdkClient(s, s.InProcess()).ListShards(proj, store)
		if err != nil || len(shards) != n {
			t.Fatalf("%d shards, want %d: %v", len(shards), n, err)
		}
		covered(t, shards)
	}
}

func TestSplitAndMerge(t *testing.T) {
	s := newServer(t, 2)
	c := sdkClient(s, s.InProcess())
	is := func(shards []*sls.Shard, err error, want string) {
		t.Helper()
		must(t, err)
		got := ""
		for _, sh := range shards {
			got += fmt.Sprintf("%d:%s ", sh.ShardID, sh.Status)
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
		all, err := c.ListShards(proj, store)
		must(t, err)
		covered(t, all)
	}
	shards, err := c.SplitShard(proj, store, 0, "")
	is(shards, err, "0:readonly 2:readwrite 3:readwrite ")
	shards, err = c.SplitShard(proj, store, 1, "e0000000000000000000000000000000")
	is(shards, err, "1:readonly 4:readwrite 5:readwrite ")
	shards, err = c.SplitNumShard(proj, store, 5, 3)
	is(shards, err, "5:readonly 6:readwrite 7:readwrite 8:readwrite ")
	shards, err = c.MergeShards(proj, store, 3)
	is(shards, err, "9:readwrite 3:readonly 4:readonly ")

	for uri, want := range map[string]string{
		"/0?action=split":                "400 ParameterInvalid", // read-only
		"/0?action=merge":                "400 ParameterInvalid",
		"/8?action=merge":                "400 ParameterInvalid", // the last one
		"/2?action=split&key=00":         "400 ParameterInvalid",
		"/2?action=split&key=" + lastKey: "400 ParameterInvalid",
		"/2?action=split&shardCount=1":   "400 ParameterInvalid",
		"/2?action=split&shardCount=300": "400 ParameterInvalid",
		"/99?action=split":               "404 ShardNotExist",
		"/2?action=dance":                "400 NotSupported",
	} {
		status, code, _ := probe{method: "POST", uri: shardsURI + uri}.do(t, s)
		if got := fmt.Sprintf("%d %s", status, code); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

func TestCursors(t *testing.T) {
	now := time.Unix(1_700_000_000, 5)
	s := newServer(t, 2, func(c *Config) { c.Now = func() time.Time { return now } })
	c := sdkClient(s, s.InProcess())
	s.cfg.MaxSkew = -1
	for range 3 {
		must(t, s.Put(proj, store, 0, group(1, "k", "v")))
		now = now.Add(10 * time.Second)
	}
	state := s.Shards(proj, store)[0]
	begin, err := DecodeCursor(state.Begin)
	must(t, err)
	for from, want := range map[string]int64{
		"begin": 0, "end": 3, "0": 0, "1700000000": 0, "1700000001": 1, "1700000020": 2, "1700000021": 3, "1800000000": 3,
	} {
		cursor, err := c.GetCursor(proj, store, 0, from)
		if n, _ := DecodeCursor(cursor); err != nil || n-begin != want {
			t.Errorf("%s: %d, want %d: %v", from, n-begin, want, err)
		}
	}
	for i, want := range []int64{1_700_000_000, 1_700_000_010, 1_700_000_020, 1_700_000_030} { // the last is the present
		at, err := c.GetCursorTime(proj, store, 0, EncodeCursor(begin+int64(i)))
		if err != nil || at.Unix() != want {
			t.Errorf("time of cursor %d: %d, want %d: %v", i, at.Unix(), want, err)
		}
	}
	must(t, s.Expire(proj, store, 0, EncodeCursor(begin+2)))
	if got := s.Shards(proj, store)[0]; got.Groups != 1 || got.Logs != 1 || got.Bytes*3 != state.Bytes || got.Begin != EncodeCursor(begin+2) || got.End != state.End {
		t.Errorf("after expiry: %+v", got)
	}
	uri := func(shard int, query string, args ...any) string {
		return fmt.Sprintf(shardsURI+"/%d?", shard) + fmt.Sprintf(query, args...)
	}
	for u, code := range map[string]string{
		uri(0, "type=cursor_time&cursor=%s", EncodeCursor(begin+1)):   codeInvalidCursor, // expired
		uri(0, "type=cursor_time&cursor=%s", EncodeCursor(begin+4)):   codeInvalidCursor, // not yet
		uri(1, "type=cursor_time&cursor=%s", EncodeCursor(begin+2)):   codeInvalidCursor, // of another shard
		uri(0, "type=cursor_time&cursor=x"):                           codeInvalidCursor,
		uri(0, "type=logs&count=10&cursor=%s", EncodeCursor(begin+1)): codeInvalidCursor,
		uri(0, "type=cursor&from=noon"):                               codeParameterInvalid,
		uri(0, "type=cursor"):                                         codeParameterInvalid,
		uri(2, "type=cursor&from=begin"):                              codeShardNotExist,
		uri(0, "type=other"):                                          codeNotSupported,
	} {
		probe{method: "GET", uri: u}.fails(t, s, 400, code)
	}
}

func TestProjectsAndLogstores(t *testing.T) {
	s := newServer(t, 3)
	c := sdkClient(s, s.InProcess())
	p, err := c.GetProject(proj)
	if err != nil || p.Name != proj || p.Status != "Normal" {
		t.Errorf("%+v, %v", p, err)
	}
	names, err := c.ListLogStore(proj)
	if err != nil || len(names) != 1 || names[0] != store {
		t.Errorf("%v, %v", names, err)
	}
	ls, err := c.GetLogStore(proj, store)
	if err != nil || ls.Name != store || ls.ShardCount != 3 {
		t.Errorf("%+v, %v", ls, err)
	}
	_, err = c.HeartBeat("other", store, "g", "c", nil)
	if got := sdkError(err); got != "404 ProjectNotExist" {
		t.Error(got)
	}
	_, err = c.HeartBeat(proj, "other", "g", "c", nil)
	if got := sdkError(err); got != "404 LogStoreNotExist" {
		t.Error(got)
	}
	probe{method: "PATCH", uri: "/"}.fails(t, s, 400, codeNotSupported)
	probe{method: "GET", uri: "/logstores/store?type=log"}.fails(t, s, 400, codeNotSupported)
}

func TestConfigErrors(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no project":     {},
		"half a key":     {AccessKeyID: "id", Projects: []Project{{Name: "p"}}},
		"dot":            {Projects: []Project{{Name: "a.b"}}},
		"same project":   {Projects: []Project{{Name: "a"}, {Name: "a"}}},
		"same logstore":  {Projects: []Project{{Name: "a", Logstores: []Logstore{{Name: "l"}, {Name: "l"}}}}},
		"no name":        {Projects: []Project{{Name: "a", Logstores: []Logstore{{}}}}},
		"too many shard": {Projects: []Project{{Name: "a", Logstores: []Logstore{{Name: "l", Shards: maxShards + 1}}}}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
