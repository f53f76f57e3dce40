package slswasm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

// start declares a guest by the function and starts it.
func start(t testing.TB, declare func()) *slswasmtest.Guest {
	t.Helper()
	t.Cleanup(slswasm.Fresh())
	declare()
	return slswasmtest.Start(t, "")
}

// handle starts a guest with one declared field, "a".
func handle(t testing.TB, f func(l *slswasm.Log, a slswasm.Key)) *slswasmtest.Guest {
	t.Helper()
	return start(t, func() {
		a := slswasm.Field("a")
		slswasm.Handle(func(l *slswasm.Log) { f(l, a) })
	})
}

func TestDescriptor(t *testing.T) {
	tests := []struct {
		name    string
		declare func()
		want    slswasmtest.Descriptor
	}{
		{"nothing", func() {}, slswasmtest.Descriptor{Error: "the guest has no function for logs: call slswasm.Handle in a package variable or an init function"}},
		{"all", func() {
			slswasm.Name("a\"b\n", "1.0\xff")
			slswasm.Field("verb")
			slswasm.Field("__tag__:k")
			slswasm.Field("verb") // the same slot
			slswasm.AllFields()
			slswasm.BatchMax(7)
			slswasm.Handle(func(*slswasm.Log) {})
			slswasm.Configure(func(config []byte) error {
				if string(config) != `{"x":1}` {
					return errors.New("another configuration")
				}
				return nil
			})
		}, slswasmtest.Descriptor{Name: "a\"b\n", Version: "1.0\ufffd", Fields: []string{"verb", "__tag__:k", "*"}, BatchMax: 7}},
		{"refused", func() {
			slswasm.Handle(func(*slswasm.Log) {})
			slswasm.Configure(func([]byte) error { return errors.New("key \"x\": not known") })
		}, slswasmtest.Descriptor{Error: "key \"x\": not known"}},
		{"refused without a word", func() {
			slswasm.Configure(func([]byte) error { return errors.New("") })
		}, slswasmtest.Descriptor{Error: "the guest refused its configuration and did not say why"}},
		{"panic", func() {
			slswasm.Configure(func(config []byte) error { panic("no") })
		}, slswasmtest.Descriptor{Error: "panic: no"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(slswasm.Fresh())
			test.declare()
			got := slswasmtest.Describe(t, `{"x":1}`)
			if got.Name != test.want.Name || got.Version != test.want.Version || got.BatchMax != test.want.BatchMax ||
				got.Error != test.want.Error || !slices.Equal(got.Fields, test.want.Fields) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	t.Cleanup(slswasm.Fresh())
	for name, f := range map[string]func(){
		"empty field": func() { slswasm.Field("") },
		"star":        func() { slswasm.Field("*") },
		"empty name":  func() { slswasm.Named("") },
	} {
		if text := panicOf(f); !strings.HasPrefix(text, "slswasm: ") {
			t.Errorf("%s: got %q", name, text)
		}
	}
}

func panicOf(f func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	f()
	return ""
}

func TestPrint(t *testing.T) {
	g := handle(t, func(*slswasm.Log, slswasm.Key) { slswasm.Print(slswasm.LevelWarn, "careful") })
	g.Run(slswasmtest.NewLog())
	if want := []slswasmtest.Line{{Level: slswasm.LevelWarn, Text: "careful"}}; !slices.Equal(g.Printed, want) {
		t.Errorf("got %v", g.Printed)
	}
}
