package slstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// InProcess returns a client whose requests come here by a function call,
// with no socket and no goroutine in between; it works without Start and
// inside a testing/synctest bubble. Any endpoint will do.
func (s *Server) InProcess() *http.Client { return &http.Client{Transport: inProcess{s}} }

type inProcess struct{ s *Server }

// ErrCut is what an in-process client sees of a connection that a fault cut.
var ErrCut = errors.New("slstest: connection cut by a fault")

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // a request's body, read or not
	}
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := &recorder{header: make(http.Header), length: -1}
	cutOff := rec.serve(t.s, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if rec.status == 0 && cutOff {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Redacted(), ErrCut)
	}
	body := io.Reader(&rec.body)
	if cutOff {
		body = io.MultiReader(body, failing{io.ErrUnexpectedEOF})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", rec.status, http.StatusText(rec.status)), StatusCode: rec.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(body), ContentLength: rec.length, Request: r,
	}, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	length int64
	body   bytes.Buffer
}

func (rec *recorder) serve(h http.Handler, r *http.Request) (cutOff bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
			rec.WriteHeader(http.StatusOK)
		case http.ErrAbortHandler:
			cutOff = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(rec, r)
	return false
}

func (rec *recorder) Header() http.Header { return rec.header }

func (rec *recorder) WriteHeader(status int) {
	if rec.status != 0 {
		return
	}
	rec.status = status
	if n, err := strconv.ParseInt(rec.header.Get("Content-Length"), 10, 64); err == nil {
		rec.length = n
	}
}

func (rec *recorder) Write(b []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	return rec.body.Write(b)
}
