// Command audit is a guest of slswasm for the audit logs of Alibaba Cloud: it
// drops the reads of ActionTrail that went well, masks secrets in what is
// left, and says how risky each event is. README.md lists its settings.
package main

import (
	"strconv"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/mask"
)

// Fields that are read.
var (
	topic   = slswasm.Field("__topic__")
	event   = slswasm.Field("event")
	auditID = slswasm.Field("auditID")
)

// Fields that are added.
var (
	risk      = slswasm.Named("risk")
	riskScore = slswasm.Named("risk_score")
	problem   = slswasm.Named("audit_error")
)

const (
	actionTrail = "actiontrail_audit_event" // the topic, as documented
	kubernetes  = "kubernetes"              // stands for a topic: what ACK writes depends on the cluster
)

var (
	guest *auditor

	_ = slswasm.Name("audit", "1.0.0")
	_ = slswasm.Configure(func(text []byte) error {
		c, err := parseConfig(text)
		if err == nil {
			guest = newAuditor(c)
		}
		return err
	})
	_ = slswasm.Handle(func(l *slswasm.Log) { guest.handle(l) })
)

func main() {} // never called: the module is a library

// auditor handles logs; it holds buffers.
type auditor struct {
	config config
	trails string // sourcetype of ActionTrail
	masker *mask.Masker
	trail  trail
	masked []byte
	score  []byte
}

func newAuditor(c config) *auditor {
	return &auditor{config: c, trails: c.sourceTypes[actionTrail], masker: mask.New(c.mask), trail: newTrail()}
}

func (a *auditor) handle(l *slswasm.Log) {
	t := l.GetString(topic)
	if t == actionTrail {
		a.actionTrail(l)
		return
	}
	sourceType, known := a.config.sourceTypes[t]
	if !known && l.Has(auditID) {
		sourceType = a.config.sourceTypes[kubernetes]
	}
	if sourceType != "" {
		l.HEC().SourceType(sourceType)
	}
}

func (a *auditor) actionTrail(l *slswasm.Log) {
	text := l.Get(event)
	if err := a.trail.read(text); err != nil {
		a.keepUnread(l, err)
		return
	}
	if a.config.noise(&a.trail) {
		l.Drop()
		return
	}

	masked, changed := a.masker.Scanned(a.masked[:0], a.trail.event.Scanner())
	if changed {
		a.masked = masked
	}
	l.SetJSON(event, masked)

	score := a.config.score(&a.trail)
	level := a.config.level(score)
	l.SetString(risk, level.String())
	a.score = strconv.AppendInt(a.score[:0], int64(score), 10)
	l.Set(riskScore, a.score)
	a.header(l, level)
	l.HEC().Field("risk", level.String())
	l.Syslog().MsgID(msgID(a.trail.name))
}

// header says what a log of ActionTrail says beside its fields.
func (a *auditor) header(l *slswasm.Log, level level) {
	if a.trails != "" {
		l.HEC().SourceType(a.trails)
	}
	if index := a.config.indexes[level]; index != "" {
		l.HEC().Index(index)
	}
	l.Syslog().AppName("actiontrail").Severity(level.severity())
}

// keepUnread keeps a log whose event cannot be read: somebody must look at
// it, and nothing is known of what is in it.
func (a *auditor) keepUnread(l *slswasm.Log, err error) {
	l.SetString(problem, err.Error())
	a.header(l, medium)
}

// msgID cuts an event's name to what a syslog MSGID can hold.
func msgID(name string) string { return name[:min(len(name), 32)] }
