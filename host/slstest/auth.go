package slstest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	schemeV1   = "LOG"
	schemeV4   = "SLS4-HMAC-SHA256"
	product    = "sls"
	v4Suffix   = "aliyun_v4_request"
	v4Key      = "aliyun_v4"
	v4Time     = "20060102T150405Z"
	apiVersion = "0.6.0"
)

// An authorization is a parsed Authorization header.
type authorization struct {
	id, signature string
	v4            bool
	date, region  string // version 4 only
}

// parseAuthorization reads "LOG <id>:<base64>" and "SLS4-HMAC-SHA256
// Credential=<id>/<date>/<region>/sls/aliyun_v4_request,Signature=<hex>".
func parseAuthorization(header string) (authorization, bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	switch scheme {
	case schemeV1:
		id, signature, ok := strings.Cut(rest, ":")
		return authorization{id: id, signature: signature}, ok && id != "" && signature != ""
	case schemeV4:
		credential, signature, ok := strings.Cut(rest, ",Signature=")
		credential, found := strings.CutPrefix(credential, "Credential=")
		part := strings.Split(credential, "/")
		if !ok || !found || len(part) != 5 || part[3] != product || part[4] != v4Suffix {
			return authorization{}, false
		}
		a := authorization{id: part[0], signature: signature, v4: true, date: part[1], region: part[2]}
		return a, a.id != "" && signature != "" && len(a.date) == 8 && a.region != ""
	}
	return authorization{}, false
}

// authenticate checks what the service checks of every request before it
// looks at what is asked: API version, date, key, signature, token, digest.
func (s *Server) authenticate(r *http.Request, body []byte) error {
	switch v := r.Header.Get("x-log-apiversion"); v {
	case apiVersion:
	case "":
		return failure(400, codeMissingAPIVersion, "x-log-apiversion does not exist in http header.")
	default:
		return failure(400, codeInvalidAPIVersion, "x-log-apiversion %q is unsupported: want %s", v, apiVersion)
	}
	a, ok := parseAuthorization(r.Header.Get("Authorization"))
	switch {
	case !ok:
		return failure(401, codeUnauthorized, "the Authorization header is missing or is no signature of version 1 or 4")
	case a.id != s.cfg.AccessKeyID:
		return failure(401, codeInvalidAccessKeyID, "the access key id %q does not exist", a.id)
	}
	if err := s.checkSignature(r, a, body); err != nil {
		return err
	}
	if !hmac.Equal([]byte(r.Header.Get("x-acs-security-token")), []byte(s.cfg.SecurityToken)) {
		return failure(401, codeUnauthorized, "x-acs-security-token is not the one that belongs to this key")
	}
	if sum := r.Header.Get("Content-MD5"); sum != "" && sum != fmt.Sprintf("%X", md5.Sum(body)) {
		return failure(400, codePostBodyInvalid, "Content-MD5 %q is not the digest of the body", sum)
	}
	return nil
}

func (s *Server) checkSignature(r *http.Request, a authorization, body []byte) error {
	if a.v4 {
		return s.checkV4(r, a, body)
	}
	switch v := r.Header.Get("x-log-signaturemethod"); v {
	case "hmac-sha1":
	case "":
		return failure(400, codeMissingSignMethod, "x-log-signaturemethod does not exist in http header.")
	default:
		return failure(400, codeInvalidSignMethod, "signature method %q is unsupported: want hmac-sha1", v)
	}
	date := r.Header.Get("Date")
	if date == "" { // the Python SDK repeats it here, for proxies that drop Date
		date = r.Header.Get("x-log-date")
	}
	if err := s.checkDate(date, http.TimeFormat); err != nil {
		return err
	}
	want := base64.StdEncoding.EncodeToString(mac(sha1.New, []byte(s.cfg.AccessKeySecret), textV1(r, date)))
	if !hmac.Equal([]byte(want), []byte(a.signature)) {
		return notMatched(a)
	}
	return nil
}

func (s *Server) checkDate(date, layout string) error {
	if date == "" {
		return failure(400, codeMissingDate, "Date does not exist in http header.")
	}
	t, err := time.Parse(layout, date)
	if err != nil {
		return failure(400, codeInvalidDateFormat, "date %q is not of the form %s", date, layout)
	}
	now := s.cfg.Now()
	if skew := now.Sub(t).Abs(); s.cfg.MaxSkew > 0 && skew > s.cfg.MaxSkew {
		return failure(400, codeTimeTooSkewed, "request time %s and server time %s are %s apart: at most %s",
			t.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339), skew.Round(time.Second), s.cfg.MaxSkew)
	}
	return nil
}

