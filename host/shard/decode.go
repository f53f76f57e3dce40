package shard

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/slswasm/slswasm/abi"
)

// The keys that the Log Service adds to a log's contents when it flattens.
const (
	keyTime   = "__time__"
	keyTopic  = "__topic__"
	keySource = "__source__"
	keyNanos  = "__time_ns_part__"
	keyTag    = "__tag__:"
)

// keyContent is the protobuf key of a log's contents.
const keyContent = 2<<3 | wireBytes

// A decoder turns the bytes of a pull into flattened logs: views into those
// bytes, into its own slabs and into its arena (keys of tags, decimal times).
// It does so in parts, for what all logs of a group share is repeated in each:
// few bytes can become many views. What part returns is valid until the next
// part; a decoder that has seen its largest part allocates nothing.
type decoder struct {
	logs   []abi.Log
	fields []abi.Field // of all logs, one after the other
	arena  []byte
	keys   keySet
	names  [4]abi.Field // of the reserved fields, in their order

	limit  int // of a part's views, and of its keys and values, in bytes
	list   scan
	inside bool     // a group is open:
	whole  scan     // all of it,
	rest   scan     // and what is to come
	more   bool     // the last part stopped at the limit
	groups int      // read to their ends
	common []common // of the groups, once the pull is checked
	index  int      // within its group of the next log
	first  int      // index within the pull of the part's first log

	bytes  int         // keys and values of the part
	before []abi.Field // of the log before, in the same group; nil when there is none
	nanos  bool        // and whether it has them
	follow bool        // the keys so far are those of before
	prefix []abi.Field // of the group: __topic__, __source__ and the tags
	second uint32      // whose text is secondText
	text   []byte
}

// viewSize is that of an abi.Field, and about that of an abi.Log.
const viewSize = 56

func newDecoder() *decoder {
	d := &decoder{keys: newKeySet()}
	for i, name := range []string{keyTime, keyTopic, keySource, keyNanos} {
		d.names[i].Key = []byte(name)
	}
	return d
}

// Decode flattens the logs of one pull: a LogGroupList in protobuf,
// decompressed, as Config.OnPull sees it. They share memory with raw.
func Decode(raw []byte) ([]abi.Log, error) {
	d := newDecoder()
	d.start(raw, math.MaxInt)
	return d.part()
}

// open starts a pull of so many groups and returns its first part. When there
// are more, all of it is checked: nothing is handed over of a pull that breaks
// off later.
func (d *decoder) open(raw []byte, groups, limit int) ([]abi.Log, error) {
	d.start(raw, limit)
	logs, err := d.part()
	n := d.groups
	if d.more && err == nil {
		d.common, err = check(raw, d.common)
		n = len(d.common)
	}
	if err == nil && n != groups {
		err = fmt.Errorf("%d log groups, and the header says %d", n, groups)
	}
	return logs, err
}

func (d *decoder) start(raw []byte, limit int) {
	d.limit, d.list, d.inside, d.groups, d.first = limit, scan{raw: raw, end: len(raw)}, false, 0, 0
	d.logs, d.common = d.logs[:0], d.common[:0]
}

// part flattens the next logs: at least one, and then until their views or
// their bytes have reached the limit. The logs' Time is their __time__ and
// __time_ns_part__ as the service has them, whatever the contents say.
func (d *decoder) part() ([]abi.Log, error) {
	d.first += len(d.logs)
	d.logs, d.fields, d.arena, d.text, d.bytes, d.more = d.logs[:0], d.fields[:0], d.arena[:0], nil, 0, false
	for d.inside || d.enter() {
		if err := d.group(); err != nil {
			return nil, err
		}
		if d.full() {
			d.more = true
			return d.logs, nil
		}
	}
	if d.list.err != nil {
		return nil, d.list.err
	}
	return d.logs, nil
}

// size is the memory of the part, beside the pull's bytes.
func (d *decoder) size() int { return viewSize*(len(d.fields)+len(d.logs)) + len(d.arena) }

