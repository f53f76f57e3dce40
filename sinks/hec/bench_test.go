package hec

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

const auditJSON = `{"eventId":"0D2FB2FB-3B9C-5F2E-8E9C-5F0C4C6C3E1B","eventVersion":1,"eventSource":"ecs.cn-hangzhou.aliyuncs.com",` +
	`"requestParameters":{"RegionId":"cn-hangzhou","AcceptLanguage":"zh-CN","InstanceIds":["i-1","i-2"]},"sourceIpAddress":"203.0.113.7",` +
	`"userAgent":"AlibabaCloud (Linux; amd64) Java/1.8","eventType":"ApiCall","userIdentity":{"accountId":"123456789012","userName":"alice"},` +
	`"serviceName":"Ecs","eventTime":"2025-01-02T03:04:05Z"}`

// field makes a field of a log.
func field(key, value string) abi.Field { return abi.Field{Key: []byte(key), Value: []byte(value)} }

// flatLog has 15 fields, about 600 bytes.
func flatLog(i int) abi.Event {
	return abi.Event{Origin: i, Log: abi.Log{Time: 1_700_000_000_123_456_789 + int64(i), Fields: []abi.Field{
		field("__time__", "1700000000"), field("__topic__", "web"), field("__source__", "203.0.113.7"),
		field("__tag__:__hostname__", "web-7.cn-hangzhou"), field("__tag__:__path__", "/var/log/nginx/access.log"),
		field("method", "GET"), field("status", "200"), field("request_uri", "/api/v1/projects/4711/logstores?offset=100&size=100"),
		field("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
		field("request_id", fmt.Sprintf("0D2FB2FB-3B9C-5F2E-8E9C-%012d", i)), field("request_time", "0.042"), field("body_bytes_sent", "18211"),
		field("referer", "https://console.example.com/projects/4711/overview?tab=logstores"), field("upstream", "10.11.12.13:8080"),
		field("message", "request served from the second upstream after one retry, cache status MISS, client kept alive"),
	}}}
}

// auditLog has the audit trail's JSON as text.
func auditLog(i int) abi.Event {
	return abi.Event{Origin: i, Log: abi.Log{Time: 1_700_000_000_000_000_000, Fields: []abi.Field{
		field("__time__", "1700000000"), field("__topic__", "actiontrail_audit_event"), field("__source__", "actiontrail_internal"),
		field("owner_id", "123456789012"), field("event", auditJSON),
	}}}
}

func batch(n int, one func(int) abi.Event) (events []abi.Event, raw int64) {
	events = make([]abi.Event, n)
	for i := range events {
		events[i] = one(i)
		for _, f := range events[i].Fields {
			raw += int64(len(f.Key) + len(f.Value))
		}
	}
	return events, raw
}

var shapes = []struct {
	name string
	log  func(int) abi.Event
	cfg  Config
}{
	{"flat", flatLog, Config{}},
	{"flat as string", flatLog, Config{Event: EventString}},
	{"audit nested", auditLog, Config{Nest: DefaultNest()}},
	{"audit as text", auditLog, Config{}},
	{"audit JSON", func(i int) abi.Event {
		e := auditLog(i)
		e.Fields[4].JSON = true
		return e
	}, Config{}},
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range shapes {
		b.Run(c.name, func(b *testing.B) {
			events, raw := batch(1000, c.log)
			enc, body := newEncoder(c.cfg), new(body)
			b.SetBytes(raw)
			b.ReportAllocs()
			for b.Loop() {
				if body.fill(enc, events, 1<<30) != len(events) {
					b.Fatal("not all events were written")
				}
			}
		})
	}
}

func TestEncodeAllocates(t *testing.T) {
	for _, c := range shapes {
		events, _ := batch(100, c.log)
		enc, body := newEncoder(c.cfg), new(body)
		if n := testing.AllocsPerRun(10, func() { body.fill(enc, events, 1<<30) }); n >= 10 {
			t.Errorf("%s: %v allocations for 100 events, want none", c.name, n)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for _, zip := range []bool{false, true} {
		b.Run(fmt.Sprintf("gzip=%v", zip), func(b *testing.B) {
			// The receiver answers without reading the JSON: this is about the sender.
			r, err := sinktest.StartHEC(sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer {
				return &sinktest.HECAnswer{Status: 200, Body: `{"text":"Success","code":0}`, Raw: true}
			}})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			s, err := New(Config{URL: r.URL(), Token: "t", Gzip: zip}, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			events, raw := batch(1000, flatLog)
			b.SetBytes(raw)
			b.ReportAllocs()
			for b.Loop() {
				if n, err := s.Send(b.Context(), events); n != len(events) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
