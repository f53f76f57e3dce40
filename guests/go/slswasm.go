// Package slswasm is for writing guests of slswasm in Go: WebAssembly modules
// through which logs pass on their way from Alibaba Cloud Log Service to
// Splunk or syslog.
//
// A guest declares the fields that it reads and a function that is called for
// each log, both in package variables or init functions, because a guest's
// main is never called:
//
//	package main
//
//	import slswasm "github.com/slswasm/slswasm/guests/go"
//
//	var verb = slswasm.Field("verb")
//
//	var _ = slswasm.Handle(func(l *slswasm.Log) {
//		if l.GetString(verb) == "get" {
//			l.Drop()
//			return
//		}
//		l.HEC().SourceType("kube:audit")
//	})
//
//	func main() {}
//
// One source builds with Go and with TinyGo:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags='-s -w' -o guest.wasm .
//	tinygo build -target wasip1 -buildmode=c-shared -opt=2 -no-debug -gc=precise -scheduler=none -o guest.wasm .
//
// The same function runs under plain go test, without WebAssembly: see
// package slswasmtest. The folders beside it hold what most guests need:
// reading JSON, masking secrets, building CEF and LEEF.
//
// Here lives the guest's side of the ABI (abi/ABI.md) and nothing of the
// host; no package of this module imports anything but the standard library.
package slswasm

// guest is all that a module declared, and the state of the call under way.
type guest struct {
	name, version string
	fields        []string // one slot each
	allFields     bool
	batchMax      int
	configure     func(config []byte) error
	handle        func(*Log)
	metrics       []*metric
	tell          func(*guest) // the host of metrics; nil: there are none

	batch []byte // of the call under way
	reply []byte // kept and grown
	log   Log    // the one handed to handle

	index    uint32 // of the record in hand
	start    int    // where the record's verdict stands in reply
	writable uint32 // number of the Event that may be edited; see Event
	emitted  int    // where the count of emitted events stands in reply, or 0
	changed  bool   // any verdict but keep
}

// self is the guest that this program is: a module has one set of exports, so
// there is one. Tests replace it.
var self = new(guest)

// A Key names a field. Make it once, in a package variable.
type Key struct {
	name string
	slot uint32 // its number and slotKey, or 0
}

// Field declares a field that the guest reads, by its name in the flattened
// log: "__topic__", "__tag__:k", or a content key such as "verb". Only
// declared fields can be read, unless AllFields is asked for too.
//
// Declare fields before the host asks for them: in package variables, in an
// init function, or, if the configuration names them, in the function of
// Configure. A name declared twice is one field.
func Field(name string) Key {
	if name == "" || name == allFields {
		panic("slswasm: no field can have the name " + quote(name) + "; AllFields asks for all of them")
	}
	for i, f := range self.fields {
		if f == name {
			return Key{name, slotKey | uint32(i)}
		}
	}
	self.fields = append(self.fields, name)
	return Key{name, slotKey | uint32(len(self.fields)-1)}
}

// Named is the key of a field that the guest writes and never reads.
func Named(name string) Key {
	if name == "" {
		panic("slswasm: a field's name cannot be empty")
	}
	return Key{name: name}
}

// AllFields asks for all the fields of every log: Log.All then lists them, and
// Get finds any. It costs several times what declared fields cost.
func AllFields() bool {
	self.allFields = true
	return true
}

// Handle sets the function that is called for each log. The Log, and every
// slice got from it, is only good until the function returns.
//
// A log of which the function says nothing passes unchanged. A panic fails
// the log with the panic's text; under TinyGo, where recover does not work, it
// ends the instance, and the host blames the log in hand: the same outcome,
// slower.
func Handle(handle func(l *Log)) bool {
	self.handle = handle
	return true
}

// Configure sets a function that receives the configuration: the bytes of
// --guest-config, empty when there are none. It is called once in each
// instance, before any log. After an error nothing starts, and the user
// reads the error's text.
func Configure(configure func(config []byte) error) bool {
	self.configure = configure
	return true
}

// Name says what the guest is called in log lines and dead letters, and its
// version.
func Name(name, version string) bool {
	self.name, self.version = name, version
	return true
}

// BatchMax limits the logs in one call, 1 to 65536; the host's default is 256.
func BatchMax(n int) bool {
	self.batchMax = n
	return true
}
