// Command split is a guest of slswasm that makes one event of each element of
// a JSON array in a log, for producers that pack many records into one.
// README.md says how.
package main

import (
	"errors"
	"strconv"
	"time"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/jsonscan"
	"github.com/slswasm/slswasm/guests/go/settings"
)

var (
	packed slswasm.Key // the field with the array
	stamp  string      // the member with an element's time, "" for none
	most   int         // elements of one log

	index = slswasm.Named("split_index")
	count = slswasm.Named("split_count")

	_ = slswasm.Name("split", "1.0.0")
	_ = slswasm.BatchMax(64) // one log may become many
	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func configure(config []byte) error {
	name := "records"
	stamp, most = "", 10_000
	err := settings.Read("split", config, settings.Object{
		"field": settings.Text(&name),
		"time":  settings.Text(&stamp),
		"max":   settings.Int(&most, 1, 100_000),
	})
	if err == nil && (name == "" || name == "*") {
		err = errors.New("field: must be the name of one field")
	}
	if err == nil {
		packed = slswasm.Field(name)
	}
	return err
}

func handle(l *slswasm.Log) {
	value := l.Get(packed)
	if value == nil {
		return
	}
	if !jsonscan.Valid(value) || jsonscan.Value(value).Kind() != jsonscan.Array {
		l.Fail("the field to split is not a JSON array")
		return
	}
	n := 0
	for range jsonscan.Elements(value) {
		n++
	}
	if n > most {
		l.Fail("the field to split has " + strconv.Itoa(n) + " elements, more than " + strconv.Itoa(most))
		return
	}
	i := 0
	for v := range jsonscan.Elements(value) { // of an empty array, the log stays
		element(l.EmitClone(), v, i, n)
		i++
	}
}

// element makes the i-th of n events.
func element(e slswasm.Event, v jsonscan.Value, i, n int) {
	if v.Kind() == jsonscan.String {
		e.Set(packed, v.Text(nil))
	} else {
		e.SetJSON(packed, v)
	}
	e.SetString(index, strconv.Itoa(i))
	e.SetString(count, strconv.Itoa(n))
	if at, ok := timeOf(v); ok {
		e.SetTime(at)
	}
}

// timeOf returns what an element says of its time. A number of seconds that
// would be in the year 5138 is one of milliseconds.
func timeOf(v jsonscan.Value) (at time.Time, ok bool) {
	if stamp == "" {
		return at, false
	}
	member, _ := jsonscan.Get(v, stamp)
	n, ok := member.Int()
	switch {
	case !ok || n < 0 || n >= 9_000_000_000_000:
		return at, false
	case n < 100_000_000_000:
		return time.Unix(n, 0), n < 9_000_000_000
	}
	return time.UnixMilli(n), true
}
