package hec

import (
	"bytes"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// Render returns the event as a sink with these settings sends it: one
// envelope, without the line break that ends it. An event that the sink would
// not send is a *sinks.Rejected. It is for showing; a sink does not use it.
func Render(cfg Config, e *abi.Event) ([]byte, error) {
	if blank(e) {
		return nil, &sinks.Rejected{Reason: blankReason}
	}
	out, _ := newEncoder(cfg.withDefaults()).appendEnvelope(nil, e, nil)
	return bytes.TrimSuffix(out, []byte{'\n'}), nil
}
