package host

import (
	"fmt"
	"strconv"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A batch is logs that go all the way together and are settled as one, with
// where each of them is from.
type batch interface {
	logs() []abi.Log
	size() int // of their keys and values, in bytes
	// letter is one for the i-th log that lacks only why it is written.
	letter(i int) deadletter.Letter
	// name is what messages call the i-th log.
	name(i int) string
	// appendPlace appends project/logstore/shard/cursor/index of the i-th log.
	appendPlace(dst []byte, i int) []byte
}

// pulled is a batch from a source.
type pulled struct {
	source *source
	*shard.Batch
}

func (b pulled) logs() []abi.Log   { return b.Logs }
func (b pulled) size() int         { return b.RawBytes }
func (b pulled) name(i int) string { return fmt.Sprintf("log %d", b.First+i) } // the source adds shard and cursor

func (b pulled) letter(i int) deadletter.Letter {
	cursor, index := b.Place(i)
	return deadletter.Letter{
		Flow: b.source.flow.name, Project: b.source.cfg.Project, Logstore: b.source.cfg.Logstore, Shard: b.Shard, Cursor: cursor, Index: index,
		Log: b.Logs[i],
	}
}

func (b pulled) appendPlace(dst []byte, i int) []byte {
	return b.AppendPlace(appendShard(dst, b.source.cfg.Project, b.source.cfg.Logstore, b.Shard), i)
}

// resent is a batch of dead letters.
type resent struct {
	letters []deadletter.Letter
	all     []abi.Log
	bytes   int
	named   func(i int) string
}

func (b *resent) logs() []abi.Log   { return b.all }
func (b *resent) size() int         { return b.bytes }
func (b *resent) name(i int) string { return b.named(i) }

func (b *resent) letter(i int) deadletter.Letter { return b.letters[i] }

func (b *resent) appendPlace(dst []byte, i int) []byte {
	l := &b.letters[i]
	dst = append(append(appendShard(dst, l.Project, l.Logstore, l.Shard), l.Cursor...), '/')
	return strconv.AppendInt(dst, int64(l.Index), 10)
}

func appendShard(dst []byte, project, logstore string, shard int) []byte {
	dst = append(append(dst, project...), '/')
	dst = append(append(dst, logstore...), '/')
	return append(strconv.AppendInt(dst, int64(shard), 10), '/')
}
