package main

import (
	"errors"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// trail is what an ActionTrail event says that matters here. The texts are views
// into the event, as they are written there; "" where it says nothing.
type trail struct {
	name         string
	rw           string // Read or Write
	kind         string // ApiCall, ConsoleOperation, ConsoleSignin...
	identity     string // root-account, ram-user, assumed-role...
	errorCode    string
	errorMessage string
	noMFA        bool // a sign-in without a second factor

	event *jsonscan.Picker
}

func newTrail() trail {
	return trail{event: jsonscan.NewPicker("/eventName", "/eventRW", "/eventType", "/userIdentity/type", "/errorCode", "/errorMessage",
		"/additionalEventData/mfaChecked", "/additionalEventData/isMFAChecked")}
}

var errNoObject = errors.New("event is not a JSON object")

// read reads an event.
func (t *trail) read(text []byte) error {
	if err := t.event.Read(text); err != nil {
		return errors.New("event is not JSON: " + err.Error())
	}
	if jsonscan.Value(text).Kind() != jsonscan.Object {
		return errNoObject
	}
	t.name, t.rw, t.kind, t.identity = t.scalar(0), t.scalar(1), t.scalar(2), t.scalar(3)
	t.errorCode, t.errorMessage = t.scalar(4), t.scalar(5)
	t.noMFA = t.scalar(6) == "false" || t.scalar(7) == "false"
	return nil
}

// scalar returns the inside of a string, nothing for null, and any other value
// as it is written.
func (t *trail) scalar(place int) string {
	raw := jsonscan.View(t.event.Value(place))
	switch {
	case raw == "" || raw == "null":
		return ""
	case raw[0] == '"':
		return raw[1 : len(raw)-1]
	}
	return raw
}

// failed says whether the call was refused or went wrong. A sign-in that went
// well says so in its message.
func (t *trail) failed() bool {
	return t.errorCode != "" || t.errorMessage != "" && t.errorMessage != "success"
}

func (t *trail) signIn() bool {
	return t.kind == "ConsoleSignin" || t.name == "ConsoleSignin"
}

func (t *trail) root() bool { return t.identity == "root-account" }

func (t *trail) write() bool { return t.rw != "Read" }
