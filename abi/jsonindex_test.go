package abi

import (
	"bytes"
	"slices"
	"testing"
)

// slowPlaces looks at each byte by itself.
func slowPlaces(text []byte, from int, marks bool) (list []uint16, high bool) {
	for i := from; i < len(text); i++ {
		before, c := text[i-1], text[i]
		mark := c == '@' || c == '%' || c == '.' && before >= 'P' && before <= 'S' || c == 'I' && before >= 'A' && before < '`' && before%2 == 1
		if c < ' ' || c == '"' || c == '\\' || marks && mark {
			list = append(list, uint16(i-from))
		}
		high = high || c > 0x7F
	}
	return list, high
}

// checkIndex holds both kinds of both ways against it, up to where each came.
func checkIndex(t *testing.T, text []byte, from int) {
	t.Helper()
	for way, index := range map[string]func(*[jsonPlaces]uint16) (int, int, bool, bool){
		"indexStops": func(p *[jsonPlaces]uint16) (int, int, bool, bool) {
			n, to := indexStops(p, text, from)
			return n, to, false, false
		},
		"plainStops": func(p *[jsonPlaces]uint16) (int, int, bool, bool) {
			n, to := plainStops(p, text, from)
			return n, to, false, false
		},
		"indexMarks": func(p *[jsonPlaces]uint16) (int, int, bool, bool) {
			n, to, high := indexMarks(p, text, from)
			return n, to, high, true
		},
		"plainMarks": func(p *[jsonPlaces]uint16) (int, int, bool, bool) {
			n, to, high := plainMarks(p, text, from)
			return n, to, high, true
		},
	} {
		room := make([]uint16, 2*jsonPlaces)
		n, to, high, marks := index((*[jsonPlaces]uint16)(room))
		if to < min(len(text), from+jsonPlaces-jsonBlock) || to > len(text) {
			t.Fatalf("%s of %q from %d: came to %d of %d", way, text, from, to, len(text))
		}
		want, wantHigh := slowPlaces(text[:to], from, marks)
		if !slices.Equal(room[:n], want) {
			t.Fatalf("%s of %q from %d to %d:\ngot  %d\nwant %d", way, text, from, to, room[:n], want)
		}
		if _, before := slowPlaces(text[:from], 1, marks); marks && high != wantHigh && (wantHigh || !before) { // it may have seen some before
			t.Fatalf("%s of %q from %d to %d: bytes over 0x7F %v", way, text, from, to, high)
		}
		if slices.ContainsFunc(room[jsonPlaces:], func(v uint16) bool { return v != 0 }) {
			t.Fatalf("%s of %q from %d wrote beyond its room", way, text, from)
		}
	}
}

const indexBytes = "\"\\\x00\x1f \x7f@%.PQRSTOIAG[_`aB!#]^\x80\xa2\xdc\xc0\xae\xc9\xffxxxxxxxxxxxxxxxxxxxxxxxx"

// text of n bytes, of which few mean something or all.
func indexText(n, turn int) []byte {
	text := make([]byte, n)
	for i := range text {
		turn = (turn*1103515245 + 12345) & 0x7FFFFFFF
		text[i] = indexBytes[turn>>16%len(indexBytes)]
	}
	return text
}

func TestIndexOfEachLengthAndAlignment(t *testing.T) {
	around := bytes.Repeat([]byte(`"@`), 400) // is never looked at
	for n := jsonBlock + 1; n < 4*jsonBlock; n++ {
		text := around[n%64:][64:][:n:n]
		copy(text, indexText(n, n))
		for _, from := range []int{1, 2, 7, 63, 64, 65, n / 2, n - 65, n - 64, n - 63, n - 1, n} {
			if from > 0 && from <= n {
				checkIndex(t, text, from)
			}
		}
	}
	for _, c := range []byte(indexBytes) { // in the list as often as can be, or never
		checkIndex(t, bytes.Repeat([]byte{c}, 1000), 1)
	}
	for c := range 256 { // and each after each
		text := make([]byte, 0, 3*256+64)
		for before := range 256 {
			text = append(text, 'x', byte(before), byte(c))
		}
		for from := 1; from < len(text); from += 150 {
			checkIndex(t, text, from)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(indexText(200, 1), 1)
	f.Add(indexText(4000, 2), 70)
	f.Add(bytes.Repeat([]byte("PS.AI@% and so on, \"\\u0040\""), 20), 3)
	f.Fuzz(func(t *testing.T, text []byte, from int) {
		if len(text) > jsonBlock && len(text) < jsonWindow {
			checkIndex(t, text, 1+int(uint(from)%uint(len(text))))
		}
	})
}

// longer gives texts that say the same with more around it: so long that they are listed, and so
// that the list is full at any place.
func longer(text []byte) [][]byte {
	spaces := append(bytes.Repeat([]byte(" "), jsonBlock), text...)
	strings := bytes.Repeat([]byte(`"",`), (jsonPlaces-jsonBlock-len(text)%jsonBlock)/2)
	return [][]byte{spaces, slices.Concat([]byte("["), strings, text, []byte("]"))}
}

func TestReadingJSONAllocatesNothing(t *testing.T) {
	tape := make([]byte, 1<<14)
	for _, text := range [][]byte{[]byte(`{"a":"b"}`), trail(t)[0], indexText(300, 1)} {
		if n := testing.AllocsPerRun(10, func() {
			ValidJSON(text)
			WriteTape(tape, text)
		}); n != 0 {
			t.Errorf("%.20q: %v allocations", text, n)
		}
	}
}
