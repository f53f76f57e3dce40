package perf

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// An Arrival is what a receiver has got since it was last asked.
type Arrival struct {
	Requests uint64 `json:"requests"` // or connections
	Events   uint64 `json:"events"`
	Wire     uint64 `json:"wire"` // bytes as they came
}

// A receiver takes events as a HEC and as a syslog server, and only counts
// them: it looks at line ends and at lengths, so that what is measured has the
// machine nearly to itself.
type receiver struct {
	mu    sync.Mutex
	sum   Arrival
	zips  sync.Pool // of *gzip.Reader
	bufs  sync.Pool // of *[]byte
	conns sync.WaitGroup
}

// Receive is the program that events go to: POST to /services/collector and
// octet-counted frames over TCP. GET /arrivals answers with an Arrival and
// begins a new one.
func Receive(ctx context.Context, out io.Writer) error {
	r := &receiver{}
	r.bufs.New = func() any { b := make([]byte, 256<<10); return &b }
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, web.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services/collector/health", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"text":"HEC is healthy","code":17}`)
	})
	mux.HandleFunc("POST /services/collector/event", r.collect)
	mux.HandleFunc("GET /arrivals", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(r.take())
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	r.conns.Go(func() { _ = server.Serve(web) })
	r.conns.Go(func() { r.accept(ctx, stream) })
	err = json.NewEncoder(out).Encode(Ready{Address: web.Addr().String(), Syslog: stream.Addr().String()})
	if err == nil {
		<-ctx.Done()
	}
	err = errors.Join(err, server.Close(), stream.Close())
	r.conns.Wait()
	return err
}

func (r *receiver) add(a Arrival) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Requests += a.Requests
	r.sum.Events += a.Events
	r.sum.Wire += a.Wire
}

func (r *receiver) take() Arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.sum
	r.sum = Arrival{}
	return a
}

// collect counts the line ends of a body: one for each envelope.
func (r *receiver) collect(w http.ResponseWriter, req *http.Request) {
	buf := r.bufs.Get().(*[]byte)
	defer r.bufs.Put(buf)
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, _ := r.zips.Get().(*gzip.Reader)
		if z == nil {
			z = new(gzip.Reader)
		}
		defer r.zips.Put(z)
		if err := z.Reset(body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	a := Arrival{Requests: 1, Wire: uint64(max(req.ContentLength, 0))}
	for {
		n, err := body.Read(*buf)
		a.Events += uint64(bytes.Count((*buf)[:n], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	r.add(a)
	_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
}

func (r *receiver) accept(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // closed
		}
		r.conns.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			defer conn.Close() //nolint:errcheck // it was only read
			r.add(frames(bufio.NewReaderSize(conn, 256<<10)))
		})
	}
}

// frames counts octet-counted messages (RFC 6587, section 3.4.1) to the end of
// the connection, or to what is no frame.
func frames(in *bufio.Reader) Arrival {
	a := Arrival{Requests: 1}
	for {
		size := 0
		for {
			c, err := in.ReadByte()
			if err != nil {
				return a
			}
			a.Wire++
			if c == ' ' {
				break
			}
			if c < '0' || c > '9' || size > 1<<24 {
				return a
			}
			size = 10*size + int(c-'0')
		}
		n, err := in.Discard(size)
		a.Wire += uint64(n)
		if err != nil {
			return a
		}
		a.Events++
	}
}

// arrivals asks a receiver what it has got.
func arrivals(ctx context.Context, r Ready) (a Arrival, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Address+"/arrivals", nil)
	if err != nil {
		return a, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, fmt.Errorf("asking the receiver: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	return a, json.NewDecoder(resp.Body).Decode(&a)
}
