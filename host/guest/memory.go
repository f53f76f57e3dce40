package guest

import (
	"github.com/tetratelabs/wazero/experimental"
)

// roomAtOnce bounds what a memory gets beyond what it asked for, while it is
// small.
const roomAtOnce = 4 << 20

// A memory is the linear memory of an instance, on Go's heap. The engine's own
// has no room to grow when it begins: stock Go, which asks for little again and
// again, would be copied twice before its init is over. Room that is not used
// costs addresses alone.
type memory struct {
	buf  []byte // zeros from its length to its capacity
	most uint64 // bytes
}

func newMemory(_, most uint64) experimental.LinearMemory { return &memory{most: most} }

// Reallocate makes the memory, or lets it grow; the engine asks for no more
// than most.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(cap(m.buf)) {
		room := max(size/4, min(size, roomAtOnce))
		grown := make([]byte, size, min(size+room, m.most))
		copy(grown, m.buf)
		m.buf = grown
	}
	m.buf = m.buf[:size]
	return m.buf
}

// Free leaves it to Go's collector: there may be views of it.
func (m *memory) Free() {}
