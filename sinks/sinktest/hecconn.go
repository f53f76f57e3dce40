package sinktest

import (
	"net"
	"sync"
)

// A hecListener hands out connections that can go dead.
type hecListener struct {
	net.Listener

	mu     sync.Mutex
	frozen chan struct{} // closed: the connections made until then are dead
}

func (l *hecListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return &hecConn{Conn: c, frozen: l.frozen, closed: make(chan struct{})}, nil
}

func (l *hecListener) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.frozen)
	l.frozen = make(chan struct{})
}

// A hecConn is dead once it is frozen: nothing goes in or out, and nobody
// hears of it.
type hecConn struct {
	net.Conn
	frozen chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (c *hecConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.isDead() {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *hecConn) Write(p []byte) (int, error) {
	if c.isDead() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

func (c *hecConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// isDead says whether the connection was frozen; then it says so only when
// the server closes it.
func (c *hecConn) isDead() bool {
	select {
	case <-c.frozen:
		<-c.closed
		return true
	default:
		return false
	}
}

// Freeze leaves the connections that there are dead: open, and silent. New
// ones work.
func (r *HECReceiver) Freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		r.listener.freeze()
	}
}
