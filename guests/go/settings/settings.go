// Package settings reads a guest's configuration, a JSON object, into
// variables that hold the defaults:
//
//	rate, networks := 10, []string{"100.64.0.0/10"}
//
//	var _ = slswasm.Configure(func(text []byte) error {
//		return settings.Read("sampler", text, settings.Object{
//			"rate":     settings.Int(&rate, 1, 1000),
//			"networks": settings.Texts(&networks),
//		})
//	})
//
// It is strict, so that nobody runs for weeks with a setting misspelt: a key
// that is not known is an error, as is a value of another type. Errors name
// the key by its path, as in "mask.emails".
//
// Where a configuration comes from is the host's matter.
package settings

import (
	"errors"
	"strconv"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// A Reader takes the value of one setting, or says what is wrong with it. The
// value is known to be valid JSON.
type Reader func(at Place, v jsonscan.Value) error

// A Place says where a value stands, for errors.
type Place struct{ guest, path string }

// Wrong is the error for a value that is not what it must be, such as "a list
// of networks".
func (p Place) Wrong(want string) error { return errors.New(p.path + ": must be " + want) }

func (p Place) member(key string) Place {
	if p.path != "" {
		key = p.path + "." + key
	}
	return Place{p.guest, key}
}

// An Object names settings.
type Object map[string]Reader

// Read reads text, the bytes of --guest-config. Empty text changes nothing. Of
// keys that are given twice, each is read, in order.
func Read(guest string, text []byte, o Object) error {
	if len(text) == 0 {
		return nil
	}
	if !jsonscan.Valid(text) || jsonscan.Value(text).Kind() != jsonscan.Object {
		return errors.New("the configuration of the " + guest + " guest is not a JSON object")
	}
	return In(o)(Place{guest: guest}, text)
}

// In is an object within the object.
func In(o Object) Reader {
	return members(func(at Place, key string, v jsonscan.Value) error {
		read, ok := o[key]
		if !ok {
			return errors.New(at.path + ": the " + at.guest + " guest has no such setting")
		}
		return read(at, v)
	})
}

// Map is an object whose keys are the user's; what it says is added to to.
func Map[T any](to map[string]T, read func(*T) Reader) Reader {
	return members(func(at Place, key string, v jsonscan.Value) error {
		var value T
		err := read(&value)(at, v)
		to[key] = value
		return err
	})
}

func members(f func(at Place, key string, v jsonscan.Value) error) Reader {
	return func(at Place, v jsonscan.Value) error {
		if v.Kind() != jsonscan.Object {
			return at.Wrong("an object")
		}
		for k, v := range jsonscan.Members(v) {
			key := string(jsonscan.Unescape(nil, k))
			if err := f(at.member(key), key, v); err != nil {
				return err
			}
		}
		return nil
	}
}

// Bool is true or false.
func Bool(to *bool) Reader {
	return func(at Place, v jsonscan.Value) error {
		if v.Kind() != jsonscan.Bool {
			return at.Wrong("true or false")
		}
		*to = string(v) == "true"
		return nil
	}
}

// Int is a whole number from least to most.
func Int(to *int, least, most int) Reader {
	return func(at Place, v jsonscan.Value) error {
		n, ok := v.Int()
		if !ok || n < int64(least) || n > int64(most) {
			return at.Wrong("a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most))
		}
		*to = int(n)
		return nil
	}
}

// Text is a text, which may be empty.
func Text(to *string) Reader {
	return func(at Place, v jsonscan.Value) error {
		if v.Kind() != jsonscan.String {
			return at.Wrong("a text")
		}
		*to = string(v.Text(nil))
		return nil
	}
}

// Texts is a list of texts, none of them empty, in place of the default.
func Texts(to *[]string) Reader {
	return func(at Place, v jsonscan.Value) error {
		if v.Kind() != jsonscan.Array {
			return at.Wrong("a list of texts")
		}
		*to = nil
		for e := range jsonscan.Elements(v) {
			text := string(e.Text(nil))
			if e.Kind() != jsonscan.String || text == "" {
				return at.Wrong("a list of texts that are not empty")
			}
			*to = append(*to, text)
		}
		return nil
	}
}
