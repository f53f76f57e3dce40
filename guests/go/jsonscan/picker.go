package jsonscan

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// A Picker finds the values at some places of JSON texts, one pass over each
// text. It takes less than to visit all values with a Scanner:
//
//	p := jsonscan.NewPicker("/eventName", "/userIdentity/type")
//	if err := p.Read(text); err != nil { ... }
//	name, user := p.Value(0), p.Value(1)
//
// It holds buffers: use one again and again.
type Picker struct {
	scan  Scanner
	root  branches
	found []uint32 // behind what is of no place: for each, index of its entry; 0, which is the top's: there is none
	key   []byte   // without its escapes
}

// branches are the members of an object that matter, by a hash of their names.
type branches struct {
	hashes uint64 // a bit for each that there is
	lists  [64]*branch
}

type branch struct {
	name  word16
	place int       // that it has, and 1; 0: none
	below *branches // of its own that matter, or nil
	next  *branch
}

// word16 is a name that is compared by its first and last eight bytes, and by all only
// if it is longer than both. Go would call a function that goes byte by byte.
type word16 struct {
	text       string
	head, tail uint64
	mask       uint64 // of a shorter name's bytes
	tailAt     int
}

func newWord16(text string) word16 {
	w := word16{text: text, tailAt: max(0, len(text)-8)}
	var head, tail, mask [8]byte
	for i := range copy(head[:], text) {
		mask[i] = 0xFF
	}
	copy(tail[:], text[w.tailAt:])
	w.head, w.tail, w.mask = word(head[:], 0), word(tail[:], 0), word(mask[:], 0)
	return w
}

// is says whether n bytes at p are the name. At least eight bytes are there.
func (w *word16) is(p unsafe.Pointer, n int) bool {
	if n != len(w.text) {
		return false
	}
	head, tail := *(*uint64)(p), *(*uint64)(unsafe.Add(p, w.tailAt))
	if ((head^w.head)|(tail^w.tail))&w.mask != 0 {
		return false
	}
	return n <= 16 || w.isLong(p)
}

//go:noinline
func (w *word16) isLong(p unsafe.Pointer) bool {
	return unsafe.String((*byte)(p), len(w.text)) == w.text
}

