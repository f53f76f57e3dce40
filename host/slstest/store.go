package slstest

import (
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	maxShards     = 256
	defaultShards = 2
	keyDigits     = 32 // hexadecimal digits of a hash key, which has 128 bits
	// lastKey ends the hash range, and is the one end that its shard includes.
	lastKey = "ffffffffffffffffffffffffffffffff"
)

type project struct {
	name      string
	created   time.Time
	logstores map[string]*logstore
}

type logstore struct {
	name    string
	created time.Time
	shards  []*shard // by ID
	groups  map[string]*consumerGroup
	turn    int // of the shard that the next put without a key goes to
}

// A shard keeps its log groups as they go out in a pull.
type shard struct {
	id         int
	begin, end string // hash keys, 32 hexadecimal digits; end is not included
	readonly   bool
	created    int64 // seconds
	parents    []int
	first      int64 // cursor of stored[0]
	stored     []storedGroup
	logs       int   // in stored
	bytes      int64 // of stored
}

type storedGroup struct {
	framed   []byte // 0x0A, length, LogGroup: one field of a LogGroupList
	received int64  // seconds
	logs     int
}

// raw returns the LogGroup without its frame.
func (g storedGroup) raw() []byte {
	_, n := protowire.ConsumeVarint(g.framed[1:])
	return g.framed[1+n:]
}

func newProject(cfg Project, now time.Time) *project {
	p := &project{name: cfg.Name, created: now, logstores: make(map[string]*logstore)}
	for _, l := range cfg.Logstores {
		n := l.Shards
		if n == 0 {
			n = defaultShards
		}
		ls := &logstore{name: l.Name, created: now, groups: make(map[string]*consumerGroup)}
		for _, r := range divide("0", "1"+strings.Repeat("0", keyDigits), n) {
			ls.addShard(r, now)
		}
		p.logstores[l.Name] = ls
	}
	return p
}

// divide cuts the range of hash keys into n of the same size; none when it is
// too small for that.
func divide(begin, end string, n int) [][2]string {
	var b, e, width, size big.Int
	b.SetString(begin, 16)
	e.SetString(end, 16)
	size.Sub(&e, &b)
	if size.Cmp(big.NewInt(int64(n))) < 0 {
		return nil
	}
	at := func(i int) string {
		width.Mul(&size, big.NewInt(int64(i)))
		width.Div(&width, big.NewInt(int64(n)))
		text := new(big.Int).Add(&b, &width).Text(16)
		if len(text) > keyDigits { // the end of the whole range is written as the last key
			return lastKey
		}
		return strings.Repeat("0", keyDigits-len(text)) + text
	}
	out := make([][2]string, n)
	for i := range out {
		out[i] = [2]string{at(i), at(i + 1)}
	}
	return out
}

// addShard appends a shard. The positions of different shards lie far apart,
// so that a cursor used on the wrong shard is an error and not a silent jump.
func (ls *logstore) addShard(keys [2]string, now time.Time, parents ...int) *shard {
	id := len(ls.shards)
	sh := &shard{
		id: id, begin: keys[0], end: keys[1], created: now.Unix(), parents: parents,
		first: now.UnixNano() + int64(id)<<40,
	}
	ls.shards = append(ls.shards, sh)
	return sh
}

// shard returns a shard; status is that of the error when there is none,
// which differs from call to call.
func (ls *logstore) shard(id, status int) (*shard, error) {
	if id < 0 || id >= len(ls.shards) {
		return nil, failure(status, codeShardNotExist, "shard %d does not exist", id)
	}
	return ls.shards[id], nil
}

// next returns the writable shards in turn.
func (ls *logstore) next() *shard {
	for { // one shard is always writable: split and merge make new ones
		sh := ls.shards[ls.turn%len(ls.shards)]
		ls.turn++
		if !sh.readonly {
			return sh
		}
	}
}

// route returns the writable shard that a hash key belongs to.
func (ls *logstore) route(key string) (*shard, error) {
	if len(key) != keyDigits || strings.Trim(key, "0123456789abcdef") != "" {
		return nil, badParameter("key %q: want %d hexadecimal digits", key, keyDigits)
	}
	for _, sh := range ls.shards {
		if !sh.readonly && sh.begin <= key && (key < sh.end || sh.end == lastKey) {
			return sh, nil
		}
	}
	return nil, badParameter("key %q belongs to no shard", key) // cannot be: the ranges cover everything
}

