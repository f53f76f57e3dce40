package admin

import (
	"embed"
	"io"
	"net/http"
	"path"
)

//go:embed web
var web embed.FS

// page shows the page to who is allowed, and the form to log in to others.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(r) {
		s.showLogin(w, http.StatusOK, "")
		return
	}
	s.render(w, http.StatusOK, "index.html", map[string]any{"Version": s.cfg.Version, "Tap": s.cfg.Tap != nil, "Login": s.cfg.Token != ""})
}

// showLogin shows the form, with what was wrong with the last one.
func (s *Server) showLogin(w http.ResponseWriter, status int, wrong string) {
	s.render(w, status, "login.html", wrong)
}

func (s *Server) render(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := s.pages.ExecuteTemplate(w, name, data); err != nil {
		s.cfg.Logger.Debug("the page could not be sent", "error", err) // the client is gone
	}
}

// asset sends what the pages are made of; the pages themselves are not among it.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind, known := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}[path.Ext(name)]
	f, err := web.Open("web/" + name)
	if err != nil || !known {
		http.NotFound(w, r)
		return
	}
	defer f.Close() //nolint:errcheck // it is only read
	w.Header().Set("Content-Type", kind)
	_, _ = io.Copy(w, f) // to a client that may be gone
}
