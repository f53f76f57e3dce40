package oplog

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

func (s *Secrets) attrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = slog.Attr{Key: s.Mask(a.Key), Value: s.value(a.Value)}
	}
	return out
}

// value is the same, without secrets, and refers to nothing that can change.
func (s *Secrets) value(v slog.Value) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(strings.Clone(s.Mask(v.String())))
	case slog.KindGroup:
		return slog.GroupValue(s.attrs(v.Group())...)
	case slog.KindAny:
		return s.any(v.Any())
	}
	if text := v.String(); s.Mask(text) != text {
		return slog.StringValue(s.Mask(text))
	}
	return v
}

func (s *Secrets) any(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.AnyValue(said{s.Mask(text(v.Error))})
	case []byte:
		return slog.StringValue(s.Mask(string(v)))
	case fmt.Stringer:
		return slog.StringValue(s.Mask(text(v.String)))
	}
	f := frozen{text: s.Mask(text(func() string { return fmt.Sprintf("%+v", v) }))}
	encoded, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(f.text)
	}
	if f.json = []byte(s.Mask(string(encoded))); !json.Valid(f.json) {
		f.json, _ = json.Marshal(string(f.json)) // a text is always valid
	}
	return slog.AnyValue(f)
}

// text calls what makes a text of a value, which may be nil.
func text(of func() string) (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = fmt.Sprintf("!PANIC: %v", v)
		}
	}()
	return of()
}

// said is an error of which the text is left: those behind can still tell that
// it was one.
type said struct{ text string }

func (e said) Error() string { return e.text }

// frozen is a value as it was, for people and in JSON.
type frozen struct {
	text string
	json []byte
}

func (f frozen) String() string               { return f.text }
func (f frozen) MarshalJSON() ([]byte, error) { return f.json, nil }
