package admin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sessionTime is how long a browser stays logged in: a night on call.
const sessionTime = 12 * time.Hour

// sessions says who has logged in. A cookie is a time and its signature with a
// key that ends with the process, so nothing is kept, and the token is not in it.
type sessions struct{ key [32]byte }

func newSessions() *sessions {
	s := &sessions{}
	_, _ = rand.Read(s.key[:]) // never fails
	return s
}

func (s *sessions) sign(expires string) string {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(expires))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *sessions) issue(now time.Time) string {
	expires := strconv.FormatInt(now.Add(sessionTime).Unix(), 10)
	return expires + "." + s.sign(expires)
}

func (s *sessions) has(r *http.Request, name string) bool {
	for _, c := range r.CookiesNamed(name) {
		expires, signature, _ := strings.Cut(c.Value, ".")
		n, err := strconv.ParseInt(expires, 10, 64)
		if err == nil && hmac.Equal([]byte(signature), []byte(s.sign(expires))) && time.Now().Unix() < n {
			return true
		}
	}
	return false
}

// cookieName has the port in it: cookies know none, and two programs on one
// machine would log each other out.
func (s *Server) cookieName() string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return "slswasm_" + port
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.Header.Get("X-Forwarded-Proto") == "https", // a proxy's word can only make it stricter
	})
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	if s.cfg.Token != "" && !s.isToken(strings.TrimSpace(r.PostForm.Get("token"))) {
		s.complain(r)
		s.showLogin(w, http.StatusUnauthorized, "This is not the token. It is the one of --admin-token or in the file of --admin-token-file.")
		return
	}
	s.setCookie(w, r, s.sessions.issue(time.Now()), int(sessionTime.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
