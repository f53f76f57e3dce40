package main

import (
	"errors"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// trail is what an ActionTrail event says that matters here. The texts are views
// into the event, as they are written there; "" where it says nothing.
type trail struct {
	name         string // eventName
	rw           string // eventRW: Read or Write
	kind         string // eventType: ApiCall, ConsoleOperation, ConsoleSignin...
	identity     string // userIdentity.type: root-account, ram-user, assumed-role...
	errorCode    string
	errorMessage string
	noMFA        bool // a sign-in without a second factor

	scan jsonscan.Scanner
}

var errNoObject = errors.New("event is not a JSON object")

// read reads an event, in one pass over its text.
func (t *trail) read(text []byte) error {
	t.name, t.rw, t.kind, t.identity, t.errorCode, t.errorMessage, t.noMFA = "", "", "", "", "", "", false
	s := &t.scan
	s.Reset(text)
	if s.Next() && s.Kind() != jsonscan.Object {
		return errNoObject
	}
	for s.Next() && s.Kind() != jsonscan.End {
		t.member(s)
	}
	s.Next() // nothing but white space may follow
	if err := s.Err(); err != nil {
		return errors.New("event is not JSON: " + err.Error())
	}
	return nil
}

// lengths has a bit for each length of a name that found looks for.
const lengths = 1<<len("eventRW") | 1<<len("eventName") | 1<<len("errorMessage") | 1<<len("additionalEventData")

func (t *trail) member(s *jsonscan.Scanner) {
	key := s.Key()
	if lengths>>len(key)&1 == 0 { // as of most
		s.Skip()
		return
	}
	t.found(s, jsonscan.View(key))
}

func (t *trail) found(s *jsonscan.Scanner, key string) {
	switch key {
	case "eventName":
		t.name = scalar(s)
	case "eventRW":
		t.rw = scalar(s)
	case "eventType":
		t.kind = scalar(s)
	case "errorCode":
		t.errorCode = scalar(s)
	case "errorMessage":
		t.errorMessage = scalar(s)
	case "userIdentity":
		t.userIdentity(s)
	case "additionalEventData":
		t.additionalData(s)
	default:
		s.Skip()
	}
}

func (t *trail) userIdentity(s *jsonscan.Scanner) {
	if s.Kind() != jsonscan.Object {
		s.Skip()
		return
	}
	for s.Next() && s.Kind() != jsonscan.End {
		if jsonscan.View(s.Key()) == "type" {
			t.identity = scalar(s)
		} else {
			s.Skip()
		}
	}
}

func (t *trail) additionalData(s *jsonscan.Scanner) {
	if s.Kind() != jsonscan.Object {
		s.Skip()
		return
	}
	for s.Next() && s.Kind() != jsonscan.End {
		if k := jsonscan.View(s.Key()); k == "mfaChecked" || k == "isMFAChecked" {
			t.noMFA = scalar(s) == "false"
		} else {
			s.Skip()
		}
	}
}

// scalar returns the inside of a string, nothing for null, and any other value
// as it is written.
func scalar(s *jsonscan.Scanner) string {
	s.Skip()
	raw := jsonscan.View(s.Raw())
	switch s.Kind() {
	case jsonscan.String:
		return raw[1 : len(raw)-1]
	case jsonscan.Null:
		return ""
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
