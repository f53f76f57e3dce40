// Package deadletter keeps what could not be delivered: a file of letters, one
// JSON object a line, each with the original log and what became of it.
//
// The form of a letter, the writer that has it on the disk before it returns,
// and the scanner are here. When a log is given up, and sending it again, are
// the host's matter.
package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/slswasm/slswasm/abi"
)

// A Letter is one log that was not delivered. Its texts are UTF-8, invalid
// bytes in them become U+FFFD; those of Log are kept as they are.
type Letter struct {
	At     time.Time // when it was given up
	Reason string    // what the guest or the receiver said
	Stage  Stage

	Flow              string // whose way the log was going; "": the only one
	Project, Logstore string
	Shard             int
	Cursor            string // of the pull that the log came in
	Index             int    // of the log in that pull

	Log abi.Log // as it was pulled
}

// A Stage is where a log was given up.
type Stage struct {
	Kind   string `json:"kind"`             // StageGuest or StageSink
	Name   string `json:"name"`             // of the module or the sink
	SHA256 string `json:"sha256,omitempty"` // of the module, in hex
}

// The values of Stage.Kind.
const (
	StageGuest = "guest"
	StageSink  = "sink"
)

// line is a letter as it is written. The order of its keys is part of the
// form: a line starts with prefix.
type line struct {
	At       time.Time    `json:"at"`
	Reason   string       `json:"reason"`
	Stage    Stage        `json:"stage"`
	Flow     string       `json:"flow,omitempty"`
	Project  string       `json:"project"`
	Logstore string       `json:"logstore"`
	Shard    int          `json:"shard"`
	Cursor   string       `json:"cursor"`
	Index    int          `json:"index"`
	Time     int64        `json:"time_ns"`
	Group    uint32       `json:"group,omitempty"`
	Fields   [][2]content `json:"fields"` // pairs of key and value, in order
}

// prefix is what every line starts with.
const prefix = `{"at":"`

// A content is a key or a value. Valid UTF-8 is a JSON string; the bytes of
// anything else are in base64, and a value that is JSON says so:
//
//	"text"   {"base64":"/w=="}   {"text":"[1]","json":true}
type content struct {
	bytes  []byte
	isJSON bool
}

type contentObject struct {
	Text   *string `json:"text,omitempty"`
	Base64 []byte  `json:"base64,omitempty"`
	JSON   bool    `json:"json,omitempty"`
}

func (c content) MarshalJSON() ([]byte, error) {
	if !utf8.Valid(c.bytes) {
		return json.Marshal(contentObject{Base64: c.bytes, JSON: c.isJSON})
	}
	text := string(c.bytes)
	if c.isJSON {
		return marshal(contentObject{Text: &text, JSON: true})
	}
	return marshal(text)
}

func (c *content) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		var text string
		err := json.Unmarshal(b, &text)
		c.bytes = []byte(text)
		return err
	}
	var o contentObject
	if err := strict(b, &o); err != nil {
		return err
	}
	c.isJSON = o.JSON
	switch {
	case o.Text != nil && o.Base64 == nil:
		c.bytes = []byte(*o.Text)
	case o.Text == nil && o.Base64 != nil:
		c.bytes = o.Base64
	default:
		return errors.New(`a key or a value is a string, or an object with either "text" or "base64"`)
	}
	return nil
}

// appendLetter appends l's line to dst.
func appendLetter(dst []byte, l *Letter) ([]byte, error) {
	out := line{
		At: l.At.UTC(), Reason: l.Reason, Stage: l.Stage, Flow: l.Flow,
		Project: l.Project, Logstore: l.Logstore, Shard: l.Shard, Cursor: l.Cursor, Index: l.Index,
		Time: l.Log.Time, Group: l.Log.Group, Fields: make([][2]content, len(l.Log.Fields)),
	}
	for i, f := range l.Log.Fields {
		out.Fields[i] = [2]content{{bytes: f.Key}, {bytes: f.Value, isJSON: f.JSON}}
	}
	b, err := marshal(out)
	if err != nil {
		return dst, err
	}
	return append(append(dst, b...), '\n'), nil
}

// parseLetter reads one line without its end.
func parseLetter(b []byte) (Letter, error) {
	var in line
	if err := strict(b, &in); err != nil {
		return Letter{}, err
	}
	if in.Fields == nil {
		return Letter{}, errors.New(`"fields" is missing`)
	}
	l := Letter{
		At: in.At, Reason: in.Reason, Stage: in.Stage, Flow: in.Flow,
		Project: in.Project, Logstore: in.Logstore, Shard: in.Shard, Cursor: in.Cursor, Index: in.Index,
		Log: abi.Log{Time: in.Time, Group: in.Group, Fields: make([]abi.Field, len(in.Fields))},
	}
	for i, f := range in.Fields {
		l.Log.Fields[i] = abi.Field{Key: f[0].bytes, Value: f[1].bytes, JSON: f[1].isJSON}
	}
	return l, nil
}

// marshal is json.Marshal without the escapes for HTML, which make logs hard
// to read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// strict is json.Unmarshal that refuses what it does not know: a letter of a
// later version must not be read by half.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value on the line")
	}
	return nil
}
