package admin

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"strings"
)

// routes says what is where. Without the token there are the two probes, for a
// kubelet has none, and what the form to log in is made of.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /assets/{file}", s.asset)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	metrics := http.HandlerFunc(s.metrics)
	if s.cfg.OpenMetrics {
		mux.Handle("GET /metrics", metrics)
	} else {
		mux.Handle("GET /metrics", s.private(metrics))
	}
	mux.Handle("GET /api/state", s.private(http.HandlerFunc(s.state)))
	mux.Handle("GET /api/tap", s.private(http.HandlerFunc(s.tapEvents)))
	if s.cfg.Pprof { // without cmdline, which may hold secrets
		for path, handler := range map[string]http.HandlerFunc{
			"": pprof.Index, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
		} {
			mux.Handle("GET /debug/pprof/"+path, s.private(handler))
		}
	}
	return s.guard(mux)
}

// ready answers 200 or 503. Why it is not ready may name receivers and say
// what they said: that is for those who are allowed.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	reasons := []string{"starting"}
	if p := s.program.Load(); p != nil {
		reasons = nil
		if p.Reasons != nil {
			reasons = p.Reasons()
		}
	}
	if len(reasons) == 0 {
		text(w, http.StatusOK, "ready\n")
		return
	}
	if !s.allowed(r) {
		reasons = []string{"the page, and this address with the token, say why"}
	}
	text(w, http.StatusServiceUnavailable, "not ready\n"+strings.Join(reasons, "\n")+"\n")
}

func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	p := s.program.Load()
	if p == nil || p.Metrics == nil {
		starting(w)
		return
	}
	p.Metrics.ServeHTTP(w, r)
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	p := s.program.Load()
	if p == nil || p.State == nil {
		starting(w)
		return
	}
	body, err := json.Marshal(p.State())
	if err != nil {
		http.Error(w, "host fault: the state is no JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // to a client that may be gone
}

func starting(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "starting", http.StatusServiceUnavailable)
}

func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // to a client that may be gone
}
