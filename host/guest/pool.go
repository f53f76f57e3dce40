package guest

import (
	"context"
	"errors"
	"sync"
)

// errClosed is what Transform returns once Close was called.
var errClosed = errors.New("host: the guest is closed")

// A pool holds one place for each instance that may live at once. A place is
// empty until an instance is started for it, and again after a fault.
type pool struct {
	places  chan *instance
	closing chan struct{}
	once    sync.Once
	open    int // places that close has not taken yet
}

func newPool(size int, first *instance) *pool {
	p := &pool{places: make(chan *instance, size), closing: make(chan struct{}), open: size}
	p.places <- first
	for range size - 1 {
		p.places <- nil
	}
	return p
}

// get waits for a place. What it returns, an instance or nil for an empty
// place, must be put back.
func (p *pool) get(ctx context.Context) (*instance, error) {
	select {
	case <-p.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case ins := <-p.places:
		for i := len(p.places); ins == nil && i > 0; i-- { // rather one that runs already
			select {
			case other := <-p.places:
				p.places <- ins
				ins = other
			default:
			}
		}
		return ins, nil
	}
}

// put gives a place back, with its instance or, after a fault, with none.
func (p *pool) put(ins *instance) { p.places <- ins }

// close takes all places, waiting for those in use, and closes what is in
// them. After an error it may be called again.
func (p *pool) close(ctx context.Context) error {
	p.once.Do(func() { close(p.closing) })
	for ; p.open > 0; p.open-- {
		select {
		case ins := <-p.places:
			if ins != nil {
				ins.close(ctx)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
