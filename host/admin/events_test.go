package admin

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/tap"
)

func watchTap(t *testing.T, c *http.Client, s *Server, query string) (*bufio.Scanner, io.Closer) {
	t.Helper()
	answer, err := c.Get(s.URL() + "api/tap?" + query)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%d %s", answer.StatusCode, kind)
	}
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || lines.Text() != ": watching" {
		t.Fatalf("the stream begins with %q", lines.Text())
	}
	return lines, answer.Body
}

func offer(topic string) tap.Batch {
	log := abi.Log{Time: 1, Fields: []abi.Field{{Key: []byte("__topic__"), Value: []byte(topic)}, {Key: []byte("k"), Value: []byte("<b>\n\ndata: x")}}}
	return tap.Batch{Source: "p/l", Logs: []abi.Log{log}, Events: []abi.Event{{Log: log}}}
}

func TestTapStreams(t *testing.T) {
	shown := tap.New()
	s := open(t, Config{Tap: shown})
	lines, body := watchTap(t, client(t), s, "topic=wanted")
	defer body.Close()
	shown.Offer(offer("other"))
	shown.Offer(offer("wanted"))
	var pair tap.Pair
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &pair); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if pair.Topic != "wanted" || pair.Verdict != tap.Kept || pair.After[0].Rows[1].Before.Text != "<b>\n\ndata: x" {
		t.Errorf("got %+v", pair)
	}
}

func TestTapOutlivesTheRequest(t *testing.T) {
	const limit = 50 * time.Millisecond
	shown := tap.New()
	s := open(t, Config{Tap: shown})
	short := httptest.NewUnstartedServer(s.server.Handler)
	short.Config.ReadTimeout, short.Config.WriteTimeout = limit, limit
	short.Start()
	answer, err := short.Client().Get(short.URL + "/api/tap")
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(4 * limit)
	shown.Offer(offer("late"))
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() && lines.Text() != "event: pair" {
	}
	if err := lines.Err(); err != nil || lines.Text() != "event: pair" {
		t.Errorf("the stream ends with %q, %v", lines.Text(), err)
	}
	answer.Body.Close()
	short.Close()
}

func TestTapEndsWithItsClient(t *testing.T) {
	shown := tap.New()
	s := open(t, Config{Tap: shown})
	for range 3 {
		var bodies []io.Closer
		c := client(t)
		for range tap.MaxWatchers {
			_, body := watchTap(t, c, s, "")
			bodies = append(bodies, body)
		}
		if status, text := get(t, s, "api/tap"); status != 503 || !strings.Contains(text, "as many watchers") {
			t.Errorf("one more: %d %q", status, text)
		}
		for _, body := range bodies {
			body.Close()
		}
		gone(t, shown)
	}
}

func gone(t *testing.T, shown *tap.Tap) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for shown.Watched() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("the tap is still watched after its clients have left")
		}
	}
}

func TestTapEndsWithTheServer(t *testing.T) {
	shown := tap.New()
	s, err := Open(Config{Addr: "127.0.0.1:0", Tap: shown, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	lines, body := watchTap(t, client(t), s, "")
	defer body.Close()
	const last = 8 // at once, as when a run halts
	for range last {
		shown.Offer(offer("last"))
	}
	began := time.Now()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > stopLimit {
		t.Errorf("closing took %v", took)
	}
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
	}
	text := strings.Join(all, " ")
	if n := strings.Count(text, "event: pair"); n != last || !strings.Contains(text, "event: end") {
		t.Errorf("the stream ends after %d of %d pairs with %q", n, last, text)
	}
	if shown.Watched() {
		t.Error("the tap is still watched")
	}
	if _, err := net.Dial("tcp", s.listener.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}
