package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// headers are in every answer. The page brings all that it needs: nothing is
// loaded from elsewhere, framed, cached or run that is not a file of ours.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// guard stands before every route.
func (s *Server) guard(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next) // what changes something comes from our own page
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		// A name that somebody lets point to this machine would make his page
		// one of ours, for the browser.
		if s.loopback && !isLoopback(r.Host) {
			http.Error(w, "this address answers to localhost and to its number only", http.StatusMisdirectedRequest)
			return
		}
		// Other sites may link to the page, and use nothing of it.
		if site := r.Header.Get("Sec-Fetch-Site"); (site == "cross-site" || site == "same-site") && r.URL.Path != "/" {
			http.Error(w, "asked for by a page of another site", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether the host of a request means this machine.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// allowed reports whether the request carries the token, or the cookie of one
// who did.
func (s *Server) allowed(r *http.Request) bool {
	if s.cfg.Token == "" {
		return true
	}
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return s.isToken(strings.TrimSpace(token))
	}
	return s.sessions.has(r, s.cookieName())
}

// isToken takes the same time for every wrong token.
func (s *Server) isToken(given string) bool {
	want, got := sha256.Sum256([]byte(s.cfg.Token)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// private lets in who is allowed.
func (s *Server) private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.allowed(r) {
			s.refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	s.complain(r)
	w.Header().Set("WWW-Authenticate", `Bearer realm="slswasm"`)
	http.Error(w, "needs the token of --admin-token: Authorization: Bearer TOKEN, or log in on the page at /", http.StatusUnauthorized)
}

func (s *Server) complain(r *http.Request) {
	s.refused.Do(func() {
		s.cfg.Logger.Warn("somebody asked without the right token", "path", r.URL.Path, "from", r.RemoteAddr)
	})
}
