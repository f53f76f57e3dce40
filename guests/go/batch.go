package slswasm

import "encoding/binary"

// Transform passes a batch through the guest and returns the reply, or nil
// when every log is kept unchanged, as the export slswasm_v1_transform does.
// The reply is good until the next call. It is exported for tests.
func Transform(batch []byte) []byte { return self.transform(batch) }

func (g *guest) transform(batch []byte) []byte {
	n := word(batch, offCount)
	if slots := word(batch, offSlots); int(slots) != len(g.fields) {
		panic("slswasm: the batch does not have the slots that this guest declared")
	}
	g.batch = batch
	g.changed = false
	g.reply = binary.LittleEndian.AppendUint32(g.reply[:0], n)
	for i := uint32(0); i < n; {
		i = g.run(i, n)
	}
	g.batch, g.log.record = nil, nil
	if g.tell != nil {
		g.tell(g)
	}
	if !g.changed {
		return nil
	}
	return g.reply
}

// run handles records from the i-th on and returns the number of the next: n,
// or less after a panic. One deferred call for many records is cheaper than
// one for each.
func (g *guest) run(i, n uint32) (next uint32) {
	defer func() {
		if v := recover(); v != nil {
			g.log.Fail(panicText(v))
			g.end()
			next = g.index + 1
		}
	}()
	first, stride := word(g.batch, offHeaderLen), word(g.batch, offStride)
	for ; i < n; i++ {
		g.begin(i)
		g.log.record = g.batch[first+i*stride:][:stride]
		g.handle(&g.log)
		g.end()
	}
	return n
}

func (g *guest) begin(i uint32) {
	binary.LittleEndian.PutUint32(g.batch[offCursor:], i)
	g.index = i
	g.start = len(g.reply)
	g.emitted = 0
	g.writable++
	g.log.Event = Event{g, g.writable}
}

// end completes the verdict of the record in hand.
func (g *guest) end() {
	if len(g.reply) == g.start {
		g.reply = append(g.reply, keep)
		return
	}
	g.changed = true
	switch g.reply[g.start] {
	case edit:
		g.reply = append(g.reply, opEnd)
	case emit:
		g.endEvent()
	}
}

func word(b []byte, off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
