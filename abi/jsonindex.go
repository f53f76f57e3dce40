package abi

import (
	"encoding/binary"
	"math/bits"
)

// A jsonIndex lists the places in a JSON text that do not stand for themselves in a string, in
// their order: quotes, backslashes and control characters; for a tape what marks a string, too
// (markBits). Whoever reads the text takes each in its turn. As outside of strings there
// are only quotes that begin one, and white space, the next is always the first place at or after
// the index that was read up to.
type jsonIndex struct {
	text   []byte
	marks  bool // are listed, too
	high   bool // there is a byte over 0x7F in what was looked through
	looked int  // the text was looked through up to here

	from    int      // places are counted from here
	next, n int      // those that are taken, and that there are
	places  []uint16 // room for jsonPlaces, or for jsonBlock if the text is no longer than that
}

const (
	jsonPlaces = 4 * jsonBlock
	jsonBlock  = 64   // bytes of text that are looked through at once
	jsonWindow = 4096 // and before any place of them is taken: they stay in the nearest cache
)

// start lists from the start of the value, whose index it returns.
func (x *jsonIndex) start() int {
	i := jsonSpace(x.text, 0)
	x.from, x.looked = i, i+1
	switch {
	case i < len(x.text) && x.text[i] == '"':
		x.n = 1
	case len(x.text) <= jsonBlock:
		x.short()
	default:
		x.more()
	}
	return i
}

// stop takes a place, and returns its index, or that of the text's end.
func (x *jsonIndex) stop() int {
	if x.next < x.n || x.more() {
		x.next++
		return x.from + int(x.places[x.next-1])
	}
	return len(x.text)
}

// more looks on, when all places are taken; false: there are no more.
func (x *jsonIndex) more() bool {
	x.n = 0
	for x.n == 0 && x.looked < len(x.text) {
		if len(x.text) <= jsonBlock {
			x.short()
			continue
		}
		x.from, x.next = x.looked, 0
		text := x.text[:min(len(x.text), x.from+jsonWindow)]
		if x.marks {
			var high bool
			x.n, x.looked, high = indexMarks((*[jsonPlaces]uint16)(x.places), text, x.from)
			x.high = x.high || high
		} else {
			x.n, x.looked = indexStops((*[jsonPlaces]uint16)(x.places), text, x.from)
		}
	}
	return x.n > 0
}

// short does so, up to the end, in a text that is no longer than a block.
func (x *jsonIndex) short() {
	x.from, x.next, x.n = x.looked, 0, 0
	s, all := x.text, uint64(0)
	if x.looked >= len(s) {
		return
	}
	before := uint64(s[x.looked-1])
	for i := x.looked; i < len(s); i += 8 {
		var w uint64
		switch rest := len(s) - i; {
		case rest >= 8:
			w = binary.LittleEndian.Uint64(s[i:])
		case len(s) >= 8:
			w = binary.LittleEndian.Uint64(s[len(s)-8:])>>(64-8*rest) | jsonEvery*' '<<(8*rest)
		default:
			w = jsonEvery * ' '
			for j := len(s) - 1; j >= i; j-- {
				w = w<<8 | uint64(s[j])
			}
		}
		tops := stopBits(w)
		if x.marks {
			tops |= markBits(w<<8|before, w)
			before = w >> 56
			x.high = x.high || w&jsonTops != 0
		}
		all |= jsonGather(tops) << (i - x.looked)
	}
	x.n, x.looked = jsonList(x.places, 0, 0, all), len(s)
}

// space skips white space.
func (x *jsonIndex) space(i int) int {
	for s := x.text; i < len(s) && s[i] <= ' '; i++ {
		switch s[i] {
		case ' ':
		case '\n', '\t', '\r':
			x.stop()
		default:
			return i
		}
	}
	return i
}

// skip is space without a call where there is none, as in most texts.
func (x *jsonIndex) skip(i int) int {
	if i < len(x.text) && x.text[i] <= ' ' {
		return x.space(i)
	}
	return i
}

// plainStops is what indexStops does, in Go, and plainMarks what indexMarks does.
func plainStops(places *[jsonPlaces]uint16, text []byte, from int) (n, to int) {
	for to = from; to < len(text) && n <= jsonPlaces-jsonBlock; to += jsonBlock {
		twice := max(0, to+jsonBlock-len(text)) // bytes of the last block
		block := text[to-twice:][:jsonBlock]
		w := uint64(0)
		for i := 0; i < jsonBlock; i += 8 {
			w |= jsonGather(stopBits(binary.LittleEndian.Uint64(block[i:]))) << i
		}
		n = jsonList(places[:], n, to-from, w>>twice)
	}
	return n, min(to, len(text))
}

func plainMarks(places *[jsonPlaces]uint16, text []byte, from int) (n, to int, high bool) {
	over := uint64(0)
	for to = from; to < len(text) && n <= jsonPlaces-jsonBlock; to += jsonBlock {
		twice := max(0, to+jsonBlock-len(text))
		block := text[to-twice-1:][:1+jsonBlock]
		w := uint64(0)
		for i := 0; i < jsonBlock; i += 8 {
			b := binary.LittleEndian.Uint64(block[i+1:])
			over |= b
			w |= jsonGather(stopBits(b)|markBits(binary.LittleEndian.Uint64(block[i:]), b)) << i
		}
		n = jsonList(places[:], n, to-from, w>>twice)
	}
	return n, min(to, len(text)), over&jsonTops != 0
}

const (
	jsonEvery = 0x0101010101010101 // times a byte: that byte in each of the eight
	jsonLow   = 0x7F * jsonEvery
	jsonTops  = 0x80 * jsonEvery
)

// stopBits sets the top bit of each of eight bytes that does not stand for itself in a string. With
// one bit turned, a quote follows the control characters.
func stopBits(w uint64) uint64 {
	low := w & jsonLow // to add to it does not carry into the next byte
	return ^((low^jsonEvery*('"'^' ')+jsonEvery*(0x7F-' '))&(low^jsonEvery*'\\'+jsonLow) | w) & jsonTops
}

// markBits sets the top bit of each byte of w that marks a string: an @ or a %, a full stop after
// P to S, an I after every other capital letter. Before is what stands one byte before w.
func markBits(before, w uint64) uint64 {
	low := w & jsonLow
	one := (low ^ jsonEvery*'@' + jsonLow) & (low ^ jsonEvery*'%' + jsonLow)
	two := ((low ^ jsonEvery*'.' + jsonLow) | (before&(jsonEvery*0x7C) ^ jsonEvery*'P' + jsonLow)) &
		((low ^ jsonEvery*'I' + jsonLow) | (before&(jsonEvery*0x61) ^ jsonEvery*'A' + jsonLow))
	return ^(one&(two|before) | w) & jsonTops
}

// jsonGather makes eight bits of the top bits of eight bytes.
func jsonGather(tops uint64) uint64 { return tops >> 7 * 0x0102040810204080 >> 56 }

// jsonList adds the places of a block to n others.
func jsonList(places []uint16, n, block int, w uint64) int {
	for ; w != 0; w &= w - 1 {
		places[n] = uint16(block + bits.TrailingZeros64(w))
		n++
	}
	return n
}
