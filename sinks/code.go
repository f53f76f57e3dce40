package sinks

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
)

// CodeOf names the cause of an outcome in a word, for counting: the one that
// the sink gave, such as a receiver's "503/9", or else what the network said.
// Codes are few, and hold nothing of an event.
func CodeOf(err error) string {
	if r, ok := errors.AsType[*Rejected](err); ok {
		return cmp.Or(r.Code, "rejected")
	}
	if c, ok := errors.AsType[*coded](err); ok {
		return c.code
	}
	if code := networkCode(err); code != "" {
		return code
	}
	if holds(err) {
		return "setting"
	}
	return "other"
}

// Coded gives the cause of a Retry or a Hold its code.
func Coded(err error, code string) error { return &coded{err, code} }

type coded struct {
	error
	code string
}

func (c *coded) Unwrap() error { return c.error }

func networkCode(err error) string {
	var (
		dns     *net.DNSError
		network net.Error
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		alert   tls.AlertError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &alert), errors.As(err, &op) && op.Op == "remote error":
		return "tls"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "reset"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &op):
		return "network"
	}
	return ""
}

// A CodeCount is how often outcomes had a code.
type CodeCount struct {
	Kind string `json:"kind"` // "retry", "hold" or "rejected"
	Code string `json:"code"`
	N    uint64 `json:"n"`
}

// The kinds of a CodeCount.
const (
	KindRetry    = "retry"
	KindHold     = "hold"
	KindRejected = "rejected"
)

// mostCodes bounds what a receiver can make of us: further codes are counted
// as OtherCode.
const mostCodes = 32

// OtherCode stands for the codes that are beyond counting.
const OtherCode = "others"

// codes counts outcomes by kind and code. It is touched when something went
// wrong, and else never.
type codes struct {
	mu sync.Mutex
	n  []CodeCount // in the order of their first times
}

func (c *codes) count(kind, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.find(kind, code)
	if i < 0 && len(c.n) >= mostCodes {
		code = OtherCode
		i = c.find(kind, code)
	}
	if i < 0 {
		c.n = append(c.n, CodeCount{kind, code, 1})
		return
	}
	c.n[i].N++
}

func (c *codes) find(kind, code string) int {
	return slices.IndexFunc(c.n, func(n CodeCount) bool { return n.Kind == kind && n.Code == code })
}

func (c *codes) snapshot() []CodeCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.n)
}