// full looks at both: a large tag that all logs share is few bytes here, and
// many where the logs are written.
func (d *decoder) full() bool {
	return len(d.logs) > 0 && (d.size() >= d.limit || d.bytes >= d.limit)
}

// enter finds the next group.
func (d *decoder) enter() bool {
	for d.list.next() {
		if d.list.field == 1 {
			d.inside = d.list.want(wireBytes)
			d.whole = d.list.within()
			d.rest = d.whole
			d.index = 0
			return d.inside
		}
	}
	return false
}

// group reads the open group, or goes on with it, until it is over or the part
// is full. What its logs share may come after them, and is in the arena that
// each part starts anew: so it is read first.
func (d *decoder) group() error {
	all := d.whole
	if d.groups < len(d.common) { // to look for them among the logs takes as long as to read a few
		all.pos, all.end = d.common[d.groups].from, d.common[d.groups].to
	}
	if err := d.shared(all); err != nil {
		return err
	}
	s := d.rest
	d.before = nil
	for !d.full() {
		if !s.next() { // shared has seen every field
			d.inside = false
			d.groups++
			return nil
		}
		if s.field == 1 {
			if err := d.log(s.within()); err != nil {
				return err
			}
		}
	}
	d.rest = s
	return nil
}

func (d *decoder) shared(s scan) error {
	topic, source := d.names[1], d.names[2]
	topic.Value, source.Value = []byte{}, []byte{}
	d.prefix = append(d.prefix[:0], topic, source)
	d.keys.nextGroup()
	for s.next() {
		known := s.field <= 6
		if known && !s.want(wireBytes) {
			break
		}
		switch s.field {
		case 3:
			d.prefix[0].Value = s.raw[s.from:s.to:s.to]
		case 4:
			d.prefix[1].Value = s.raw[s.from:s.to:s.to]
		case 6:
			if err := d.tag(s.within()); err != nil {
				return err
			}
		}
	}
	d.keys.endTags()
	return asError(s.err)
}

func (d *decoder) tag(s scan) error {
	key, value, err := pair(s)
	if err != nil {
		return err
	}
	from := len(d.arena)
	d.arena = append(append(d.arena, keyTag...), key...)
	full := d.arena[from:len(d.arena):len(d.arena)]
	i, found := d.keys.find(d.prefix, full, len(d.prefix))
	if found {
		d.prefix[i].Value = value
		return nil
	}
	d.prefix = append(d.prefix, abi.Field{Key: full, Value: value})
	return nil
}

// log flattens one log. The fields that the service adds come first, so that
// the contents can override them.
func (d *decoder) log(s scan) error {
	seconds, nanos, err := stamps(s)
	if err != nil {
		return err
	}
	start := len(d.fields)
	d.begin(seconds, nanos)
	d.keys.nextLog()
	d.follow = d.before != nil && d.nanos == (nanos != 0)
	for s.expect(keyContent) {
		if s.field != 2 {
			continue
		}
		key, value, ok := usual(s.raw[s.from:s.to:s.to])
		if !ok {
			if key, value, err = pair(s.within()); err != nil {
				return err
			}
		}
		d.put(start, nanos != 0, key, value)
	}
	fields := d.fields[start:len(d.fields):len(d.fields)]
	for i := range fields {
		d.bytes += len(fields[i].Key) + len(fields[i].Value)
	}
	d.logs = append(d.logs, abi.Log{
		Time:   int64(seconds)*1e9 + int64(nanos),
		Group:  uint32(d.groups),
		Index:  uint32(d.index),
		Fields: fields,
	})
	d.index++
	d.before, d.nanos = fields, nanos != 0
	return nil
}

