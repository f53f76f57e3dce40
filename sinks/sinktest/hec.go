package sinktest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// HECOptions say what a HECReceiver takes and how it behaves.
type HECOptions struct {
	Addr        string      // default 127.0.0.1:0
	TLS         *tls.Config // nil: plain HTTP
	Token       string      // "": any
	Indexes     []string    // that events may name; nil: any
	NeedChannel bool        // as with a token that has acknowledgement on, without the rest of it
	Acks        HECAcks     // indexer acknowledgement
	MaxBody     int         // bytes after decompression; above it 413; 0: no limit
	// CloudMaxBody is like MaxBody, but the answer is 400, code 6, event 0,
	// as Splunk Cloud was seen to do.
	CloudMaxBody int
	// Refuse, when not nil, returns the code for an event that is to be
	// refused for its content; 0: it is good, unless Splunk minds it.
	Refuse func(*HECEvent) (code int)
	// Number, when not nil, is said in place of each invalid-event-number.
	Number func(number int) int

	// OnEvent, when not nil, is given each indexed event instead of Events:
	// one at a time, a view that is valid until it returns.
	OnEvent func(*HECEvent)

	// Answer, when not nil, says how the POST of this number (from 0) is
	// answered; nil: as Splunk would. It is called from several goroutines.
	Answer func(request int) *HECAnswer
	// Health is the answer to health requests; nil: healthy.
	Health *HECAnswer
}

// A HECRequest is what a HECReceiver remembers of a POST.
type HECRequest struct {
	Bytes, Wire int // of the body, after and before decompression
	Status      int // of the answer
	Events      int // that were taken: indexed, or soon to be
	Header      http.Header
}

// A HECReceiver is a Splunk HTTP Event Collector on a real socket. It keeps
// to what Splunk was seen to do, down to what it drops without a word.
type HECReceiver struct {
	opt     HECOptions
	addr    string
	running sync.WaitGroup // handlers and the server

	mu       sync.Mutex
	server   *http.Server // nil: down
	listener *hecListener
	stop     context.CancelFunc // ends the handlers' context
	conns    int
	posts    int
	count    int
	events   []HECEvent
	requests []HECRequest
	acks     hecAcks
}

// StartHEC starts a receiver; Close ends it.
func StartHEC(opt HECOptions) (*HECReceiver, error) {
	if opt.Addr == "" {
		opt.Addr = "127.0.0.1:0"
	}
	r := &HECReceiver{opt: opt, addr: opt.Addr}
	return r, r.Up()
}

// Up starts listening again after Down, at the same address.
func (r *HECReceiver) Up() error {
	listener, err := net.Listen("tcp", r.addr)
	if err != nil {
		return fmt.Errorf("HEC receiver: %w", err)
	}
	r.addr = listener.Addr().String()
	conns := &hecListener{Listener: listener, frozen: make(chan struct{})}
	listener = conns
	if r.opt.TLS != nil {
		listener = tls.NewListener(listener, r.opt.TLS)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           r,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				r.mu.Lock()
				r.conns++
				r.mu.Unlock()
			}
		},
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server, r.listener, r.stop = server, conns, stop
	r.running.Go(func() { _ = server.Serve(listener) })
	return nil
}

// Down refuses new connections, breaks those that there are and waits for
// the requests under way.
func (r *HECReceiver) Down() {
	r.mu.Lock()
	server := r.server
	r.server = nil
	r.mu.Unlock()
	if server != nil {
		r.stop()
		_ = server.Close()
	}
	r.running.Wait()
}

// Close is Down for good.
func (r *HECReceiver) Close() error {
	r.Down()
	return nil
}

// URL is where the receiver listens, without a path.
func (r *HECReceiver) URL() string {
	if r.opt.TLS != nil {
		return "https://" + r.addr
	}
	return "http://" + r.addr
}

// Count is the number of indexed events.
func (r *HECReceiver) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	return r.count
}

// Connections is the number of connections that were made so far.
func (r *HECReceiver) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns
}

// Events returns what was indexed, in that order; nothing with OnEvent.
func (r *HECReceiver) Events() []HECEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	return append([]HECEvent(nil), r.events...)
}

// Requests returns the POSTs whose body was read, in order.
func (r *HECReceiver) Requests() []HECRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]HECRequest(nil), r.requests...)
}

// enter counts a handler in, unless the receiver is going down.
func (r *HECReceiver) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return false
	}
	r.running.Add(1)
	return true
}

func (r *HECReceiver) number() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts++
	return r.posts - 1
}

// ServeHTTP implements http.Handler.
func (r *HECReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !r.enter() {
		panic(http.ErrAbortHandler)
	}
	defer r.running.Done()
	ctx := req.Context()
	switch strings.TrimSuffix(req.URL.Path, "/1.0") {
	case "/services/collector/health":
		r.health(ctx, w)
	case "/services/collector/event", "/services/collector":
		r.collect(ctx, w, req)
	case "/services/collector/ack":
		r.poll(ctx, w, req)
	default:
		http.NotFound(w, req)
	}
}

