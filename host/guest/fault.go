package guest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/meter"
)

// shownText is how much of a guest's text messages show, in bytes.
const shownText = 256

// A Kind says in which way a guest was at fault.
type Kind string

// The kinds of faults. Each costs the instance.
const (
	Trap   Kind = "trap"         // it ran into a trap
	Exit   Kind = "exit"         // it left with proc_exit
	Time   Kind = "time limit"   // a batch took too long
	Fuel   Kind = "fuel"         // a batch computed too much
	Memory Kind = "memory limit" // it gave no memory for a batch
	Reply  Kind = "reply"        // it answered what cannot be read, or too much
)

// A Fault is what a guest did to fail a log, or to not start.
type Fault struct {
	Guest string // the module's name
	Kind  Kind
	Err   error

	suspect int  // record of the batch; -1: any
	shrink  bool // smaller batches may do better
}

func (f *Fault) Error() string { return fmt.Sprintf("guest %s: %s: %v", f.Guest, f.Kind, f.Err) }
func (f *Fault) Unwrap() error { return f.Err }

// fault makes a Fault of what a call returned. overtime says that the call's
// time was over.
func (ins *instance) fault(err error, overtime bool) *Fault {
	f := &Fault{Guest: ins.m.cfg.Name, Kind: Trap, suspect: -1}
	var exit *sys.ExitError
	switch {
	case errors.Is(err, errFuel):
		f.Kind, f.shrink = Fuel, true
		f.Err = ins.exhausted(err)
	case errors.Is(err, errTime), errors.As(err, &exit) && overtime:
		f.Kind, f.shrink = Time, true
		f.Err = fmt.Errorf("still running after %v", ins.m.cfg.TimeLimit)
	case errors.As(err, &exit):
		f.Kind = Exit
		f.Err = fmt.Errorf("proc_exit(%d); a guest answers, it does not leave", exit.ExitCode())
	default:
		f.Err = trapError(err)
	}
	ins.explain(f)
	return f
}

// explain adds to a fault what may be behind it: a guest's own last words, and
// a memory that is full.
func (ins *instance) explain(f *Fault) {
	if words := ins.output[1].flush(); words != "" {
		f.Err = fmt.Errorf("%w; it said: %s", f.Err, words)
	}
	if ins.mem == nil || f.Kind != Trap {
		return
	}
	if size, limit := int(ins.mem.Size()), ins.m.cfg.MemoryLimit; size > limit/4*3 {
		f.Err = fmt.Errorf("%w; its memory is %d of %d MiB", f.Err, size>>20, limit>>20)
	}
}

// trapError brings wazero's message, many lines with a stack, into one line
// that names the innermost functions.
func trapError(err error) error {
	head, _, _ := strings.Cut(err.Error(), stackTrace)
	if _, cause, ok := strings.Cut(head, "wasm error: "); ok {
		head = cause
	}
	head = strings.TrimSuffix(head, " (recovered by wazero)")
	return &trap{abi.Printable([]byte(head+where(err)), 2*shownText), err}
}

const stackTrace = "\nwasm stack trace:"

// where names the innermost functions of the guest in wazero's message.
func where(err error) string {
	_, stack, _ := strings.Cut(err.Error(), stackTrace)
	var frames []string
	for line := range strings.Lines(stack) {
		name := strings.TrimLeft(line, "\t. ")
		name = name[:max(0, strings.LastIndexByte(name, '('))]
		hidden := strings.HasPrefix(name, "$") || strings.HasPrefix(name, meter.ImportModule+".")
		if name != "" && !hidden && len(frames) < 3 {
			frames = append(frames, name)
		}
	}
	if len(frames) == 0 {
		return ""
	}
	return ", in " + strings.Join(frames, " < ")
}

type trap struct {
	line  string
	cause error
}

func (t *trap) Error() string { return t.line }
func (t *trap) Unwrap() error { return t.cause }
