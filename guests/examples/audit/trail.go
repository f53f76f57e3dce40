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
	if t.event.Scanner().Tape()[0].Kind != jsonscan.Object {
		return errNoObject
	}
	e := t.event
	t.name, t.rw, t.kind, t.identity = e.Text(0), e.Text(1), e.Text(2), e.Text(3)
	t.errorCode, t.errorMessage = e.Text(4), e.Text(5)
	return nil
}

// failed says whether the call was refused or went wrong. A sign-in that went
// well says so in its message.
func (t *trail) failed() bool {
	return t.errorCode != "" || t.errorMessage != "" && t.errorMessage != "success"
}

func (t *trail) signIn() bool {
	return t.kind == "ConsoleSignin" || t.name == "ConsoleSignin"
}

// noMFA says whether a sign-in went without a second factor.
func (t *trail) noMFA() bool {
	return t.event.Text(6) == "false" || t.event.Text(7) == "false"
}

func (t *trail) root() bool { return t.identity == "root-account" }

func (t *trail) write() bool { return t.rw != "Read" }
