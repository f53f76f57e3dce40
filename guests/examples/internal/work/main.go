// Command work is a guest that does what guests are written for, to measure
// what it costs within its limits. Its configuration names the work: json,
// regexp, mask or cef. It is no example: those are two folders up.
package main

import (
	"errors"

	slswasm "github.com/slswasm/slswasm/guests/go"
)

var (
	message = slswasm.Field("message")
	result  = slswasm.Named("result")

	work func(l *slswasm.Log, message []byte) error

	_ = slswasm.Name("work", "1.0.0")
	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func configure(name []byte) error {
	switch string(name) {
	case "json":
		work = parse
	case "regexp":
		work = match
	case "mask":
		work = hide
	case "cef":
		work = write
	default:
		return errors.New("the work is json, regexp, mask or cef")
	}
	return nil
}

func handle(l *slswasm.Log) {
	if err := work(l, l.Get(message)); err != nil {
		l.Fail(err.Error())
	}
}
