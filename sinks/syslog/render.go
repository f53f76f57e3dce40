package syslog

import "github.com/slswasm/slswasm/abi"

// Render returns the event's message as a sink with these settings sends it,
// without its frame. Settings about the receiver are not looked at. It is for
// showing; a sink does not use it.
func Render(cfg Config, e *abi.Event) ([]byte, error) {
	f, err := newFormat(cfg.withDefaults())
	if err != nil {
		return nil, err
	}
	enc := newEncoder(f)
	enc.message(e)
	return enc.buf, nil
}
