package abi

// A Field is one key and its value. Both are views into memory that somebody
// else owns: who reads a Field never writes through it, and copies what it
// keeps. Values are bytes, not text: the Log Service stores invalid UTF-8 as
// it came.
type Field struct {
	Key, Value []byte
	// JSON says that Value is one valid JSON value, to be nested as it is
	// where the receiver's format can, and not quoted.
	JSON bool
}

// A Log is one log as the Log Service documents its flattened form: __time__,
// __topic__, __source__, __time_ns_part__ when it is not zero, __tag__:K for
// every tag, then the contents. Keys are unique: the last value of a key won
// and its first place stayed.
type Log struct {
	Time   int64   // of the event, in nanoseconds since 1970-01-01 UTC
	Group  uint32  // number of the LogGroup within its pull
	Index  uint32  // of the log within its LogGroup
	Fields []Field // never written to: logs and events share it
}

// Get returns the value of the field with this key, and whether there is one.
func (l *Log) Get(key string) ([]byte, bool) {
	for i := range l.Fields {
		if string(l.Fields[i].Key) == key {
			return l.Fields[i].Value, true
		}
	}
	return nil, false
}

// An Event is what becomes of a log: what a guest receives from the guest
// before it, and what a sink delivers.
type Event struct {
	Log
	// Body, when not nil, is the whole HEC event or syslog MSG, in place of
	// the fields.
	Body     []byte
	BodyJSON bool  // Body is one valid JSON value, not text
	Meta     *Meta // nil when the guests set none; never written to
	Origin   int   // index of the log in the batch that this event came from
	// ID, when not nil, is the event's identity, which it has again when it is
	// sent again. The host makes it; a sink passes it on.
	ID []byte
}

// Meta is what a guest says of an event beside its content. An empty text and
// a level of Unset leave the sink's own setting in force.
type Meta struct {
	Index, Source, SourceType, Host []byte
	Fields                          []Field // HEC indexed fields

	Facility, Severity               int8 // or Unset
	AppName, ProcID, MsgID, Hostname []byte
	Structured                       []Param

	Route []byte // the sink's name
}

// Unset is the Facility and the Severity of a Meta in which no guest set one.
const Unset int8 = -1

// NoMeta is what a Meta starts from.
func NoMeta() Meta { return Meta{Facility: Unset, Severity: Unset} }

// A Param is one SD-PARAM of RFC 5424, section 6.3.3.
type Param struct{ ID, Name, Value []byte }
