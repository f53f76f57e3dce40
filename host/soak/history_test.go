package soak

import (
	"testing"
	"time"
)

func TestWhyALogCameAgain(t *testing.T) {
	h := newHistory()
	h.befell("killed", causeService)
	h.befell("killed", causeKill)
	h.befell("killed", causeFreeze) // less grave
	h.befell("frozen", causeFreeze)
	h.died("tcp")
	death := h.deaths["tcp"][0]
	then := death.Add(-time.Hour)
	before := arrival{life: "p1-1", receiver: "tcp", begun: then, at: then}
	of := func(life string) arrival { return arrival{life: life, begun: then, at: then} }
	just := func(receiver string, after time.Duration) arrival {
		return arrival{life: "p1-1", receiver: receiver, begun: death, at: death.Add(after)}
	}
	late := arrival{life: "p1-1", begun: then, at: then.Add(hecTimeout)}
	for _, tt := range []struct {
		name         string
		place        int
		first, again arrival
		want         string
	}{
		{"answer", toHEC, arrival{life: "killed", unanswered: true}, of("p1-1"), causeAnswer},
		{"kill", toHEC, of("killed"), of("p1-1"), causeKill},
		{"freeze", toSyslog, of("frozen"), of("p1-1"), causeFreeze},
		{"moved", toHEC, of("p0-1"), of("p1-1"), causeMoved},
		{"lost and found", toHEC, of("frozen"), of("frozen"), causeFreeze},
		{"receiver", toSyslog, just("tcp", -soon/2), of("p1-1"), causeReceiver},
		{"another receiver", toHEC, just("hec 0", -soon/2), of("p1-1"), causeOther},
		{"after its death", toSyslog, just("tcp", 1), of("p1-1"), causeUnread},
		{"unread", toSyslog, before, before, causeUnread},
		{"acks", toHEC, arrival{life: "p1-1", acks: true}, of("p1-1"), causeAck},
		{"late", toHEC, before, late, causeLate},
		{"other", toHEC, before, before, causeOther},
	} {
		if got := h.why(tt.place, tt.first, tt.again); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