// begin appends what comes before the contents.
func (d *decoder) begin(seconds, nanos uint32) {
	if seconds != d.second || d.text == nil {
		d.second, d.text = seconds, d.decimal(seconds)
	}
	d.fields = append(d.fields, abi.Field{Key: d.names[0].Key, Value: d.text})
	if nanos == 0 {
		d.fields = append(d.fields, d.prefix...)
		return
	}
	d.fields = append(d.fields, d.prefix[0], d.prefix[1],
		abi.Field{Key: d.names[3].Key, Value: d.decimal(nanos)})
	d.fields = append(d.fields, d.prefix[2:]...)
}

// put adds one content to the log that begins at start, or gives its value to
// the field that already has its key.
func (d *decoder) put(start int, hasNanos bool, key, value []byte) {
	if i := reserved(key, hasNanos); i >= 0 {
		d.fields[start+i].Value = value
		return
	}
	base := start + 1 // the key set counts from __topic__, as d.prefix does
	if hasNanos {
		base++
	}
	if d.follow {
		if at := len(d.fields) - start; at < len(d.before) && bytes.Equal(d.before[at].Key, key) {
			d.fields = append(d.fields, abi.Field{Key: key, Value: value})
			return
		}
		d.leave(base)
	}
	i, found := d.keys.find(d.fields[base:], key, len(d.fields)-base)
	if found {
		d.fields[base+i].Value = value
		return
	}
	d.fields = append(d.fields, abi.Field{Key: key, Value: value})
}

// leave enters the contents' keys so far, which need not be while they are
// those of the log before, in their order: those are different from each other
// and from the tags'.
func (d *decoder) leave(base int) {
	d.follow = false
	for i := base + len(d.prefix); i < len(d.fields); i++ {
		d.keys.find(d.fields[base:], d.fields[i].Key, i-base)
	}
}

// reserved returns the place of a field that the service adds to every log,
// or -1.
func reserved(key []byte, hasNanos bool) int {
	if len(key) < len(keyTime) || key[0] != '_' {
		return -1
	}
	switch string(key) {
	case keyTime:
		return 0
	case keyTopic:
		return 1
	case keySource:
		return 2
	case keyNanos:
		if hasNanos {
			return 3
		}
	}
	return -1
}

func (d *decoder) decimal(n uint32) []byte {
	from := len(d.arena)
	d.arena = strconv.AppendUint(d.arena, uint64(n), 10)
	return d.arena[from:len(d.arena):len(d.arena)]
}

// stamps reads the two times of a log, which a writer may put anywhere in it.
func stamps(s scan) (seconds, nanos uint32, err error) {
	for s.skip(keyContent); s.next(); s.skip(keyContent) {
		switch s.field {
		case 1:
			s.want(wireVarint)
			seconds = uint32(s.value)
		case 2:
			s.want(wireBytes)
		case 4:
			s.want(wireFixed32)
			nanos = uint32(s.value)
		}
	}
	return seconds, nanos, asError(s.err)
}

// pair reads a Content or a Tag. A writer may leave out what is empty.
func pair(s scan) (key, value []byte, err error) {
	key, value = []byte{}, []byte{}
	for s.next() {
		if s.field > 2 {
			continue
		}
		if !s.want(wireBytes) {
			break
		}
		if s.field == 1 {
			key = s.raw[s.from:s.to:s.to]
		} else {
			value = s.raw[s.from:s.to:s.to]
		}
	}
	return key, value, asError(s.err)
}

// usual reads a pair of the usual shape: the key, the value, both short,
// nothing else.
func usual(b []byte) (key, value []byte, ok bool) {
	if len(b) < 4 || b[0] != 1<<3|wireBytes {
		return nil, nil, false
	}
	n, from := short(b, 1)
	if n < 0 || n >= len(b)-from || b[from+n] != 2<<3|wireBytes {
		return nil, nil, false
	}
	m, start := short(b, from+n+1)
	if m < 0 || m != len(b)-start {
		return nil, nil, false
	}
	return b[from : from+n : from+n], b[start:], true
}

func asError(m *Malformed) error {
	if m == nil {
		return nil
	}
	return m
}
