package guest

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/sys"
)

// napLimit cuts a guest's sleep short, because nothing can end it early.
const napLimit = 10 * time.Millisecond

// RepeatableTime is the time of day, in seconds since 1970, for as long as a
// guest runs with Config.Repeatable: the first second of 2026, UTC.
const RepeatableTime = 1767225600

// surroundings gives an instance its clocks and its random numbers.
func (ins *instance) surroundings(c wazero.ModuleConfig) wazero.ModuleConfig {
	if !ins.m.cfg.Repeatable {
		nap := func(ns int64) {
			time.Sleep(min(time.Duration(ns), napLimit))
			ins.tank.recall()
		}
		return c.WithSysWalltime().WithSysNanotime().WithNanosleep(nap).WithRandSource(recalling{rand.Reader, &ins.tank})
	}
	// Runtimes wait for the monotonic clock to move, so that one does.
	const tick = int64(time.Microsecond)
	var now int64
	return c.
		WithWalltime(func() (int64, int32) { return RepeatableTime, 0 }, sys.ClockResolution(time.Microsecond)).
		WithNanotime(func() int64 { now += tick; return now }, sys.ClockResolution(tick)).
		WithNanosleep(func(ns int64) { now += max(ns, 0) }).
		WithRandSource(mathrand.NewChaCha8([32]byte{}))
}
