package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/slswasm/slswasm/host/tap"
)

// beat is how often a quiet tap says that it is still there; that is also how
// a client is noticed that is not.
const beat = 10 * time.Second

// tapEvents sends what the tap shows as server-sent events, until the client
// leaves or the server stops.
func (s *Server) tapEvents(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Tap == nil {
		http.Error(w, "the tap is off: it shows logs as they are, and is there with --tap", http.StatusNotFound)
		return
	}
	q := r.URL.Query()
	watcher, err := s.cfg.Tap.Watch(tap.Filter{
		Flow: q.Get("flow"), Source: q.Get("source"), Topic: q.Get("topic"), Verdict: tap.Verdict(q.Get("verdict")),
	})
	if errors.Is(err, tap.ErrBusy) {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer watcher.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	out := events{w, http.NewResponseController(w)}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for err = out.send(": watching\n\n"); err == nil; { // what cannot be sent ends it: the client is gone
		select {
		case <-r.Context().Done():
			return
		case <-s.stopping:
			for err == nil && len(watcher.Pairs()) > 0 { // what ended the run is among them
				err = out.pair(<-watcher.Pairs())
			}
			_ = out.send("event: end\ndata: {}\n\n") // it goes either way
			return
		case <-tick.C:
			err = out.send(": beat\n\n")
		case pair := <-watcher.Pairs():
			err = out.pair(pair)
		}
	}
}

// events writes one event at a time, each with a time of its own.
type events struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (e events) send(text string) error {
	if err := e.c.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.c.Flush()
}

func (e events) pair(p *tap.Pair) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return e.send(fmt.Sprintf("event: pair\ndata: %s\n\n", text))
}
