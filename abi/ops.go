package abi

import (
	"bytes"
	"errors"
	"fmt"
)

var errEmptyKey = errors.New("a key is empty")

// spare is how many fields an edit may add before its list has to move.
const spare = 8

// event reads the ops of one event and appends it.
func (a *applier) event(base Event) {
	a.ev, a.own, a.meta = base, false, nil
	for a.err == nil {
		at := a.pos
		op := Op(a.u8())
		if op == OpEnd {
			break
		}
		a.op(op, at)
	}
	if a.err != nil {
		return // nothing was kept, so nothing that is shared may be either
	}
	if a.own {
		a.ev.Fields = a.out.fields.keep(a.ev.Fields)
	}
	if a.meta != nil {
		a.closeMeta()
	}
	a.out.Events = append(a.out.Events, a.ev)
}

func (a *applier) op(op Op, at int) {
	switch op {
	case OpSet, OpSetJSON:
		a.set(op == OpSetJSON)
	case OpDelete:
		a.remove()
	case OpRename:
		a.rename()
	case OpClear:
		if a.own {
			a.ev.Fields = a.ev.Fields[:0]
		} else {
			a.ev.Fields = nil
		}
	case OpBody, OpBodyJSON:
		a.ev.Body = a.value(op == OpBodyJSON)
		a.ev.BodyJSON = op == OpBodyJSON
	case OpTime:
		if a.ev.Time = a.i64(); a.ev.Time < 0 {
			a.fail(at, fmt.Errorf("time %d is negative", a.ev.Time))
		}
	case OpMeta:
		a.setMeta()
	default:
		a.fail(at, fmt.Errorf("op %d is not known", op))
	}
}

// key reads a key: a text, or a slot that stands for its declared name.
func (a *applier) key() []byte {
	at := a.pos
	n := a.u32()
	switch {
	case a.err != nil:
		return nil
	case n&SlotKey == 0:
		if n == 0 {
			a.fail(at, errEmptyKey)
		}
		return a.take(n)
	case n&^SlotKey >= uint32(len(a.desc.Slots)):
		a.fail(at, fmt.Errorf("slot %d is not declared", n&^SlotKey))
		return nil
	}
	return a.desc.Slots[n&^SlotKey]
}

// find returns the index of the field with this key, or -1.
func (a *applier) find(key []byte) int {
	if !a.work(len(a.ev.Fields) * (1 + len(key)>>6)) {
		return -1
	}
	for i := range a.ev.Fields {
		if bytes.Equal(a.ev.Fields[i].Key, key) {
			return i
		}
	}
	return -1
}

// writable makes the fields ours: the log's own list is shared.
func (a *applier) writable() bool {
	if !a.own && a.fields(len(a.ev.Fields)) {
		a.ev.Fields = append(a.out.fields.open(len(a.ev.Fields)+spare), a.ev.Fields...)
		a.own = true
	}
	return a.err == nil
}

func (a *applier) set(isJSON bool) {
	f := Field{Key: a.key(), Value: a.value(isJSON), JSON: isJSON}
	if a.err != nil || !a.writable() {
		return
	}
	if i := a.find(f.Key); i >= 0 {
		a.ev.Fields[i] = f
	} else if a.fields(1) {
		a.ev.Fields = append(a.ev.Fields, f)
	}
}

func (a *applier) remove() {
	if key := a.key(); a.err == nil {
		a.removeAt(a.find(key))
	}
}

func (a *applier) removeAt(i int) {
	if i < 0 || !a.work(len(a.ev.Fields)) || !a.writable() {
		return
	}
	a.ev.Fields = append(a.ev.Fields[:i], a.ev.Fields[i+1:]...)
}

func (a *applier) rename() {
	old, name := a.key(), a.name()
	if a.err != nil {
		return
	}
	i := a.find(old)
	if i < 0 || !a.writable() {
		return
	}
	j := a.find(name)
	a.ev.Fields[i].Key = name
	if j != i {
		a.removeAt(j)
	}
}
