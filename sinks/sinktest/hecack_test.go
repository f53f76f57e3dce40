package sinktest_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

const (
	channelA = "00000000-0000-4000-8000-00000000000a"
	channelB = "00000000-0000-4000-8000-00000000000b"
)

// An acked is a receiver and how it is spoken to.
type acked struct {
	t *testing.T
	*sinktest.HECReceiver
}

func startAcked(t *testing.T, acks sinktest.HECAcks) acked {
	acks.On = true
	return acked{t, startHEC(t, sinktest.HECOptions{Acks: acks})}
}

func (r acked) post(channel, event string) string {
	r.t.Helper()
	return post(r.t, r.URL()+"/services/collector/event", fmt.Sprintf(`{"event":%q}`, event),
		"Authorization", "Splunk x", "X-Splunk-Request-Channel", channel)
}

func (r acked) poll(channel, ids string) string {
	r.t.Helper()
	return post(r.t, r.URL()+"/services/collector/ack?channel="+channel, `{"acks":`+ids+`}`, "Authorization", "Splunk x")
}

func (r acked) want(got, want string) {
	r.t.Helper()
	if got != want {
		r.t.Errorf("got  %s\nwant %s", got, want)
	}
}

func (r acked) arrived(want string) {
	r.t.Helper()
	var events []string
	for _, e := range r.Events() {
		events = append(events, strings.Trim(string(e.Event), `"`))
	}
	if got := strings.Join(events, " "); got != want {
		r.t.Errorf("arrived: %q, want %q", got, want)
	}
}

// Each channel counts from 0; true is told once and forgotten; what nobody
// knows is false.
func TestHECAcks(t *testing.T) {
	r := startAcked(t, sinktest.HECAcks{})
	r.want(r.post(channelA, "a"), `200 {"text":"Success","code":0,"ackId":0}`)
	r.want(r.post(channelA, "b"), `200 {"text":"Success","code":0,"ackId":1}`)
	r.want(r.post(channelB, "c"), `200 {"text":"Success","code":0,"ackId":0}`)
	r.want(r.poll(channelA, "[1,7]"), `200 {"acks":{"1":true,"7":false}}`)
	r.want(r.poll(channelA, "[0,1]"), `200 {"acks":{"0":true,"1":false}}`)
	r.arrived("b a")
	r.want(r.poll(channelB, "[0]"), `200 {"acks":{"0":true}}`)
	r.want(r.poll(channelB, "[]"), `200 {"acks":{}}`)
	if r.Polls() != 4 || r.Channels() != 2 {
		t.Errorf("%d polls, %d channels", r.Polls(), r.Channels())
	}
}

func TestHECAckFaults(t *testing.T) {
	on := startAcked(t, sinktest.HECAcks{})
	on.want(on.post("", "a"), `400 {"text":"Data channel is missing","code":10}`)
	on.want(on.post("a", "a"), `400 {"text":"Invalid data channel","code":11}`)
	on.want(on.poll("", "[0]"), `400 {"text":"Data channel is missing","code":10}`)
	on.want(on.poll(channelA, `"x"`), `400 {"text":"Invalid data format","code":6}`)
	// What comes before a bad event is indexed, and no ackId is given for it.
	on.want(post(t, on.URL()+"/services/collector/event", `{"event":"a"}{"event":""}`, "Authorization", "Splunk x", "X-Splunk-Request-Channel", channelA),
		`400 {"text":"Event field cannot be blank","code":13,"invalid-event-number":1}`)
	on.want(on.post(channelA, "b"), `200 {"text":"Success","code":0,"ackId":0}`)
	on.arrived("a")
	off := acked{t, startHEC(t, sinktest.HECOptions{Token: "x"})}
	off.want(off.post(channelA, "a"), `200 {"text":"Success","code":0}`)
	off.want(off.poll(channelA, "[0]"), `400 {"text":"ACK is disabled","code":14}`)
	off.want(post(t, off.URL()+"/services/collector/ack", `{"acks":[0]}`), `401 {"text":"Token is required","code":2}`)
}