func notMatched(a authorization) error {
	return failure(401, codeSignatureNotMatch, "signature %s is not matched", a.signature)
}

// textV1 is what a version 1 signature signs.
func textV1(r *http.Request, date string) string {
	return strings.Join([]string{
		r.Method,
		r.Header.Get("Content-MD5"),
		r.Header.Get("Content-Type"),
		date,
		// x-log-date is added after signing, so it is not part of the text.
		signedHeaders(r.Header, func(k string) bool { return k != "x-log-date" }).lines() + resourceV1(r.URL),
	}, "\n")
}

func resourceV1(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	var b strings.Builder
	b.WriteString(u.EscapedPath())
	sep := byte('?')
	for _, p := range sortedQuery(u) {
		b.WriteByte(sep)
		for _, v := range p.values {
			b.WriteString(p.key + "=" + v)
		}
		sep = '&'
	}
	return b.String()
}

func (s *Server) checkV4(r *http.Request, a authorization, body []byte) error {
	date := r.Header.Get("x-log-date")
	if err := s.checkDate(date, v4Time); err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	switch {
	case !strings.HasPrefix(date, a.date):
		return failure(401, codeSignatureNotMatch, "x-log-date %s is not of the day %s that the credential names", date, a.date)
	case s.cfg.Region != "" && a.region != s.cfg.Region:
		return failure(401, codeSignatureNotMatch, "the signature names region %q: this is %q", a.region, s.cfg.Region)
	case r.Header.Get("x-log-content-sha256") != digest:
		return failure(401, codeSignatureNotMatch, "x-log-content-sha256 is not the digest of the body")
	}
	scope := strings.Join([]string{a.date, a.region, product, v4Suffix}, "/")
	key := []byte(v4Key + s.cfg.AccessKeySecret)
	for _, part := range []string{a.date, a.region, product, v4Suffix} {
		key = mac(sha256.New, key, part)
	}
	// A request line with a whole URL replaces the Host header, and clients
	// that write a port in the one leave it out of the other.
	for _, host := range []string{r.Host, withoutPort(r.Host)} {
		sum := sha256.Sum256([]byte(canonicalV4(r, host, digest)))
		text := strings.Join([]string{schemeV4, date, scope, hex.EncodeToString(sum[:])}, "\n")
		if hmac.Equal([]byte(hex.EncodeToString(mac(sha256.New, key, text))), []byte(a.signature)) {
			return nil
		}
	}
	return notMatched(a)
}

// canonicalV4 is the request as a version 4 signature sees it.
func canonicalV4(r *http.Request, host, digest string) string {
	var query []string
	for _, p := range sortedQuery(r.URL) {
		if v := p.values[0]; v == "" {
			query = append(query, p.key)
		} else {
			query = append(query, p.key+"="+strings.ReplaceAll(url.QueryEscape(v), "+", "%20"))
		}
	}
	headers := signedHeaders(r.Header, func(k string) bool { return !strings.HasPrefix(k, "x-log-meta-") })
	headers = append(headers, pair{"host", []string{host}})
	if v := r.Header.Values("Content-Type"); len(v) > 0 {
		headers = append(headers, pair{"content-type", v})
	}
	headers.sort()
	return strings.Join([]string{
		r.Method, r.URL.EscapedPath(), strings.Join(query, "&"), headers.lines(), headers.names(), digest,
	}, "\n")
}

type pair struct {
	key    string
	values []string
}

type pairs []pair

func (ps pairs) sort() {
	slices.SortFunc(ps, func(a, b pair) int { return strings.Compare(a.key, b.key) })
}

func (ps pairs) lines() string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.key + ":" + strings.TrimSpace(strings.Join(p.values, ",")) + "\n")
	}
	return b.String()
}

func (ps pairs) names() string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.key
	}
	return strings.Join(names, ";")
}

// signedHeaders returns the x-log-* and x-acs-* headers that keep admits,
// sorted by name.
func signedHeaders(h http.Header, keep func(string) bool) pairs {
	var out pairs
	for k, v := range h {
		k = strings.ToLower(k)
		if (strings.HasPrefix(k, "x-log-") || strings.HasPrefix(k, "x-acs-")) && keep(k) {
			out = append(out, pair{k, v})
		}
	}
	out.sort()
	return out
}

func sortedQuery(u *url.URL) pairs {
	var out pairs
	for k, v := range u.Query() {
		out = append(out, pair{k, v})
	}
	out.sort()
	return out
}

func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
