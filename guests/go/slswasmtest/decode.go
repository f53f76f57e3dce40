package slswasmtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// reader reads a reply; the first fault sticks.
type reader struct {
	b     []byte
	slots []string
	err   error
}

func (r *reader) fault(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fault("it stops short: %d more bytes wanted, %d left", n, len(r.b))
		n, r.b = 0, nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) word() uint32 {
	if b := r.take(4); len(b) == 4 {
		return le.Uint32(b)
	}
	return 0
}

func (r *reader) time() int64 {
	b := r.take(8)
	if len(b) < 8 {
		return 0
	}
	ns := int64(le.Uint64(b))
	if ns < 0 {
		r.fault("a time before 1970")
	}
	return ns
}

func (r *reader) text() string { return string(r.take(int(r.word()))) }

func (r *reader) json() string {
	s := r.text()
	if r.err == nil && !json.Valid([]byte(s)) {
		r.fault("not valid JSON: %.200q", s)
	}
	return s
}

func (r *reader) name() string {
	s := r.text()
	if s == "" {
		r.fault("an empty key")
	}
	return s
}

func (r *reader) key() string {
	n := r.word()
	if n&(1<<31) == 0 {
		s := string(r.take(int(n)))
		if s == "" {
			r.fault("an empty key")
		}
		return s
	}
	if n &^= 1 << 31; int(n) < len(r.slots) {
		return r.slots[n]
	}
	r.fault("slot %d was not declared", n)
	return ""
}

// decode reads a reply and applies it to the logs; a nil reply keeps them all.
func decode(reply []byte, slots []string, logs []Log) ([]Result, error) {
	results := make([]Result, len(logs))
	if reply == nil {
		for i, l := range logs {
			results[i] = Result{Verdict: Keep, Events: []Event{l.event()}}
		}
		return results, nil
	}
	r := &reader{b: reply, slots: slots}
	if n := r.word(); int(n) != len(logs) {
		return nil, fmt.Errorf("it has %d verdicts for %d logs", n, len(logs))
	}
	for i, l := range logs {
		results[i] = r.result(l)
		if r.err != nil {
			return nil, fmt.Errorf("log %d: %w", i, r.err)
		}
	}
	if len(r.b) > 0 {
		return nil, errors.New("bytes follow the last verdict")
	}
	return results, nil
}

func (l Log) event() Event { return Event{Time: l.Time, Fields: slices.Clone(l.Fields)} }

func (r *reader) result(l Log) Result {
	switch v := r.byte(); v {
	case 0:
		return Result{Verdict: Keep, Events: []Event{l.event()}}
	case 1:
		return Result{Verdict: Drop}
	case 2:
		return Result{Verdict: Edit, Events: []Event{r.edited(l.event())}}
	case 3:
		return Result{Verdict: Emit, Events: r.emitted(l)}
	case 4:
		return Result{Verdict: Fail, Reason: r.text()}
	default:
		r.fault("no verdict has the number %d", v)
		return Result{}
	}
}

func (r *reader) emitted(l Log) (events []Event) {
	for k := r.word(); k > 0 && r.err == nil; k-- {
		e := l.event()
		switch base := r.byte(); base {
		case 0:
		case 1:
			e.Fields = nil
		default:
			r.fault("no base has the number %d", base)
		}
		events = append(events, r.edited(e))
	}
	return events
}

func (r *reader) edited(e Event) Event {
	for r.err == nil {
		switch op := r.byte(); op {
		case 0:
			return e
		case 1:
			e.set(Field{Key: r.key(), Value: r.text()})
		case 2:
			e.set(Field{Key: r.key(), Value: r.json(), JSON: true})
		case 3:
			e.delete(r.key())
		case 4:
			e.rename(r.key(), r.name())
		case 5:
			e.Fields = nil
		case 6:
			e.Body, e.BodyJSON = new(string), false
			*e.Body = r.text()
		case 7:
			e.Body, e.BodyJSON = new(string), true
			*e.Body = r.json()
		case 8:
			e.Time = r.time()
		case 9:
			r.meta(&e.Meta)
		default:
			r.fault("no op has the number %d", op)
		}
	}
	return e
}

func (e *Event) set(f Field) {
	if i := find(e.Fields, f.Key); i >= 0 {
		e.Fields[i] = f
	} else {
		e.Fields = append(e.Fields, f)
	}
}

func (e *Event) delete(key string) {
	e.Fields = slices.DeleteFunc(e.Fields, func(f Field) bool { return f.Key == key })
}

func (e *Event) rename(from, to string) {
	if from == to || find(e.Fields, from) < 0 {
		return
	}
	e.delete(to)
	e.Fields[find(e.Fields, from)].Key = to
}

func (r *reader) meta(m *Meta) {
	texts := map[byte]*string{
		1: &m.Index, 2: &m.Source, 3: &m.SourceType, 4: &m.Host,
		18: &m.AppName, 19: &m.ProcID, 20: &m.MsgID, 21: &m.Hostname, 32: &m.Route,
	}
	switch id := r.byte(); id {
	case 5:
		m.Fields = append(m.Fields, Field{Key: r.text(), Value: r.text()})
	case 16:
		m.Facility = r.upTo(23)
	case 17:
		m.Severity = r.upTo(7)
	case 22:
		m.Structured = append(m.Structured, Param{r.text(), r.text(), r.text()})
	default:
		if texts[id] == nil {
			r.fault("no metadata has the number %d", id)
			return
		}
		*texts[id] = r.text()
	}
}

func (r *reader) upTo(most uint8) *uint8 {
	v := r.byte()
	if v > most {
		r.fault("a syslog facility or severity of %d is over %d", v, most)
	}
	return &v
}
