package shard

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Position is a place in a shard as the service is asked for it: "begin",
// "end" or a time of arrival in decimal seconds since 1970-01-01 UTC. The
// empty Position means that none is set.
type Position string

// The positions that are not times. Now is where the shard ends when the
// source is opened.
const (
	Begin Position = "begin"
	End   Position = "end"
	Now   Position = "now"
)

// At is the position of the first log that arrived at t or later, in the
// whole seconds that the service knows.
func At(t time.Time) Position { return Position(strconv.FormatInt(t.Unix(), 10)) }

// Time returns the time of a position that is one.
func (p Position) Time() (time.Time, bool) {
	n, err := strconv.ParseInt(string(p), 10, 64)
	return time.Unix(n, 0).UTC(), err == nil
}

// String is begin, end, now or the time in ISO 8601.
func (p Position) String() string {
	if t, ok := p.Time(); ok {
		return t.Format(time.RFC3339)
	}
	return string(p)
}

// ParsePosition reads begin, end, now or an ISO 8601 time. A time without a
// zone is UTC, so that one command line means the same on every machine.
func ParsePosition(text string) (Position, error) {
	switch p := Position(strings.ToLower(text)); p {
	case Begin, End, Now:
		return p, nil
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", // fractions are taken by all
		"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02",
	} {
		t, err := time.Parse(layout, strings.Replace(text, " ", "T", 1))
		if err == nil && t.Unix() >= 0 {
			return At(t), nil
		}
	}
	return "", fmt.Errorf("%q is no position: want begin, end, now or an ISO 8601 time such as 2026-01-31T08:00:00Z (without a zone: UTC)", text)
}

// A Policy says what to do when a checkpoint points to logs that the service
// has deleted.
type Policy string

// The policies for an expired checkpoint.
const (
	ExpiredBegin Policy = "begin" // go on at the oldest log that is left
	ExpiredEnd   Policy = "end"   // go on at the newest
	ExpiredHalt  Policy = "halt"  // stop with an error
)

// ParsePolicy reads begin, end or halt.
func ParsePolicy(text string) (Policy, error) {
	switch p := Policy(strings.ToLower(text)); p {
	case ExpiredBegin, ExpiredEnd, ExpiredHalt:
		return p, nil
	}
	return "", fmt.Errorf("%q is no policy for expired checkpoints: want begin, end or halt", text)
}
