package sinks

import (
	"errors"
	"log/slog"
	"testing"
)

func TestPlainly(t *testing.T) {
	why := errors.New("why")
	for _, err := range []error{why, &Hold{Err: why}, &Retry{Err: why}} {
		if got := Plainly(err); !errors.Is(got, why) || got.Error() != "why" {
			t.Errorf("%T: %v", err, got)
		}
	}
	if Plainly(nil) != nil {
		t.Error("an error of none")
	}
}

func TestEndpoints(t *testing.T) {
	f := NewFailover([]Endpoint{{Name: "a"}, {Name: "b"}}, First, RetryConfig{}, slog.New(slog.DiscardHandler))
	got := f.Endpoints()
	if len(got) != 2 || got[0].Name != "a" || got[1].Name != "b" {
		t.Errorf("%+v", got)
	}
}