// NewPicker takes places as JSON Pointers (RFC 6901) of members of objects: "/a/b" is
// the b of the a of the text; ~1 stands for a slash in a name, ~0 for a tilde. It panics on what
// is none.
func NewPicker(places ...string) *Picker {
	p := &Picker{found: make([]uint32, 1+len(places))}
	for i, place := range places {
		names := strings.Split(place, "/")
		if len(names) < 2 || names[0] != "" {
			panic("jsonscan: a Picker's place is like /a/b, not " + place)
		}
		in := &p.root
		for k, name := range names[1:] {
			m := in.add(strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~"))
			switch {
			case k == len(names)-2:
				m.place = i + 1
			case m.below == nil:
				m.below = new(branches)
			}
			in = m.below
		}
	}
	return p
}

func (in *branches) add(name string) *branch {
	if b := in.find(name); b != nil {
		return b
	}
	h := hashOf(name)
	in.hashes |= 1 << h
	in.lists[h] = &branch{name: newWord16(name), next: in.lists[h]}
	return in.lists[h]
}

func (in *branches) find(name string) *branch {
	b := in.lists[hashOf(name)]
	for b != nil && b.name.text != name {
		b = b.next
	}
	return b
}

// hash tells most names apart by their lengths and last letters, of which a quote may be
// one. It is below 64, and 0 for the name of none.
func hash(n uint64, last *[2]byte) uint64 {
	return uint64(binary.LittleEndian.Uint16(last[:])) * n >> 3 & 63
}

func hashOf(name string) uint64 {
	last := [2]byte{'"', '"'}
	copy(last[2-min(2, len(name)):], name[max(2, len(name))-2:])
	return hash(uint64(len(name)), &last)
}

// Read finds the values in a text. Of members with the same name the last
// counts. An error says what is wrong with the text; then there are none.
func (p *Picker) Read(text []byte) error {
	s := &p.scan
	s.Reset(text)
	clear(p.found)
	if len(s.tape) == 0 {
		return errorOf(check(text))
	}
	if s.tape[0].Kind == Object {
		p.object(&p.root, 0)
	}
	return nil
}

// object finds values in the object of the entry at i.
func (p *Picker) object(in *branches, i uint32) {
	src, tape := unsafe.Pointer(unsafe.SliceData(p.scan.src)), unsafe.Pointer(unsafe.SliceData(p.scan.tape))
	end := p.scan.tape[i].Next - 1
	for i = candidate(src, tape, in.hashes, i+1, end); i < end; {
		v := entry(tape, i)
		if b := p.branch(in, v); b != nil {
			p.found[b.place] = i
			if b.below != nil && v.Kind == Object {
				p.object(b.below, i)
			}
		}
		i = candidate(src, tape, in.hashes, v.Next, end)
	}
}

// candidate returns the index of the first member from i on that may matter. It is small and calls
// nothing, and the pointers save checks that would be half of the loop.
//
//go:noinline
func candidate(src, tape unsafe.Pointer, hashes uint64, i, end uint32) uint32 {
	for i < end {
		v := entry(tape, i)
		if (hashes>>(hash(uint64(v.KeyLen), lastLetters(src, v)))|uint64(v.Flags/KeyEscaped))&1 != 0 {
			break
		}
		i = v.Next
	}
	return i
}

func entry(tape unsafe.Pointer, i uint32) *Entry {
	return (*Entry)(unsafe.Add(tape, uintptr(i)*unsafe.Sizeof(Entry{})))
}

func lastLetters(src unsafe.Pointer, v *Entry) *[2]byte {
	return (*[2]byte)(unsafe.Add(src, uintptr(v.KeyAt)+uintptr(v.KeyLen)-2))
}

// branch returns what a candidate is of those that matter, or nil.
func (p *Picker) branch(in *branches, v *Entry) *branch {
	if v.Flags&KeyEscaped != 0 || int(v.KeyAt)+8 > len(p.scan.src) {
		return p.branchSlowly(in, v)
	}
	src := unsafe.Pointer(unsafe.SliceData(p.scan.src))
	b := in.lists[hash(uint64(v.KeyLen), lastLetters(src, v))]
	for !b.name.is(unsafe.Add(src, v.KeyAt), int(v.KeyLen)) {
		if b = b.next; b == nil {
			return nil
		}
	}
	return b
}

// branchSlowly is branch for keys with escapes, or so near to the text's end that there
// are no eight bytes.
func (p *Picker) branchSlowly(in *branches, v *Entry) *branch {
	key := v.Key(p.scan.src)
	if v.Flags&KeyEscaped != 0 {
		p.key = Unescape(p.key, key)
		key = p.key
	}
	return in.find(View(key))
}

// Value returns the value at the place of this number, nil if there is none. It is a
// view into the text.
func (p *Picker) Value(place int) Value {
	if i := p.found[place+1]; i != 0 {
		return p.scan.tape[i].Raw(p.scan.src)
	}
	return nil
}

// Text returns what the value at the place of this number says: the inside of a string as it is
// written, see Unescape, nothing for null and where there is no value, and any other value as it is
// written. It is a view into the text.
func (p *Picker) Text(place int) string {
	i := p.found[place+1]
	if i == 0 {
		return ""
	}
	v := &p.scan.tape[i]
	at, n := v.At, v.Len
	switch v.Kind {
	case String:
		at, n = at+1, n-2
	case Null:
		n = 0
	}
	return unsafe.String((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p.scan.src)), at)), n)
}

// Scanner returns a Scanner that is at the start of the text, for what the places do not
// say and for mask.Masker.Scanned.
func (p *Picker) Scanner() *Scanner {
	p.scan.i, p.scan.next = -2, 0
	return &p.scan
}