// Until the last question in vain, events are in memory, and a crash loses
// them and the channels with them.
func TestHECCrash(t *testing.T) {
	r := startAcked(t, sinktest.HECAcks{After: 1})
	r.post(channelA, "a")
	r.post(channelA, "b")
	r.want(r.poll(channelA, "[0]"), `200 {"acks":{"0":false}}`)
	r.want(r.poll(channelA, "[0]"), `200 {"acks":{"0":true}}`)
	r.arrived("a")
	if lost := r.Crash(); lost != 1 {
		t.Errorf("%d events were lost, want 1", lost)
	}
	if err := r.Up(); err != nil {
		t.Fatal(err)
	}
	r.want(r.poll(channelA, "[1]"), `200 {"acks":{"1":false}}`)
	r.want(r.post(channelA, "c"), `200 {"text":"Success","code":0,"ackId":0}`)
	r.arrived("a")
}

func TestHECCrashWithoutAcks(t *testing.T) {
	r := acked{t, startHEC(t, sinktest.HECOptions{Acks: sinktest.HECAcks{Delay: time.Hour}})}
	r.want(r.post("", "a"), `200 {"text":"Success","code":0}`)
	r.arrived("")
	if lost := r.Crash(); lost != 1 {
		t.Errorf("%d events were lost, want 1", lost)
	}
}

// Another receiver knows nothing of the channels; the one before indexes.
func TestHECMove(t *testing.T) {
	var at atomic.Int32
	r := startAcked(t, sinktest.HECAcks{After: sinktest.HECNever, Cookie: func() string { return fmt.Sprint(at.Load()) }})
	r.post(channelA, "a")
	r.arrived("")
	at.Add(1)
	r.Move()
	r.arrived("a")
	r.want(r.poll(channelA, "[0]"), `200 {"acks":{"0":false}}`)
	r.want(r.post(channelA, "b"), `200 {"text":"Success","code":0,"ackId":0}`)
}

// A lost answer has told what was true in it; one that comes early has not.
func TestHECLostAck(t *testing.T) {
	r := startAcked(t, sinktest.HECAcks{Answer: func(poll int) *sinktest.HECAnswer {
		return []*sinktest.HECAnswer{{Status: 503, Early: true}, {Status: 502}, nil}[poll]
	}})
	r.post(channelA, "a")
	r.want(r.poll(channelA, "[0]"), "503 ")
	r.arrived("")
	r.want(r.poll(channelA, "[0]"), "502 ")
	r.arrived("a")
	r.want(r.poll(channelA, "[0]"), `200 {"acks":{"0":false}}`)
}

// Content may be refused with any code, counted as Splunk counts or not.
func TestHECRefuse(t *testing.T) {
	for _, row := range []struct {
		code   int
		number func(int) int
		want   string
	}{
		{12, nil, `400 {"text":"Event field is required","code":12,"invalid-event-number":1}`},
		{7, nil, `400 {"text":"Incorrect index","code":7,"invalid-event-number":2}`},
		{15, func(int) int { return sinktest.NoNumber }, `400 {"text":"Error in handling indexed fields","code":15}`},
		{6, func(n int) int { return n + 100 }, `400 {"text":"Invalid data format","code":6,"invalid-event-number":101}`},
	} {
		r := acked{t, startHEC(t, sinktest.HECOptions{Number: row.number, Refuse: func(e *sinktest.HECEvent) int {
			if string(e.Event) == `"bad"` {
				return row.code
			}
			return 0
		}})}
		r.want(post(t, r.URL()+"/services/collector/event", `{"event":"a"}{"event":"bad"}{"event":"b"}`, "Authorization", "Splunk x"), row.want)
		r.arrived("a")
	}
}
