package sinktest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// HECNever is an After that never comes.
const HECNever = math.MaxInt

// HECAcks say how a HECReceiver acknowledges. What it has answered with
// success is in memory only until it is indexed, and a Crash forgets it.
type HECAcks struct {
	// On is for a token with indexer acknowledgement: every request needs a
	// channel, and a success comes with the next ackId of that channel.
	On bool
	// After is how many times an ackId is asked for in vain. The time after
	// that, its events are indexed and it is told true: once, and forgotten.
	After int
	// Delay is the least time between a success and the index, with On or
	// without.
	Delay time.Duration

	// Answer, when not nil, says how the poll of this number (from 0) is
	// answered; nil: as Splunk would. When it is not Early, what would have
	// been told is told, and forgotten: the answer is lost.
	Answer func(poll int) *HECAnswer
	// Cookie, when not nil, names the receiver behind a load balancer: a
	// cookie of every answer. See Move.
	Cookie func() string
}

// A hecPost is what a POST brought while it is in memory only.
type hecPost struct {
	events  []HECEvent
	asked   int
	at      time.Time
	indexed bool
}

// A hecChannel holds the ackIds that were given and not yet told true.
type hecChannel struct {
	next int
	open map[int]*hecPost
}

// hecAcks is the state; the receiver's lock guards it.
type hecAcks struct {
	channels map[string]*hecChannel
	memory   []*hecPost // not indexed yet, in order of arrival
	polls    int
}

func (a *hecAcks) channel(name string) *hecChannel {
	if a.channels == nil {
		a.channels = map[string]*hecChannel{}
	}
	if a.channels[name] == nil {
		a.channels[name] = &hecChannel{open: map[int]*hecPost{}}
	}
	return a.channels[name]
}

// accept keeps the events of a success in memory and says how it is answered.
func (r *HECReceiver) accept(events []HECEvent, channel string) HECAnswer {
	p := &hecPost{events: events, at: time.Now()}
	r.acks.memory = append(r.acks.memory, p)
	answer := HECAnswer{Status: http.StatusOK, Body: `{"text":"Success","code":0}`}
	if r.opt.Acks.On {
		c := r.acks.channel(channel)
		c.open[c.next] = p
		answer.Body = fmt.Sprintf(`{"text":"Success","code":0,"ackId":%d}`, c.next)
		c.next++
	}
	r.settle()
	return answer
}

// settle indexes what has been in memory for long enough.
func (r *HECReceiver) settle() {
	waiting := r.acks.memory[:0]
	for _, p := range r.acks.memory {
		if r.isDue(p) {
			r.index(p.events)
			p.events, p.indexed = nil, true
		} else {
			waiting = append(waiting, p)
		}
	}
	clear(r.acks.memory[len(waiting):])
	r.acks.memory = waiting
}

func (r *HECReceiver) isDue(p *hecPost) bool {
	if r.opt.Acks.On && p.asked <= r.opt.Acks.After {
		return false
	}
	return r.opt.Acks.Delay == 0 || time.Since(p.at) >= r.opt.Acks.Delay
}

// Crash is Down, and the end of everything that was only in memory: events
// that are not indexed, channels and their ackIds. It returns the number of
// those events.
func (r *HECReceiver) Crash() (lost int) {
	r.Down()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	for _, p := range r.acks.memory {
		lost += len(p.events)
	}
	r.acks.memory, r.acks.channels = nil, nil
	return lost
}

// Move lets a load balancer send everybody to another receiver, which knows
// of no channel. The one before goes on and indexes what it has. The caller
// sees to it that Cookie names another one from now on.
func (r *HECReceiver) Move() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.acks.memory {
		r.index(p.events)
	}
	r.acks.memory, r.acks.channels = nil, nil
}

// Polls is the number of questions for acknowledgements so far.
func (r *HECReceiver) Polls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acks.polls
}

// Channels is the number of channels that the receiver knows.
func (r *HECReceiver) Channels() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acks.channels)
}

var hecUUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// channelOf is the channel of a request: a header or a parameter.
func channelOf(req *http.Request) string {
	if c := req.Header.Get("X-Splunk-Request-Channel"); c != "" {
		return c
	}
	return req.URL.Query().Get("channel")
}

// checkChannel returns Splunk's code for what is wrong with a channel; 0:
// nothing.
func (r *HECReceiver) checkChannel(req *http.Request) (code int) {
	channel := channelOf(req)
	switch needed := r.opt.NeedChannel || r.opt.Acks.On; {
	case needed && channel == "":
		return 10
	case r.opt.Acks.On && !hecUUID.MatchString(channel):
		return 11
	}
	return 0
}

func (r *HECReceiver) setCookie(w http.ResponseWriter) {
	if r.opt.Acks.Cookie != nil {
		http.SetCookie(w, &http.Cookie{Name: "receiver", Value: r.opt.Acks.Cookie(), Path: "/"})
	}
}

// poll answers a question for acknowledgements.
func (r *HECReceiver) poll(ctx context.Context, w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	n := r.acks.polls
	r.acks.polls++
	r.mu.Unlock()
	var script *HECAnswer
	if r.opt.Acks.Answer != nil {
		script = r.opt.Acks.Answer(n)
	}
	r.setCookie(w)
	if answer := r.atOnce(req, script); answer != nil {
		answer.write(ctx, w)
		return
	}
	var question struct{ Acks []int }
	body, err := io.ReadAll(io.LimitReader(req.Body, 16<<20))
	switch {
	case !r.opt.Acks.On:
		HECError(http.StatusBadRequest, 14, NoNumber).write(ctx, w)
		return
	case err != nil, json.Unmarshal(body, &question) != nil, question.Acks == nil:
		HECError(http.StatusBadRequest, 6, NoNumber).write(ctx, w)
		return
	}
	answer := r.tell(channelOf(req), question.Acks)
	if script != nil {
		answer = *script
	}
	answer.write(ctx, w)
}

// tell says which of the ackIds are indexed, and forgets those.
func (r *HECReceiver) tell(channel string, ids []int) HECAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	open := r.acks.channel(channel).open
	for _, id := range ids {
		if p := open[id]; p != nil {
			p.asked++
		}
	}
	r.settle()
	told := map[string]bool{}
	for _, id := range ids {
		p := open[id]
		told[strconv.Itoa(id)] = p != nil && p.indexed
		if told[strconv.Itoa(id)] {
			delete(open, id)
		}
	}
	text, _ := json.Marshal(map[string]any{"acks": told}) // of a map of booleans: cannot fail
	return HECAnswer{Status: http.StatusOK, Body: string(text)}
}
