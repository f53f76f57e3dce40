package guest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/slswasm/slswasm/abi"
)

// Whatever numbers a guest gives json: it reads and writes nothing but the text and the room for
// its tape, and refuses with an error if these are not in memory, or the same.
func TestTapeStaysInItsRoom(t *testing.T) {
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	mod, err := rt.Instantiate(t.Context(), []byte("\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01\x07\x0a\x01\x06memory\x02\x00")) // of one page
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rt.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	memory, _ := mod.Memory().Read(0, pageSize)
	const object = `{"a":["b@","c"],"pwd":12},` // of seven entries, without its comma
	filled := bytes.Repeat([]byte(object), pageSize)[:pageSize]
	random := rand.New(rand.NewPCG(1, 2))
	number := func() uint32 {
		edges := []uint32{
			0, 1, 7, len32(object) - 1, len32(object), 60 * len32(object), pageSize - 25, pageSize - 24, pageSize - 1, pageSize,
			pageSize + 1, 1<<31 - 1, 1 << 31, 1<<32 - 24, 1<<32 - 1, random.Uint32() % pageSize, random.Uint32(),
		}
		return edges[random.IntN(len(edges))]
	}
	answers := map[int32]int{}
	refused := 0
	for range 20_000 {
		ptr, n, out, most := number(), number(), number(), number()
		switch random.IntN(4) {
		case 0:
			n = len32(object) - 1
		case 1:
			out = ptr + n - 1 + random.Uint32()%3 // before the text's end, at it, behind it
		case 2:
			out = ptr - min(n, most)*abi.TapeEntry - 1 + random.Uint32()%3
		}
		from, to := uint64(ptr), uint64(ptr)+uint64(n)
		room, end := uint64(out), uint64(out)+min(uint64(n), uint64(most))*abi.TapeEntry
		right := to <= pageSize && end <= pageSize && (room == end || to <= room || end <= from)

		copy(memory, filled)
		want := slices.Clone(filled)
		stack := []uint64{uint64(ptr), uint64(n), uint64(out), uint64(most)}
		if err := caught(func() { tape(t.Context(), mod, stack) }); (err == nil) != right {
			t.Fatalf("json(%d, %d, %d, %d): %v", ptr, n, out, most, err)
		}
		if right {
			entries := abi.WriteTape(want[room:end], filled[from:to])
			if int32(stack[0]) != int32(entries) {
				t.Fatalf("json(%d, %d, %d, %d) = %d, not %d", ptr, n, out, most, int32(stack[0]), entries)
			}
			answers[int32(entries)]++
		} else {
			refused++
		}
		if !bytes.Equal(memory, want) {
			t.Fatalf("json(%d, %d, %d, %d) wrote what it may not", ptr, n, out, most)
		}
	}
	for _, n := range []int32{abi.TapeFull, abi.TapeInvalid, 7} {
		if answers[n] == 0 || refused == 0 {
			t.Errorf("never answered %d: %v, %d refused", n, answers, refused)
		}
	}
}

func len32(s string) uint32 { return uint32(len(s)) }

// caught returns the error that f panics with. A mistake in f's own code is none.
func caught(f func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			panic(v)
		case error:
			err = v
		default:
			panic(v)
		}
	}()
	f()
	return nil
}
