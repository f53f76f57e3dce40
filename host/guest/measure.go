package guest

import (
	"context"
	"time"
)

// StartInstance starts one more instance, runs its init, closes it, and says
// how long the start took. It must not overlap with Close.
func (m *Module) StartInstance(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	ins, err := m.newInstance(ctx)
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	ins.close(ctx)
	return took, nil
}

// Memory returns the size of an idle instance's linear memory, in bytes; 0
// when there is none because of a fault. A memory never shrinks.
func (m *Module) Memory(ctx context.Context) (int, error) {
	ins, err := m.pool.get(ctx)
	if err != nil {
		return 0, err
	}
	defer m.pool.put(ins)
	if ins == nil {
		return 0, nil
	}
	return int(ins.mem.Size()), nil
}
