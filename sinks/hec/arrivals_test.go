package hec

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// arrivals is where the collector's own exporter delivers: a receiver of
// OTLP/HTTP in JSON (opentelemetry.io/docs/specs/otlp) that keeps the logs.
type arrivals struct {
	server *httptest.Server

	mu   sync.Mutex
	logs []otlpLog
	hook func(req *http.Request, keep func()) // nil: keep
}

func startArrivals(t *testing.T) *arrivals {
	t.Helper()
	a := new(arrivals)
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

func (a *arrivals) url() string { return a.server.URL }

// ServeHTTP implements http.Handler. An answer with 200 is what the
// collector's own answer, and its acknowledgement, follow from.
func (a *arrivals) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var batch otlpBatch
	if err := json.NewDecoder(req.Body).Decode(&batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	keep := sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.logs = append(a.logs, batch.logs()...)
	})
	a.mu.Lock()
	hook := a.hook
	a.mu.Unlock()
	if hook != nil {
		hook(req, keep)
	} else {
		keep()
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{}"))
}

// onArrival sets the hook: it decides when, and whether, a request is kept.
func (a *arrivals) onArrival(hook func(req *http.Request, keep func())) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hook = hook
}

// all returns the logs in order of arrival.
func (a *arrivals) all() []otlpLog {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]otlpLog(nil), a.logs...)
}

// The messages of opentelemetry-proto's logs/v1, as far as HEC events use them.
type (
	otlpBatch struct {
		ResourceLogs []struct {
			Resource  struct{ Attributes []otlpField }
			ScopeLogs []struct{ LogRecords []otlpLog }
		}
	}
	otlpLog struct {
		TimeUnixNano string
		Body         otlpValue
		Attributes   []otlpField
	}
	otlpField struct {
		Key   string
		Value otlpValue
	}
	otlpValue struct {
		StringValue *string
		BoolValue   *bool
		IntValue    *json.Number
		DoubleValue *json.Number
		ArrayValue  *struct{ Values []otlpValue }
		KvlistValue *struct{ Values []otlpField }
	}
)

// logs are all records with the attributes of their resources.
func (b *otlpBatch) logs() []otlpLog {
	var all []otlpLog
	for _, r := range b.ResourceLogs {
		for _, s := range r.ScopeLogs {
			for _, l := range s.LogRecords {
				l.Attributes = append(l.Attributes, r.Resource.Attributes...)
				all = append(all, l)
			}
		}
	}
	return all
}

// json is the value as encoding/json has it.
func (v otlpValue) json() any {
	switch {
	case v.StringValue != nil:
		return *v.StringValue
	case v.BoolValue != nil:
		return *v.BoolValue
	case v.IntValue != nil:
		return *v.IntValue
	case v.DoubleValue != nil:
		return *v.DoubleValue
	case v.ArrayValue != nil:
		list := []any{}
		for _, item := range v.ArrayValue.Values {
			list = append(list, item.json())
		}
		return list
	case v.KvlistValue != nil:
		return object(v.KvlistValue.Values)
	}
	return nil
}

func object(fields []otlpField) map[string]any {
	m := map[string]any{}
	for _, f := range fields {
		m[f.Key] = f.Value.json()
	}
	return m
}
