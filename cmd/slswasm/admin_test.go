package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host"
)

// TestNotReadyWhileStopping: who asks while a run drains must not send it more.
func TestNotReadyWhileStopping(t *testing.T) {
	s := adminSettings{addr: "127.0.0.1:0", maxLag: time.Minute}
	page, err := s.open("test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := page.close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	page.show(ctx, &host.Pipeline{})
	stop()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page.URL()+"readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "stopping: nothing more is pulled") {
		t.Errorf("%d %q, %v", answer.StatusCode, body, err)
	}
}
