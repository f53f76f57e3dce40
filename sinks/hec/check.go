package hec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Check implements sinks.Sink: it asks for the collector's health and then
// posts nothing at all, which proves the token (Splunk looks at the token
// first and answers 400, code 5). A collector that is only busy passes. A
// wrong --hec-index is not found: Splunk looks at the index of events only.
func (s *Sink) Check(ctx context.Context) error {
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	health, err := s.ask(ctx, http.MethodGet, healthPath)
	if err != nil {
		return s.unreachable(err)
	}
	if v := health.judge(0, time.Now()); v.kind == stopped && health.status == http.StatusOK {
		return fmt.Errorf("HEC at %s: check --hec-url (host, port): %w", s.base, v.err)
	} else if v.kind == busy && v.code >= 0 {
		s.logger.Warn("the receiver is not healthy", "answer", health.excerpt())
	}
	empty, err := s.ask(ctx, http.MethodPost, eventPath)
	if err != nil {
		return s.unreachable(err)
	}
	return s.checkEmpty(empty)
}

// ask makes a request without a body. A server that breaks the connection
// often says why just before (a TLS alert, a status), and whether that is
// heard is a matter of luck: it is asked three times.
func (s *Sink) ask(ctx context.Context, method, path string) (a answer, err error) {
	for range 3 {
		a, err = s.exchange(ctx, method, path, nil)
		if !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			break
		}
	}
	return a, err
}

func (s *Sink) checkEmpty(a answer) error {
	v := a.judge(0, time.Now())
	switch {
	case v.kind == delivered, a.status == http.StatusBadRequest && v.code == 5:
		return nil
	case v.kind == busy && v.code >= 0:
		s.logger.Warn("the receiver is busy; the token could not be checked", "answer", a.excerpt())
		return nil
	}
	return fmt.Errorf("HEC at %s: %w", s.base, v.err)
}

func (s *Sink) unreachable(err error) error {
	if cert := (*certificateError)(nil); errors.As(err, &cert) {
		return fmt.Errorf("HEC at %s: %w", s.base, err)
	}
	return fmt.Errorf("HEC at %s cannot be reached; check --hec-url (host, port, http or https): %w", s.base, err)
}