// split makes a shard read-only and divides its range among new ones: at key,
// or into count of the same size.
func (ls *logstore) split(sh *shard, key string, count int, now time.Time) ([]*shard, error) {
	if sh.readonly {
		return nil, badParameter("shard %d is read-only and cannot be split", sh.id)
	}
	end := sh.end
	if end == lastKey {
		end = "1" + strings.Repeat("0", keyDigits)
	}
	ranges := divide(sh.begin, end, count)
	if key != "" {
		if len(key) != keyDigits || key <= sh.begin || key >= sh.end {
			return nil, badParameter("key %q does not lie within shard %d, from %s to %s", key, sh.id, sh.begin, sh.end)
		}
		ranges = [][2]string{{sh.begin, key}, {key, sh.end}}
	}
	if ranges == nil || len(ls.shards)+len(ranges) > maxShards {
		return nil, badParameter("shard %d cannot be split into %d", sh.id, count)
	}
	sh.readonly = true
	out := []*shard{sh}
	for _, r := range ranges {
		out = append(out, ls.addShard(r, now, sh.id))
	}
	return out, nil
}

// merge joins a shard with its neighbour to the right.
func (ls *logstore) merge(sh *shard, now time.Time) ([]*shard, error) {
	if sh.readonly {
		return nil, badParameter("shard %d is read-only and cannot be merged", sh.id)
	}
	i := slices.IndexFunc(ls.shards, func(o *shard) bool { return !o.readonly && o.begin == sh.end })
	if i < 0 || len(ls.shards) >= maxShards {
		return nil, badParameter("shard %d has no neighbour to the right to be merged with", sh.id)
	}
	right := ls.shards[i]
	sh.readonly, right.readonly = true, true
	return []*shard{ls.addShard([2]string{sh.begin, right.end}, now, sh.id, right.id), sh, right}, nil
}

func (sh *shard) endCursor() int64 { return sh.first + int64(len(sh.stored)) }

// append stores a checked log group.
func (sh *shard) append(raw []byte, logs int, now int64, tagged bool) {
	if n := len(sh.stored); n > 0 {
		now = max(now, sh.stored[n-1].received) // a clock set back must not break the search by time
	}
	var tag []byte
	if tagged {
		tag = receiveTimeTag(now)
	}
	size := len(raw) + len(tag)
	framed := make([]byte, 0, size+protowire.SizeTag(listGroups)+protowire.SizeVarint(uint64(size)))
	framed = protowire.AppendTag(framed, listGroups, protowire.BytesType)
	framed = protowire.AppendVarint(framed, uint64(size))
	framed = append(append(framed, raw...), tag...)
	sh.stored = append(sh.stored, storedGroup{framed, now, logs})
	sh.logs += logs
	sh.bytes += int64(len(framed))
}

// since returns the position of the first log group that arrived at this
// second or later, or the end.
func (sh *shard) since(second int64) int64 {
	i := sort.Search(len(sh.stored), func(i int) bool { return sh.stored[i].received >= second })
	return sh.first + int64(i)
}

// index checks that a cursor lies within the shard and returns its index in
// stored.
func (sh *shard) index(cursor string) (int, error) {
	n, err := DecodeCursor(cursor)
	switch {
	case err != nil:
		return 0, err
	case n < sh.first:
		return 0, failure(400, codeInvalidCursor, "cursor %q is older than what shard %d still keeps", cursor, sh.id)
	case n > sh.endCursor():
		return 0, failure(400, codeInvalidCursor, "cursor %q lies behind the end of shard %d", cursor, sh.id)
	}
	return int(n - sh.first), nil
}

// expire forgets the log groups before a position.
func (sh *shard) expire(upTo int64) {
	n := min(max(upTo-sh.first, 0), int64(len(sh.stored)))
	for _, g := range sh.stored[:n] {
		sh.logs -= g.logs
		sh.bytes -= int64(len(g.framed))
	}
	sh.stored = slices.Clone(sh.stored[n:])
	sh.first += n
}
