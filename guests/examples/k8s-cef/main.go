// Command k8s-cef is a guest of slswasm that writes the audit logs of
// Kubernetes clusters as CEF, for ArcSight and others. README.md lists the
// extensions.
package main

import (
	"bytes"
	"errors"
	"strconv"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/payload"
	"github.com/slswasm/slswasm/guests/go/settings"
)

var (
	auditID     = slswasm.Field("auditID")
	stage       = slswasm.Field("stage")
	verb        = slswasm.Field("verb")
	user        = slswasm.Field("user")
	sourceIPs   = slswasm.Field("sourceIPs")
	userAgent   = slswasm.Field("userAgent")
	objectRef   = slswasm.Field("objectRef")
	status      = slswasm.Field("responseStatus")
	annotations = slswasm.Field("annotations")
	requestURI  = slswasm.Field("requestURI")
	hostname    = slswasm.Field("__tag__:__hostname__")
)

var (
	device     = payload.Device{Vendor: "Kubernetes", Product: "kube-apiserver", Version: "audit.k8s.io/v1"}
	dropStages map[string]bool
	cef        payload.CEF
	audited    event
	number     []byte

	_ = slswasm.Name("k8s-cef", "1.0.0")
	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func configure(text []byte) error {
	stages := []string{"RequestReceived"} // ResponseComplete says the same and more
	err := settings.Read("k8s-cef", text, settings.Object{"drop_stages": settings.Texts(&stages)})
	dropStages = map[string]bool{}
	for _, s := range stages {
		dropStages[s] = true
	}
	return err
}

func handle(l *slswasm.Log) {
	switch e := &audited; {
	case !l.Has(auditID):
	case dropStages[l.GetString(stage)]:
		l.Drop()
	default:
		if err := e.read(l); err != nil {
			l.Fail(err.Error())
			return
		}
		severity := e.severity()
		write(l, e, severity)
		l.Body(cef.Bytes())
		l.HEC().SourceType("cef")
		l.Syslog().AppName("k8s-audit").Severity(syslog(severity))
	}
}

func write(l *slswasm.Log, e *event, severity int) {
	cef.Begin(device, e.class(":"), e.class(" "), severity)
	number = strconv.AppendInt(number[:0], l.Time().UnixMilli(), 10)
	add("rt", number)
	add("externalId", l.Get(auditID))
	add("act", e.verb)
	add("outcome", e.outcome())
	if bytes.IndexByte(e.source, ':') < 0 {
		add("src", e.source)
	} else {
		label("c6a2", "Source IPv6 Address", e.source)
	}
	add("suser", e.user)
	add("suid", e.uid)
	add("requestClientApplication", l.Get(userAgent))
	add("request", l.Get(requestURI))
	add("dvchost", l.Get(hostname))
	label("cs1", "namespace", e.namespace)
	label("cs2", "resource", e.resource)
	label("cs3", "object", e.name)
	label("cs4", "groups", e.groups)
	label("cs5", "reason", e.reason)
	label("cn1", "responseCode", e.code)
}

// label adds one of the extensions that say themselves what they mean.
func label(key, meaning string, value []byte) {
	if len(value) > 0 {
		cef.AddString(key+"Label", meaning)
		cef.Add(key, value)
	}
}

func add(key string, value []byte) {
	if len(value) > 0 {
		cef.Add(key, value)
	}
}

func syslog(severity int) slswasm.Severity {
	switch {
	case severity >= 8:
		return slswasm.Critical
	case severity >= 6:
		return slswasm.Warning
	case severity >= 4:
		return slswasm.Notice
	}
	return slswasm.Informational
}

func notJSON(field, want string) error { return errors.New(field + " is not a JSON " + want) }
