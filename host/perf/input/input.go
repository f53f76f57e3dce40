// Package input makes the logs that everything is measured with: the samples
// of testdata/logs over and over, each time with other digits in what counts
// or identifies (times, request ids, account numbers), so that no two logs are
// the same and compression finds what it finds in logs of one kind. The same
// numbers give the same logs on every machine.
package input

import (
	"bytes"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/slswasm/slswasm/host/slstest"
	logs "github.com/slswasm/slswasm/testdata/logs"
)

// A Kind says which samples.
type Kind string

// The kinds of input.
const (
	Trail Kind = "trail" // ActionTrail: few fields, one of them 1.2 KB of JSON
	Mixed Kind = "mixed" // all four files: 6 to 35 fields, 400 to 1400 bytes
)

// Kinds are the real ones.
func Kinds() []Kind { return []Kind{Trail, Mixed} }

// Sizes are the kinds whose logs are one field of words and numbers: so many
// bytes, with its key and without what the service adds.
func Sizes() map[Kind]int {
	return map[Kind]int{"logs-of-10b": 10, "logs-of-1kb": 1e3, "logs-of-100kb": 1e5, "logs-of-1mb": 1e6}
}

// What shares a log group, a shipper's usual batch: so many logs, or as few as
// have so many bytes.
const (
	inGroup    = 50
	groupBytes = 1 << 20
)

// Groups yields marshalled log groups of this kind until their keys and values
// are about so many bytes.
func Groups(kind Kind, size int) (iter.Seq[[]byte], error) {
	files, err := read(kind)
	if err != nil {
		return nil, err
	}
	return func(yield func([]byte) bool) {
		random := rand.New(rand.NewPCG(1, 2))
		at := make([]int, len(files))
		for made, turn := 0, 0; made < size; turn++ {
			f := turn % len(files)
			group := files[f][0].head
			for n, begun := 0, made; n < inGroup && made-begun < groupBytes; n++ {
				s := &files[f][at[f]%len(files[f])]
				group.Logs = append(group.Logs, s.another(random, uint32(at[f]/20)))
				at[f]++
				made += s.size
			}
			if !yield(group.Marshal()) {
				return
			}
		}
	}, nil
}

// Pull returns one pull of about so many bytes, decompressed: a LogGroupList.
func Pull(kind Kind, size int) ([]byte, error) {
	groups, err := Groups(kind, size)
	if err != nil {
		return nil, err
	}
	var list []byte
	for g := range groups {
		list = protowire.AppendBytes(protowire.AppendTag(list, 1, protowire.BytesType), g)
	}
	return list, nil
}

// A sample is a log of the files, and where its digits may change.
type sample struct {
	head slstest.Group
	log  slstest.Log
	vary [][]int // for each content, the places of the digits
	size int     // of keys and values, without what the service adds
}

// counted is what identifies or counts: hexadecimal ids and long numbers.
var counted = regexp.MustCompile(`[0-9A-Fa-f-]{20,}|[0-9]{9,}`)

func read(kind Kind) (files [][]sample, err error) {
	if size := Sizes()[kind]; size > 0 {
		s, err := newSample(sized(size))
		return [][]sample{{s}}, err
	}
	pattern := "*.jsonl"
	if kind == Trail {
		pattern = "actiontrail.jsonl"
	}
	names, err := fs.Glob(logs.Files, pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := logs.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var samples []sample
		for line := range bytes.Lines(text) {
			s, err := newSample(line)
			if err != nil {
				return nil, fmt.Errorf("%s: line %d: %w", name, len(samples)+1, err)
			}
			samples = append(samples, s)
		}
		files = append(files, samples)
	}
	return files, nil
}

// sized is a line of the form of the samples' whose log has so many bytes.
func sized(size int) []byte {
	text := strings.Repeat("178293645 bytes went that way, and 987612345 came back. ", size/50+1)
	return fmt.Appendf(nil, `{"__time__":"1763712042","m":"%s"}`, text[:size-len("m")])
}

func newSample(line []byte) (s sample, err error) {
	if s.head, s.log, err = slstest.ParseLine(bytes.TrimSpace(line)); err != nil {
		return s, err
	}
	s.vary = make([][]int, len(s.log.Contents))
	for i, c := range s.log.Contents {
		s.size += len(c.Key) + len(c.Value)
		for _, span := range counted.FindAllStringIndex(c.Value, -1) {
			for at := span[0]; at < span[1]; at++ {
				if '1' <= c.Value[at] && c.Value[at] <= '9' {
					s.vary[i] = append(s.vary[i], at)
				}
			}
		}
	}
	return s, nil
}

// another is the log with other digits, some seconds later. A digit becomes
// none of 0, for a number in JSON must not begin with it.
func (s *sample) another(random *rand.Rand, later uint32) slstest.Log {
	l := slstest.Log{Time: s.log.Time + later, Nanos: s.log.Nanos, Contents: make([]slstest.KV, len(s.vary))}
	for i, c := range s.log.Contents {
		if len(s.vary[i]) > 0 {
			value := []byte(c.Value)
			for _, at := range s.vary[i] {
				value[at] = byte('1' + random.Uint32N(9))
			}
			c.Value = string(value)
		}
		l.Contents[i] = c
	}
	return l
}
