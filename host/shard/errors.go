package shard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/cenkalti/backoff/v5"
)

// Error codes of the service for which the SDK has no constant.
const (
	codeGroupExists   = "ConsumerGroupAlreadyExist"
	codeGroupMissing  = "ConsumerGroupNotExist"
	codeGroupQuota    = "ConsumerGroupQuotaExceed"
	codeNotMatch      = "ConsumerNotMatch"
	codeConsumerGone  = "ConsumerNotExist"
	codeInvalidKeyID  = "InvalidAccessKeyId"
	codeInvalidAnswer = "InvalidAnswer" // ours: what came back is no answer of a Log Service
)

// A callError says which call failed. It wraps the service's *sls.Error or
// what kept the call from getting that far.
type callError struct {
	call string
	err  error
	hint string
}

func (e *callError) Error() string {
	text := e.call + ": "
	var api *sls.Error
	if errors.As(e.err, &api) {
		text += fmt.Sprintf("the service answered %d %s: %s", api.HTTPCode, api.Code, api.Message)
		if api.RequestID != "" {
			text += " (request " + api.RequestID + ")"
		}
	} else {
		text += e.err.Error()
	}
	if e.hint != "" {
		text += ": " + e.hint
	}
	return text
}

func (e *callError) Unwrap() error { return e.err }

// code returns the service's error code, or nothing.
func code(err error) string {
	var api *sls.Error
	if errors.As(err, &api) {
		return api.Code
	}
	return ""
}

// hint says what to do about an error code.
func (c *client) hint(code string) string {
	switch code {
	case sls.PROJECT_NOT_EXIST:
		return fmt.Sprintf("check --project %q and --endpoint %q: a project is known at the endpoint of its own region only", c.project, c.endpoint.named)
	case sls.LOGSTORE_NOT_EXIST:
		return fmt.Sprintf("check --logstore %q of project %q", c.logstore, c.project)
	case codeInvalidKeyID:
		return "check --access-key-id: it is unknown or disabled"
	case sls.SIGNATURE_NOT_MATCH:
		return "check --access-key-secret and, with --auth v4, --region"
	case sls.UN_AUTHORIZED, "AccessDenied":
		return "the access key needs the right to read this logstore and to use consumer groups; an STS token may have expired"
	case sls.REQUEST_TIME_TOO_SKEWED:
		return "set this machine's clock: requests are refused when it is more than 15 minutes off"
	case codeGroupMissing:
		return fmt.Sprintf("consumer group %q was deleted, and its checkpoints with it: start again to create it anew", c.group)
	case sls.INVALID_LOGSTORE_QUERY, sls.INVALID_QUERY_STRING:
		return "check --query"
	}
	return ""
}

// A failure is what can be done about an error.
type failure int

const (
	final     failure = iota // the same call will fail again
	transient                // the network, the service or a quota: later
	refused                  // credentials, clock, certificate: may be mended at any moment
)

func classify(err error) failure {
	var api *sls.Error
	var credentials *credentialsError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &credentials), errors.As(err, &certificate), errors.Is(err, http.ErrSchemeMismatch):
		return refused
	case !errors.As(err, &api):
		return transient // no answer, or a broken one
	}
	switch api.Code {
	case sls.READ_QUOTA_EXCEED, sls.SHARD_READ_QUOTA_EXCEED, sls.WRITE_QUOTA_EXCEED, codeInvalidAnswer:
		return transient
	case sls.UN_AUTHORIZED, sls.SIGNATURE_NOT_MATCH, sls.REQUEST_TIME_TOO_SKEWED, codeInvalidKeyID:
		return refused
	}
	switch s := int(api.HTTPCode); {
	case s >= 500, s == http.StatusTooManyRequests, s == http.StatusRequestTimeout:
		return transient
	case s == http.StatusUnauthorized:
		return refused
	}
	return final
}

// A credentialsError says that the provider has none.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// patience is how long to try again: after a transient failure, 0 for as
// long as the context lasts; after a refusal, 0 for not at all.
type patience struct{ transient, refused time.Duration }

// The patience of the different parts of a run. Credentials get a minute, in
// which a rotation that is late can arrive.
var (
	opening = patience{transient: 3 * time.Second}
	running = patience{refused: time.Minute}
)

// retry calls op until it succeeds, fails for good or has used up p. An
// error that ends with ctx is ctx's cause, with op's error within.
func (c *client) retry(ctx context.Context, p patience, op func() error) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval, pause.Multiplier = c.pause, 50*c.pause, 2
	var last error
	var refusedSince time.Time
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = op()
		if last == nil {
			return struct{}{}, nil
		}
		kind := classify(last)
		if kind == refused {
			setDefault(&refusedSince, time.Now())
		}
		if kind == final || kind == refused && time.Since(refusedSince) >= p.refused {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(p.transient), backoff.WithNotify(func(err error, wait time.Duration) {
		c.log.Warn("a call to the Log Service failed and is tried again", "error", err, "after", wait.Round(time.Millisecond))
	}))
	if err != nil && ctx.Err() != nil && last != nil && !errors.Is(last, err) {
		return fmt.Errorf("%w (last: %w)", err, last)
	}
	return err
}
