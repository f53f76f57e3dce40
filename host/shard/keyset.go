package shard

import (
	"hash/maphash"

	"github.com/slswasm/slswasm/abi"
)

// A keySet finds the field of a log that already has a key: open addressing
// over indices of fields, with a stamp in each cell so that forgetting costs
// nothing. The tags' keys are entered once for a LogGroup, the contents' once
// for a log. The hash is seeded, for keys come from outside.
type keySet struct {
	seed  maphash.Seed
	cells []keyCell // a power of two, at most half of them alive
	clock uint64    // the newest stamp
	group uint64    // stamp of the tags' cells
	log   uint64    // stamp of the contents' cells
	tags  int       // cells alive with the stamp of the group
	alive int       // cells alive with either stamp
}

type keyCell struct {
	stamp uint64 // alive when it is the group's or the log's
	hash  uint32
	index uint32 // of the field, counted from the log's first
}

func newKeySet() keySet {
	return keySet{seed: maphash.MakeSeed(), cells: make([]keyCell, 256)}
}

// nextGroup forgets all keys.
func (k *keySet) nextGroup() {
	k.clock++
	k.group, k.log = k.clock, k.clock
	k.tags, k.alive = 0, 0
}

// endTags makes what was found since nextGroup outlive the calls of nextLog.
func (k *keySet) endTags() { k.tags = k.alive }

// nextLog forgets the keys since endTags. A cell of a tag never lies behind a
// cell of a log in a probe, for the tags were entered first.
func (k *keySet) nextLog() {
	k.clock++
	k.log = k.clock
	k.alive = k.tags
}

// find returns the index of the field in fields that has this key. When there
// is none, it enters index for the key and returns index and false.
func (k *keySet) find(fields []abi.Field, key []byte, index int) (int, bool) {
	hash := uint32(maphash.Bytes(k.seed, key))
	cells, mask := k.cells, uint32(len(k.cells)-1)
	i := hash & mask
	for ; k.live(&cells[i]); i = (i + 1) & mask {
		if c := &cells[i]; c.hash == hash && string(fields[c.index].Key) == string(key) {
			return int(c.index), true
		}
	}
	cells[i] = keyCell{stamp: k.log, hash: hash, index: uint32(index)}
	if k.alive++; k.alive > len(cells)/2 {
		k.grow()
	}
	return index, false
}

func (k *keySet) live(c *keyCell) bool { return c.stamp == k.log || c.stamp == k.group }

func (k *keySet) grow() {
	old := k.cells
	k.cells = make([]keyCell, 2*len(old))
	mask := uint32(len(k.cells) - 1)
	enter := func(stamp uint64) {
		for _, c := range old {
			if c.stamp != stamp {
				continue
			}
			i := c.hash & mask
			for k.live(&k.cells[i]) {
				i = (i + 1) & mask
			}
			k.cells[i] = c
		}
	}
	enter(k.group) // first: see nextLog
	if k.log != k.group {
		enter(k.log)
	}
}
