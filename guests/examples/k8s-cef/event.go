package main

import (
	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// event is what an audit log says that matters here; nil where it says nothing.
type event struct {
	verb            []byte
	user, uid       []byte
	groups          []byte // with commas between them
	source          []byte // the first of the addresses: the client's
	resource        []byte // with its subresource, as in pods/exec
	namespace, name []byte
	subresource     []byte
	code            []byte
	decision        []byte // allow or forbid
	reason          []byte
}

// read reads the fields that are JSON text. A field that is missing or empty
// says nothing; any other that is not what it must be is an error.
func (e *event) read(l *slswasm.Log) error {
	*e = event{verb: l.Get(verb)}
	for _, f := range []struct {
		name  string
		field slswasm.Key
		read  func(key string, v jsonscan.Value)
	}{
		{"user", user, e.readUser},
		{"objectRef", objectRef, e.readObject},
		{"responseStatus", status, e.readStatus},
		{"annotations", annotations, e.readAnnotation},
	} {
		if err := object(f.name, l.Get(f.field), f.read); err != nil {
			return err
		}
	}
	if len(e.subresource) > 0 {
		e.resource = append(append(append([]byte(nil), e.resource...), '/'), e.subresource...)
	}
	return e.readSource(l.Get(sourceIPs))
}

// object calls read for each member of a field's JSON.
func object(field string, text []byte, read func(key string, v jsonscan.Value)) error {
	if len(text) == 0 {
		return nil
	}
	if !jsonscan.Valid(text) || jsonscan.Value(text).Kind() != jsonscan.Object {
		return notJSON(field, "object")
	}
	for k, v := range jsonscan.Members(text) {
		read(jsonscan.View(k), v)
	}
	return nil
}

func (e *event) readUser(key string, v jsonscan.Value) {
	switch key {
	case "username":
		e.user = scalar(v)
	case "uid":
		e.uid = scalar(v)
	case "groups":
		e.groups = nil
		for g := range jsonscan.Elements(v) {
			if len(e.groups) > 0 {
				e.groups = append(e.groups, ',')
			}
			e.groups = append(e.groups, scalar(g)...)
		}
	}
}

func (e *event) readObject(key string, v jsonscan.Value) {
	switch key {
	case "resource":
		e.resource = scalar(v)
	case "subresource":
		e.subresource = scalar(v)
	case "namespace":
		e.namespace = scalar(v)
	case "name":
		e.name = scalar(v)
	}
}

func (e *event) readStatus(key string, v jsonscan.Value) {
	if key == "code" {
		e.code = scalar(v)
	}
}

func (e *event) readAnnotation(key string, v jsonscan.Value) {
	switch key {
	case "authorization.k8s.io/decision":
		e.decision = scalar(v)
	case "authorization.k8s.io/reason":
		e.reason = scalar(v)
	}
}

func (e *event) readSource(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if !jsonscan.Valid(text) || jsonscan.Value(text).Kind() != jsonscan.Array {
		return notJSON("sourceIPs", "array")
	}
	for v := range jsonscan.Elements(text) {
		e.source = scalar(v)
		return nil
	}
	return nil
}

// scalar is the text of a string, a number as it is written, and nothing else.
func scalar(v jsonscan.Value) []byte {
	if k := v.Kind(); k != jsonscan.String && k != jsonscan.Number {
		return nil
	}
	return v.Text(nil)
}

// class is what kind of event this is, as in "create:pods/exec".
func (e *event) class(separator string) string {
	class := string(e.verb)
	if class == "" {
		class = "unknown"
	}
	if len(e.resource) > 0 {
		class += separator + string(e.resource)
	}
	return class
}

func (e *event) outcome() []byte {
	switch {
	case e.denied() || len(e.code) > 0 && e.code[0] >= '4':
		return []byte("failure")
	case len(e.code) > 0:
		return []byte("success")
	}
	return nil
}

func (e *event) denied() bool {
	return string(e.code) == "401" || string(e.code) == "403" || string(e.decision) == "forbid"
}

// severity rates the event, 0 to 10, by the worst that is true of it.
func (e *event) severity() int {
	reads := false
	switch string(e.verb) {
	case "get", "list", "watch":
		reads = true
	}
	switch string(e.subresource) {
	case "exec", "attach", "portforward":
		return 8
	}
	switch string(e.resource) {
	case "roles", "rolebindings", "clusterroles", "clusterrolebindings":
		if !reads {
			return 8
		}
	}
	switch {
	case e.denied():
		return 7
	case string(e.resource) == "secrets" || string(e.subresource) == "token":
		return 6
	case !reads:
		return 4
	}
	return 2
}
