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
	found []uint32 // index of the entry of each place, and 1; 0: there is none
	key   []byte   // without its escapes
}

// branches are the members of an object that matter, by a hash of their names.
type branches struct {
	hashes uint64 // a bit for each that there is
	lists  [64]*branch
}

type branch struct {
	name  string
	place int       // that it has, or -1
	below *branches // of its own that matter, or nil
	next  *branch
}

// NewPicker takes places as JSON Pointers (RFC 6901) of members of objects: "/a/b" is
// the b of the a of the text; ~1 stands for a slash in a name, ~0 for a tilde. It panics on what
// is none.
func NewPicker(places ...string) *Picker {
	p := &Picker{found: make([]uint32, len(places))}
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
				m.place = i
			case m.below == nil:
				m.below = new(branches)
			}
			in = m.below
		}
	}
	return p
}

func (in *branches) add(name string) *branch {
	h := hashOf(name)
	if b := in.find(h, name); b != nil {
		return b
	}
	in.hashes |= 1 << h
	in.lists[h] = &branch{name: name, place: -1, next: in.lists[h]}
	return in.lists[h]
}

func (in *branches) find(h uint32, name string) *branch {
	b := in.lists[h]
	for b != nil && b.name != name {
		b = b.next
	}
	return b
}

// hash tells most names apart by their lengths and last letters, of which a quote may be
// one.
func hash(n uint32, last *[2]byte) uint32 {
	letters := uint32(binary.LittleEndian.Uint16(last[:]))
	return (n + letters>>8 + 4*letters) & min(n<<6, 63) // 0 for the name of none
}

func hashOf[T string | []byte](name T) uint32 {
	last := [2]byte{'"', '"'}
	copy(last[2-min(2, len(name)):], name[max(2, len(name))-2:])
	return hash(uint32(len(name)), &last)
}

// Read finds the values in a text. Of members with the same name the last
// counts. An error says what is wrong with the text; then there are none.
func (p *Picker) Read(text []byte) error {
	s := &p.scan
	s.Reset(text)
	clear(p.found)
	if len(s.tape) == 0 {
		for s.Next() { // to what is wrong
		}
		return s.Err()
	}
	if s.tape[0].Kind == Object {
		p.object(&p.root, 0)
	}
	return nil
}

// object finds values in the object of the entry at i. The pointers save checks that
// would be half of the loop.
func (p *Picker) object(in *branches, i uint32) {
	src, tape := unsafe.Pointer(unsafe.SliceData(p.scan.src)), unsafe.Pointer(unsafe.SliceData(p.scan.tape))
	end, hashes := p.scan.tape[i].Next-1, in.hashes
	for i++; i < end; {
		v := (*Entry)(unsafe.Add(tape, i*uint32(unsafe.Sizeof(Entry{}))))
		last := (*[2]byte)(unsafe.Add(src, v.KeyAt+v.KeyLen-2))
		if h := hash(v.KeyLen, last); hashes>>h&1 != 0 || v.Flags&KeyEscaped != 0 {
			p.member(in, h, i)
		}
		i = v.Next
	}
}

// member looks whether the member of the entry at i matters.
func (p *Picker) member(in *branches, h, i uint32) {
	v := &p.scan.tape[i]
	key := v.Key(p.scan.src)
	if v.Flags&KeyEscaped != 0 {
		p.key = Unescape(p.key, key)
		key = p.key
		h = hashOf(key)
	}
	b := in.find(h, View(key))
	if b == nil {
		return
	}
	if b.place >= 0 {
		p.found[b.place] = i + 1
	}
	if b.below != nil && v.Kind == Object {
		p.object(b.below, i)
	}
}

// Value returns the value at the place of this number, nil if there is none. It is a
// view into the text.
func (p *Picker) Value(place int) Value {
	i := p.found[place]
	if i == 0 {
		return nil
	}
	return p.scan.tape[i-1].Raw(p.scan.src)
}

// Scanner returns a Scanner that is at the start of the text, for what the places do not
// say and for mask.Masker.Scanned.
func (p *Picker) Scanner() *Scanner {
	p.scan.i, p.scan.next = -2, 0
	return &p.scan
}
