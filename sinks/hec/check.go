package hec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/slswasm/slswasm/sinks"
)

// Check implements sinks.Sink: it asks for the collector's health and then
// posts nothing at all, which proves the token (Splunk looks at the token
// first and answers 400, code 5). With --hec-ack it asks for an
// acknowledgement as well. A collector that is only busy passes. A
// wrong --hec-index is not found: Splunk looks at the index of events only.
func (s *Sink) Check(ctx context.Context) error {
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	health, err := s.ask(ctx, http.MethodGet, healthPath, nil)
	if err != nil {
		return s.unreachable(err)
	}
	if v := health.judge(0, time.Now()); v.kind == stopped && health.status == http.StatusOK {
		return fmt.Errorf("HEC at %s: check --hec-url (host, port): %w", s.base, v.err)
	} else if v.kind == busy && v.code >= 0 {
		s.logger.Warn("the receiver is not healthy", "answer", health.excerpt())
	}
	var ch *channel
	if s.cfg.Ack {
		ch = s.channels.take()
		defer s.channels.put(ch)
	}
	empty, err := s.ask(ctx, http.MethodPost, eventPath, ch)
	if err != nil {
		return s.unreachable(err)
	}
	if err := s.checkEmpty(empty); err != nil || ch == nil {
		return err
	}
	return s.checkAcks(ctx, ch)
}

// ask makes a request without a body. A server that breaks the connection
// often says why just before (a TLS alert, a status), and whether that is
// heard is a matter of luck: it is asked three times.
func (s *Sink) ask(ctx context.Context, method, path string, ch *channel) (a answer, err error) {
	for range 3 {
		a, err = s.exchange(ctx, request{method: method, path: path, channel: ch})
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

// checkAcks asks for an acknowledgement that there is not. A receiver that is
// only busy passes.
func (s *Sink) checkAcks(ctx context.Context, ch *channel) error {
	err := s.acknowledges(ctx, ch)
	if retry, ok := errors.AsType[*sinks.Retry](err); ok {
		s.logger.Warn("the receiver does not say whether it acknowledges", "error", retry.Err)
		return nil
	}
	if hold, ok := errors.AsType[*sinks.Hold](err); ok {
		err = hold.Err
	}
	if err != nil {
		return fmt.Errorf("HEC at %s: %w", s.base, err)
	}
	return nil
}

func (s *Sink) unreachable(err error) error {
	if _, ok := errors.AsType[*settingError](err); ok {
		return fmt.Errorf("HEC at %s: %w", s.base, err)
	}
	return fmt.Errorf("HEC at %s cannot be reached; check --hec-url (host, port, http or https): %w", s.base, err)
}
