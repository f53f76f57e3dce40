package sinks

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
)

// An Examiner is a Sink that can be looked at more closely than Check does, so
// that whoever looks for a fault learns which part is at fault.
type Examiner interface {
	Sink
	Examine() Examination
}

// An Examination says where a sink connects to, and what there is to try once
// that works. Making one sends nothing.
type Examination struct {
	Address    string      // for messages: a URL without secrets
	Network    string      // tcp or udp
	Host, Port string      // that is dialled, unless there is a proxy
	Setting    string      // that says so: its flag
	Trust      string      // the setting of who may sign the certificate
	ServerName string      // the setting of the name in it
	TLS        *tls.Config // nil: without; the caller's own
	Proxy      *url.URL    // nil: none; it may hold a password
	Conns      int         // open at once, at the most
	Secrets    []string    // that no message may show
	Steps      []Step      // in order; each one presumes that those before it succeeded
}

// A Step is one thing to try. It delivers nothing.
type Step struct {
	Name   string
	Try    func(ctx context.Context) error // a *Doubt: it works, and yet
	Passed string                          // what is known when it succeeds
	Remedy string                          // one sentence for when it does not
}

// A Doubt is what a sink can live with and its owner may not want to.
type Doubt struct {
	Reason string
	Remedy string // one sentence
}

func (d *Doubt) Error() string { return d.Reason }

// Plainly is the error that a Hold or a Retry is about; others are as they are.
func Plainly(err error) error {
	if hold, ok := errors.AsType[*Hold](err); ok {
		return hold.Err
	}
	if retry, ok := errors.AsType[*Retry](err); ok {
		return retry.Err
	}
	return err
}

// Endpoints are the sinks that this one is made of, in the order given; they
// stay its own.
func (f *Failover) Endpoints() []Endpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Endpoint, len(f.endpoints))
	for i, e := range f.endpoints {
		all[i] = e.Endpoint
	}
	return all
}
