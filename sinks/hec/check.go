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
	return s.onChannel(func(ch *channel) error {
		if err := s.mention(s.checkHealth(ctx)); err != nil {
			return err
		}
		if err := s.mention(s.postNothing(ctx, ch)); err != nil || ch == nil {
			return err
		}
		return s.mention(s.checkAcks(ctx, ch))
	})
}

// mention logs what a receiver that is only busy could not be asked.
func (s *Sink) mention(err error) error {
	if doubt, ok := errors.AsType[*sinks.Doubt](err); ok {
		s.logger.Warn("the receiver takes no questions just now", "answer", doubt.Reason)
		return nil
	}
	return err
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

// later is what to do about a receiver that has too much to do.
const later = "see what the receiver is busy with, and run this check again"

func (s *Sink) checkEmpty(a answer) error {
	v := a.judge(0, time.Now())
	switch {
	case v.kind == delivered, a.status == http.StatusBadRequest && v.code == 5:
		return nil
	case v.kind == busy && v.code >= 0:
		return &sinks.Doubt{Reason: "the receiver is busy, and the token could not be checked: " + a.excerpt(), Remedy: later}
	}
	return fmt.Errorf("HEC at %s: %w", s.base, v.err)
}

// checkAcks asks for an acknowledgement that there is not.
func (s *Sink) checkAcks(ctx context.Context, ch *channel) error {
	err := s.acknowledges(ctx, ch)
	if retry, ok := errors.AsType[*sinks.Retry](err); ok {
		return &sinks.Doubt{Reason: "the receiver does not say whether it acknowledges: " + retry.Err.Error(), Remedy: later}
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
