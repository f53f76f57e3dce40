package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/slstest"
)

// seqKey is the field that numbers each log.
const seqKey = "demo_seq"

// A sample is one log that is put many times, with a number each time.
type sample struct {
	line []byte // as in the file
	template

	want     *abi.Event // what the guest makes of it; nil: dropped, or failed
	wantText string     // the same, in canonical form
	changed  bool       // by the guest
}

// readSamples reads the files and asks the guest what it makes of each log:
// alone, and in wazero's interpreter, so that what is expected does not come
// from the machinery that is shown.
func readSamples(ctx context.Context, files fs.FS, cfg guest.Config) (_ []*sample, err error) {
	names, err := fs.Glob(files, "*.jsonl")
	if err != nil {
		return nil, err
	}
	var samples []*sample
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if err := eachLine(text, func(line []byte, t template) { samples = append(samples, &sample{line: line, template: t}) }); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(samples) == 0 {
		return nil, errors.New("no sample logs")
	}
	cfg.Interpreter = true
	module, err := guest.Compile(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Name, err)
	}
	defer func() { err = errors.Join(err, module.Close(context.WithoutCancel(ctx))) }()
	for _, s := range samples {
		if err := s.expect(ctx, module); err != nil {
			return nil, err
		}
	}
	return samples, nil
}

func (s *sample) expect(ctx context.Context, module *guest.Module) error {
	out := new(guest.Output) // one a sample: it owns what want points to
	log := abi.Event{Log: s.flatten()}
	if err := module.Transform(ctx, []abi.Event{log}, out); err != nil {
		return err
	}
	if len(out.Events) == 0 {
		return nil
	}
	if len(out.Events) > 1 {
		return errors.New("the demo's account needs a module that makes at most one event of a log")
	}
	s.want = &out.Events[0]
	before, err := canonical(&log)
	if err != nil {
		return err
	}
	s.wantText, err = canonical(s.want)
	s.changed = s.wantText != before
	return err
}

// numbered feeds a service with the samples, each time with the next number.
func numbered(service *slstest.Server, samples []*sample) *Feed {
	f := &Feed{service: service, project: project, logstore: logstore, stamp: func(l *slstest.Log, seq int) {
		contents := make([]slstest.KV, 0, len(l.Contents)+1)
		l.Contents = append(append(contents, l.Contents...), slstest.KV{Key: seqKey, Value: strconv.Itoa(seq)})
	}}
	for _, s := range samples {
		f.samples = append(f.samples, s.template)
	}
	return f
}

// flatten is the documented flattening, once more and for few logs only.
func (s *sample) flatten() abi.Log {
	l := abi.Log{Time: int64(s.log.Time)*1e9 + int64(s.log.Nanos)}
	add := func(key, value string) {
		l.Fields = append(l.Fields, abi.Field{Key: []byte(key), Value: []byte(value)})
	}
	add("__time__", strconv.Itoa(int(s.log.Time)))
	add("__topic__", s.group.Topic)
	add("__source__", s.group.Source)
	if s.log.Nanos != 0 {
		add("__time_ns_part__", strconv.Itoa(int(s.log.Nanos)))
	}
	for _, t := range s.group.Tags {
		add("__tag__:"+t.Key, t.Value)
	}
	for _, c := range s.log.Contents {
		add(c.Key, c.Value)
	}
	return l
}

// canonical is a form in which two events that say the same are equal:
// members sorted, and without what differs from log to log.
func canonical(e *abi.Event) (string, error) {
	if e.Body != nil && !e.BodyJSON {
		text, err := json.Marshal(string(e.Body))
		return string(text), err
	}
	if e.Body != nil {
		return canonicalJSON(e.Body)
	}
	object := make(map[string]any, len(e.Fields))
	for _, f := range e.Fields {
		object[string(f.Key)] = string(f.Value)
		if f.JSON {
			object[string(f.Key)] = json.RawMessage(f.Value)
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	return canonicalJSON(text)
}

func canonicalJSON(text []byte) (string, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // digits stay as they are
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	if object, ok := v.(map[string]any); ok {
		for _, key := range []string{"__time__", "__tag__:__receive_time__", seqKey} {
			delete(object, key)
		}
	}
	out, err := json.Marshal(v)
	return string(out), err
}
