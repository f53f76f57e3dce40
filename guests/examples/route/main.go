// Command route is a guest of slswasm that chooses the sinks of each log by its
// topic: one, several or none. README.md lists its settings.
package main

import (
	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/settings"
)

var (
	topic  = slswasm.Field("__topic__")
	routes map[string][]string // sinks by topic
	others []string            // sinks of all other topics

	_ = slswasm.Name("route", "1.0.0")
	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func configure(text []byte) error {
	others = []string{"hec"}
	routes = map[string][]string{
		"actiontrail_audit_event": {"hec", "syslog"},
		"waf_access_log":          {"syslog"},
	}
	return settings.Read("route", text, settings.Object{
		"topics": settings.Map(routes, settings.Texts),
		"others": settings.Texts(&others),
	})
}

func handle(l *slswasm.Log) {
	sinks, known := routes[l.GetString(topic)]
	if !known {
		sinks = others
	}
	switch len(sinks) {
	case 0:
		l.Drop()
	case 1:
		l.Route(sinks[0])
	default:
		for _, sink := range sinks {
			l.EmitClone().Route(sink)
		}
	}
}