func (r *HECReceiver) health(ctx context.Context, w http.ResponseWriter) {
	answer := HECAnswer{Status: 200, Body: `{"text":"HEC is healthy","code":17}`}
	if r.opt.Health != nil {
		answer = *r.opt.Health
	}
	answer.write(ctx, w)
}

func (r *HECReceiver) collect(ctx context.Context, w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		HECAnswer{Status: http.StatusMethodNotAllowed, Body: "method not allowed"}.write(ctx, w)
		return
	}
	var script *HECAnswer
	n := r.number()
	if r.opt.Answer != nil {
		script = r.opt.Answer(n)
	}
	r.setCookie(w)
	if answer := r.atOnce(req, script); answer != nil {
		answer.write(ctx, w)
		return
	}
	if script != nil && script.Raw {
		_, _ = io.Copy(io.Discard, req.Body)
		script.write(ctx, w)
		return
	}
	body, wire, err := readBody(req)
	if err != nil {
		HECError(http.StatusBadRequest, 6, 0).write(ctx, w)
		return
	}
	r.take(n, body, wire, req, script).write(ctx, w)
}

// atOnce is the answer that needs no look at the body; nil: there is none.
func (r *HECReceiver) atOnce(req *http.Request, script *HECAnswer) *HECAnswer {
	if script != nil && script.Early {
		return script
	}
	return r.authorize(req)
}

// authorize checks the headers in the order in which Splunk does.
func (r *HECReceiver) authorize(req *http.Request) *HECAnswer {
	var code, status int
	token, isSplunk := strings.CutPrefix(req.Header.Get("Authorization"), "Splunk ")
	switch {
	case req.Header.Get("Authorization") == "":
		code, status = 2, http.StatusUnauthorized
	case !isSplunk:
		code, status = 3, http.StatusUnauthorized
	case r.opt.Token != "" && token != r.opt.Token:
		code, status = 4, http.StatusForbidden
	default:
		if code = r.checkChannel(req); code == 0 {
			return nil
		}
		status = http.StatusBadRequest
	}
	a := HECError(status, code, NoNumber)
	return &a
}

// take takes in what a body holds and says how it is answered. What comes
// before a bad event is indexed at once and not acknowledged.
func (r *HECReceiver) take(n int, body []byte, wire int, req *http.Request, script *HECAnswer) HECAnswer {
	refusal, events := r.judge(n, body)
	// A script that takes events does not hide that one among them is refused:
	// the sender would take for delivered what was never indexed.
	if script != nil && (script.Indexed == 0 || refusal == nil) {
		refusal, events = script, events[:min(max(script.Indexed, 0), len(events))]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var answer HECAnswer
	if refusal != nil {
		answer = *refusal
		r.index(events)
	} else {
		answer = r.accept(events, channelOf(req))
	}
	r.requests = append(r.requests, HECRequest{
		Bytes: len(body), Wire: wire, Status: answer.Status, Events: len(events), Header: req.Header,
	})
	return answer
}

// index makes events those that have arrived.
func (r *HECReceiver) index(events []HECEvent) {
	r.count += len(events)
	if r.opt.OnEvent == nil {
		r.events = append(r.events, events...)
		return
	}
	for i := range events {
		r.opt.OnEvent(&events[i])
	}
}

// judge reads a body: how it is refused, if it is, and the events before
// what is to blame.
func (r *HECReceiver) judge(n int, body []byte) (refusal *HECAnswer, good []HECEvent) {
	switch {
	case len(body) == 0:
		return refuse(5, NoNumber), nil
	case r.opt.MaxBody > 0 && len(body) > r.opt.MaxBody:
		return &HECAnswer{Status: http.StatusRequestEntityTooLarge, Body: "request entity too large"}, nil
	case r.opt.CloudMaxBody > 0 && len(body) > r.opt.CloudMaxBody:
		return refuse(6, 0), nil
	}
	p := hecParser{request: n, indexes: r.opt.Indexes, refuse: r.opt.Refuse}
	code, number := p.parse(body)
	if code == 0 {
		return nil, p.events
	}
	if r.opt.Number != nil {
		number = r.opt.Number(number)
	}
	return refuse(code, number), p.events
}

func refuse(code, number int) *HECAnswer {
	a := HECError(http.StatusBadRequest, code, number)
	return &a
}

type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func readBody(req *http.Request) (body []byte, wire int, err error) {
	in := &counting{Reader: req.Body}
	switch req.Header.Get("Content-Encoding") {
	case "":
		whole := bytes.NewBuffer(make([]byte, 0, min(max(req.ContentLength, 0), 64<<20)+bytes.MinRead))
		_, err = whole.ReadFrom(in)
		body = whole.Bytes()
	case "gzip":
		var z *gzip.Reader
		if z, err = gzip.NewReader(in); err == nil {
			body, err = io.ReadAll(z)
		}
	default:
		err = fmt.Errorf("content encoding %q is not taken", req.Header.Get("Content-Encoding"))
	}
	return body, in.n, err
}
