package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/meter"
)

// portion is how much fuel a guest gets at once: what it runs for, about a
// millisecond, until the host looks at the clock and Go's collector gets its
// turn.
const portion = 1 << 20

var (
	errFuel = errors.New("out of fuel")
	errTime = errors.New("out of time")
)

// A tank is the fuel of an instance, and the context of the call under way.
type tank struct {
	context.Context
	deadline time.Time
	limit    int64 // units that the call may use
	given    int64 // to the guest so far
	left     api.MutableGlobal
}

type tankKey struct{}

func (t *tank) Value(key any) any {
	if key == (tankKey{}) {
		return t
	}
	return t.Context.Value(key)
}

// fill prepares for a call, or for a start, when the guest has no fuel yet.
func (t *tank) fill(ctx context.Context, limit int64, within time.Duration) {
	t.Context, t.limit, t.deadline, t.given = ctx, limit, time.Now().Add(within), 0
	if t.left != nil {
		t.given = min(portion, limit)
		t.left.Set(uint64(t.given))
	}
}

// more gives the guest another portion. It panics when there is none, which
// the engine makes an error of the call.
func (t *tank) more(left int64) int64 {
	used := t.given - left
	switch {
	case t.Err() != nil:
		panic(t.Err())
	case used > t.limit:
		panic(errFuel)
	case time.Now().After(t.deadline):
		panic(errTime)
	}
	now := min(portion, t.limit-used)
	t.given = used + now
	return now
}

// recall takes back what the guest has, so that it asks for more at once:
// after what took long and cost little.
func (t *tank) recall() {
	if t.left != nil {
		t.given -= int64(t.left.Get())
		t.left.Set(0)
	}
}

// charge takes from the guest's fuel what the host did for it.
func (t *tank) charge(units int64) {
	if t.left != nil {
		t.left.Set(t.left.Get() - uint64(units))
	}
}

func (t *tank) used() int64 {
	if t.left == nil {
		return 0
	}
	return t.given - int64(t.left.Get())
}

// more is the import of a metered module.
func more(ctx context.Context, _ api.Module, stack []uint64) {
	t, ok := ctx.Value(tankKey{}).(*tank)
	if !ok {
		panic(errFuel)
	}
	stack[0] = uint64(t.more(int64(stack[0])))
}

// recalling looks at the clock after reading much.
type recalling struct {
	io.Reader
	*tank
}

func (r recalling) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 1<<10 {
		r.recall()
	}
	return n, err
}

// meter rewrites the module, or says why it stays as it is.
func (m *Module) meter(wasm []byte) []byte {
	if m.cfg.Interrupt {
		m.info.Unmetered = "it was asked for"
		return nil
	}
	out, report, err := meter.Rewrite(wasm)
	if err != nil {
		m.info.Unmetered = err.Error()
		return nil
	}
	m.fuelName = report.Fuel
	return out
}

// fuelFor is what a call for so many logs may use.
func (m *Module) fuelFor(logs int) int64 {
	if m.cfg.FuelPerLog > math.MaxInt64/int64(logs) {
		return m.cfg.FuelPerBatch
	}
	return min(m.cfg.FuelPerLog*int64(logs), m.cfg.FuelPerBatch)
}

// within gives a call its context. Who calls it calls done.
func (ins *instance) within(parent context.Context, fuel int64, limit time.Duration) (ctx context.Context, done func()) {
	if ins.m.fuelName == "" {
		return context.WithTimeout(parent, limit)
	}
	ins.tank.fill(parent, fuel, limit)
	return &ins.tank, func() {}
}

// exhausted is the fault of a call that used up its fuel.
func (ins *instance) exhausted(err error) error {
	limit, flag := ins.tank.limit, "--fuel-per-log"
	if limit >= ins.m.cfg.FuelPerBatch {
		flag = "--fuel-per-batch"
	}
	text := fmt.Sprintf("used up its %d units%s; %s allows no more", limit, where(err), flag)
	return errors.New(abi.Printable([]byte(text), 2*shownText))
}

// Fuel is how many units all calls for logs have used since the module was
// compiled; 0 when it is not metered.
func (m *Module) Fuel() int64 { return m.fuel.Load() }
