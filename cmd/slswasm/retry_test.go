package main

import (
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
)

func TestRetrySettings(t *testing.T) {
	const good = 100 * time.Millisecond
	for name, tt := range map[string]struct {
		settings retrySettings
		want     string // in the error; empty: none
	}{
		"good":        {retrySettings{good, good, 10 * time.Minute}, ""},
		"zero":        {retrySettings{0, good, good}, "--retry-initial 0s: want 10ms to 10m0s"},
		"negative":    {retrySettings{good, good, -1}, "--hold -1ns"},
		"wrong order": {retrySettings{time.Second, good, good}, "--retry-initial 1s: is more than --retry-max 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.settings.config()
			switch s := tt.settings; {
			case tt.want == "" && (err != nil || got != sinks.RetryConfig{Initial: s.initial, Max: s.most, Hold: s.hold}):
				t.Errorf("%+v, %v", got, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
