// Package guest runs one WebAssembly module over logs: it compiles and checks
// the module, starts instances, calls them batch by batch within their
// limits, and says of each log what became of it.
//
// What a batch and a reply look like is package abi's matter; what is done
// with a log that failed, and where events go, is the host's. RATIONALE.md
// says what is contained and what is not.
package guest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/slswasm/slswasm/abi"
)

// Defaults of a Config.
const (
	DefaultMemoryLimit = 64 << 20
	DefaultTimeLimit   = 10 * time.Second

	// In units of package meter, of which a core works off 2 to 10 in a
	// nanosecond: seconds, and about the time limit.
	DefaultFuelPerLog   = 20_000_000_000
	DefaultFuelPerBatch = 100_000_000_000
)

const (
	pageSize   = 1 << 16
	maxPages   = 1 << 16
	batchBytes = 1 << 20 // of a batch of several logs; a larger log goes alone
)

// A Config says what to run, and within which limits. Only Wasm is needed.
type Config struct {
	Name        string // of the module in messages: its path
	Wasm        []byte
	GuestConfig []byte // handed to the guest's init

	// MemoryLimit bounds the linear memory of each instance, in bytes; it is
	// rounded up to pages of 64 KiB. 0: DefaultMemoryLimit.
	MemoryLimit int
	// TimeLimit bounds each batch; 0: DefaultTimeLimit. A log fails for it
	// only when it takes that long alone.
	TimeLimit time.Duration
	// FuelPerLog bounds what a batch may compute, for each of its logs, in the
	// units of package meter; 0: DefaultFuelPerLog. Other than a time, it is
	// the same on each machine. A log fails for it only when it is alone.
	FuelPerLog int64
	// FuelPerBatch bounds a batch however many logs it has; 0:
	// DefaultFuelPerBatch.
	FuelPerBatch int64
	// Interrupt has the engine look at the clock wherever a loop turns round,
	// in place of metering: slower, without fuel, and calls and bulk memory
	// operations without a loop get past it. A module that cannot be metered
	// always runs so.
	Interrupt bool
	// Instances is the most that run at once; 0: GOMAXPROCS.
	Instances int
	// CacheDir keeps compiled modules, for a faster start. It must belong to
	// the user who runs the host: what it holds is executed. "": none.
	CacheDir string
	// Interpreter runs the guest without compiling it: slow, but a second
	// opinion on the compiler.
	Interpreter bool
	// Repeatable makes what a guest does depend on its input alone: its clock
	// stands at RepeatableTime, its naps are over at once, and each instance
	// draws the same random numbers. For tests.
	Repeatable bool
	// Logger receives the guest's lines and warnings about it; nil: nobody.
	Logger *slog.Logger

	executable func() error // nil: this system's
}

