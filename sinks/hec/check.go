package hec

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Check implements sinks.Sink: it asks for the collector's health and then
// posts nothing at all, which proves the token (Splunk looks at the token
// first and answers 400, code 5). A collector that is only busy passes.
func (s *Sink) Check(ctx context.Context) error {
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	health, err := s.exchange(ctx, http.MethodGet, healthPath, nil)
	if err != nil {
		return s.unreachable(err)
	}
	if v := health.judge(0, time.Now()); v.kind == busy && v.code >= 0 {
		s.logger.Warn("the receiver is not healthy", "answer", health.excerpt())
	}
	empty, err := s.exchange(ctx, http.MethodPost, eventPath, nil)
	if err != nil {
		return s.unreachable(err)
	}
	return s.checkEmpty(empty)
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
