package sinktest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A HECAnswer is one answer of a HECReceiver's script.
type HECAnswer struct {
	Status  int
	Body    string
	Header  map[string]string
	Indexed int           // of the request's good events, so many are indexed all the same
	Early   bool          // answer before the body is read, and before the token is checked
	Raw     bool          // answer without a look at what the body holds: for measurements
	Delay   time.Duration // before the answer
	Fault   HECFault      // instead of the answer
}

// A HECFault is how an answer may fail.
type HECFault int

// The faults of a receiver.
const (
	HECAnswers  HECFault = iota // no fault
	HECReset                    // the connection is closed with a RST
	HECStall                    // no answer until the client gives up
	HECDrip                     // the body comes one byte at a time and does not end
	HECDripHead                 // so does the header
)

// NoNumber in HECError leaves invalid-event-number out.
const NoNumber = -1

// HECError is the answer with one of Splunk's codes and the number of the
// event that is to blame, as Splunk counts it.
func HECError(status, code, number int) HECAnswer {
	body := fmt.Sprintf(`{"text":%q,"code":%d`, hecTexts[code], code)
	if number != NoNumber {
		body += fmt.Sprintf(`,"invalid-event-number":%d`, number)
	}
	return HECAnswer{Status: status, Body: body + "}"}
}

// HECScript gives the first requests these answers, and lets the receiver do
// as Splunk does from then on.
func HECScript(answers ...HECAnswer) func(request int) *HECAnswer {
	return func(request int) *HECAnswer {
		if request < len(answers) {
			return &answers[request]
		}
		return nil
	}
}

// hecTexts are the words that go with Splunk's codes.
var hecTexts = map[int]string{
	0: "Success", 1: "Token disabled", 2: "Token is required", 3: "Invalid authorization", 4: "Invalid token",
	5: "No data", 6: "Invalid data format", 7: "Incorrect index", 8: "Internal server error", 9: "Server is busy",
	10: "Data channel is missing", 11: "Invalid data channel", 12: "Event field is required", 13: "Event field cannot be blank",
	14: "ACK is disabled", 15: "Error in handling indexed fields", 16: "Query string authorization is not enabled",
	17: "HEC is healthy", 18: "HEC is unhealthy, queues are full", 19: "HEC is unhealthy, ack service unavailable",
	20: "HEC is unhealthy, queues are full, ack service unavailable", 23: "Server is shutting down",
	26: "Queue is full", 27: "Ack channel is full", 28: "Data channel is missing",
}

func (a HECAnswer) write(ctx context.Context, w http.ResponseWriter) {
	if a.Delay > 0 {
		timer := time.NewTimer(a.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	switch a.Fault {
	case HECReset:
		reset(w)
	case HECStall:
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	case HECDrip:
		a.drip(ctx, w)
	case HECDripHead:
		dripHead(ctx, w)
	case HECAnswers:
		a.head(w)
		_, _ = w.Write([]byte(a.Body))
	}
}

func (a HECAnswer) head(w http.ResponseWriter) {
	for k, v := range a.Header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.Status)
}

func (a HECAnswer) drip(ctx context.Context, w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(1<<20))
	a.head(w)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
		case <-ctx.Done():
			panic(http.ErrAbortHandler)
		}
	}
}

func dripHead(ctx context.Context, w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	_, err = conn.Write([]byte("HTTP/1.1 200 OK\r\nX-Drip: "))
	for err == nil {
		select {
		case <-tick.C:
			_, err = conn.Write([]byte("x"))
		case <-ctx.Done():
			return
		}
	}
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