func (c *Config) setDefaults() {
	if c.executable == nil {
		c.executable = executable
	}
	if c.MemoryLimit <= 0 {
		c.MemoryLimit = DefaultMemoryLimit
	}
	c.MemoryLimit = min((c.MemoryLimit+pageSize-1)/pageSize, maxPages) * pageSize
	if c.TimeLimit <= 0 {
		c.TimeLimit = DefaultTimeLimit
	}
	if c.FuelPerLog <= 0 {
		c.FuelPerLog = DefaultFuelPerLog
	}
	if c.FuelPerBatch <= 0 {
		c.FuelPerBatch = DefaultFuelPerBatch
	}
	if c.Instances <= 0 {
		c.Instances = runtime.GOMAXPROCS(0)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// An Output is what Transform fills in.
type Output = abi.Output

// A Failure is a log that came to nothing.
type Failure = abi.Failure

// Info is what a module says of itself, in printable text, and what is known
// of it.
type Info struct {
	Name, Version string   // of its descriptor
	SHA256        string   // of the Wasm file, in hex
	Fields        []string // it asked for, with abi.AllFields at the end if that was among them
	BatchMax      int
	Unmetered     string // why it has a time limit only; "": it is metered
	Interpreted   string // why it is not compiled, if it was to be; "": it is
}

// A Module is a compiled module and its instances. Its methods may be called
// from several goroutines at once.
type Module struct {
	cfg      Config
	info     Info
	desc     *abi.Descriptor
	lines    *lineLog
	cache    wazero.CompilationCache // nil: none
	rt       wazero.Runtime
	compiled wazero.CompiledModule
	pool     *pool
	metrics  *metrics
	fuelName string // of the global that holds the fuel; "": not metered
	fuel     atomic.Int64
}

// Compile compiles the module, checks everything that can be known of it,
// starts one instance and runs its init. Its errors are for the user: they
// name the module, what is wrong with it and how to mend it.
func Compile(ctx context.Context, cfg Config) (*Module, error) {
	cfg.setDefaults()
	sum := sha256.Sum256(cfg.Wasm)
	info := Info{SHA256: hex.EncodeToString(sum[:])}
	m := &Module{
		cfg: cfg, info: info, lines: newLineLog(cfg.Name, info.SHA256, cfg.Logger),
		metrics: &metrics{guest: cfg.Name, logger: cfg.Logger},
	}
	if err := m.start(ctx); err != nil {
		_ = m.free(ctx) // what went wrong before is what the user must know
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("guest %s: %w", cfg.Name, err)
	}
	return m, nil
}

func (m *Module) start(ctx context.Context) error {
	if err := checkHeader(m.cfg.Wasm); err != nil {
		return err
	}
	if err := m.compileMetered(ctx); err != nil {
		return err
	}
	hosts, err := m.hostModules(ctx)
	if err != nil {
		return err
	}
	if err := checkModule(m.compiled, hosts); err != nil {
		return err
	}
	first, err := m.newInstance(ctx)
	if err != nil {
		return err
	}
	m.desc = first.desc
	if err := m.describe(); err != nil {
		first.close(ctx)
		return err
	}
	m.pool = newPool(m.cfg.Instances, first)
	m.sayIfInterpreted(ctx)
	return nil
}

// compileMetered falls back to the module as it is, which also says best what
// is wrong with it.
func (m *Module) compileMetered(ctx context.Context) error {
	if metered := m.meter(m.cfg.Wasm); metered != nil {
		bounded, err := boundTables(metered)
		if err != nil {
			return err
		}
		if err = m.compile(ctx, bounded); err == nil {
			return nil
		}
		_ = m.free(ctx)
		m.fuelName, m.info.Unmetered = "", err.Error()
	}
	bounded, err := boundTables(bytes.Clone(m.cfg.Wasm))
	if err != nil {
		return err
	}
	if err := checkCounts(m.cfg.Wasm); err != nil {
		return err
	}
	if err := m.compile(ctx, bounded); err != nil {
		return err
	}
	if !m.cfg.Interrupt {
		m.cfg.Logger.WarnContext(ctx, "the guest cannot be metered; the clock interrupts it instead, which is slower",
			"guest", m.cfg.Name, "error", m.info.Unmetered)
	}
	return nil
}

// compile makes the runtime and compiles wasm with it. A cache that does not
// work costs time at the next start, so it is a warning.
func (m *Module) compile(ctx context.Context, wasm []byte) error {
	if m.cfg.CacheDir == "" || m.cfg.Interpreter {
		return m.compileWith(ctx, wasm, nil)
	}
	cache, err := openCache(m.cfg.CacheDir)
	if err == nil {
		if err = m.compileWith(ctx, wasm, cache); err == nil {
			return nil
		}
		_ = m.free(ctx)
	}
	if plain := m.compileWith(ctx, wasm, nil); plain != nil {
		return plain
	}
	m.cfg.Logger.WarnContext(ctx, "the compilation cache cannot be used; each start compiles the guest again",
		"guest", m.cfg.Name, "dir", m.cfg.CacheDir, "error", err)
	return nil
}

// opening guards a variable of wazero's own, its version, which it sets at the
// first use of either function.
var opening sync.Mutex

func openCache(dir string) (wazero.CompilationCache, error) {
	opening.Lock()
	defer opening.Unlock()
	return wazero.NewCompilationCacheWithDir(dir)
}

func openRuntime(ctx context.Context, rc wazero.RuntimeConfig) wazero.Runtime {
	opening.Lock()
	defer opening.Unlock()
	return wazero.NewRuntimeWithConfig(ctx, rc)
}

func (m *Module) compileWith(ctx context.Context, wasm []byte, cache wazero.CompilationCache) error {
	rc := wazero.NewRuntimeConfig()
	if m.cfg.Interpreter {
		rc = wazero.NewRuntimeConfigInterpreter()
	}
	rc = rc.WithMemoryLimitPages(uint32(m.cfg.MemoryLimit / pageSize)).WithCloseOnContextDone(m.fuelName == "")
	if m.cache = cache; cache != nil {
		rc = rc.WithCompilationCache(cache)
	}
	m.rt = openRuntime(ctx, rc)
	var err error
	if m.compiled, err = m.rt.CompileModule(ctx, wasm); err != nil {
		return compileError(err, m.cfg.MemoryLimit)
	}
	return nil
}

// describe takes over what the first instance said of itself.
func (m *Module) describe() error {
	d := m.desc
	if d.Error != "" {
		return &Refusal{d.Error}
	}
	m.info.Name = abi.Printable([]byte(d.Name), shownText)
	m.info.Version = abi.Printable([]byte(d.Version), shownText)
	m.info.BatchMax = d.BatchMax
	for _, s := range d.Slots {
		m.info.Fields = append(m.info.Fields, string(s))
	}
	if d.Table {
		m.info.Fields = append(m.info.Fields, abi.AllFields)
	}
	return nil
}

// Info says which module this is.
func (m *Module) Info() Info { return m.info }

// Name is the module's name in messages: its path.
func (m *Module) Name() string { return m.cfg.Name }

// Close waits until no Transform runs, and frees what the module holds. When
// ctx ends first it frees nothing, for a running guest needs it all.
func (m *Module) Close(ctx context.Context) error {
	if err := m.pool.close(ctx); err != nil {
		return err
	}
	m.lines.close(ctx)
	return m.free(ctx)
}

func (m *Module) free(ctx context.Context) error {
	var closers []api.Closer
	if m.rt != nil {
		closers = append(closers, m.rt)
	}
	if m.cache != nil {
		closers = append(closers, m.cache)
	}
	m.rt, m.cache = nil, nil
	var first error
	for _, c := range closers {
		if err := c.Close(context.WithoutCancel(ctx)); err != nil && first == nil {
			first = err
		}
	}
	return first
}
