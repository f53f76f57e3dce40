package slstest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

const shardsURI = "/logstores/store/shards"

// The SDK's signers are the reference: what they sign is accepted, and
// nothing of it can be changed on the way.
func TestSignaturesOfTheSDK(t *testing.T) {
	s := newServer(t, 2)
	group := probe{method: "POST", uri: "/logstores/store/consumergroups", body: []byte(`{"consumerGroup":"g 1","timeout":60,"order":false}`)}
	group.ok(t, s)
	for _, v4 := range []bool{false, true} {
		for _, p := range []probe{
			{method: "GET", uri: "/"},
			{method: "GET", uri: shardsURI},
			{method: "GET", uri: shardsURI + "/0?type=cursor&from=begin"},
			{method: "GET", uri: "/logstores/store/consumergroups/g%201"},
			{method: "POST", uri: "/logstores/store/consumergroups/g%201?type=heartbeat&consumer=a+b%2Fc%26%7E%C3%BC*", body: []byte("[]")},
			{method: "GET", uri: shardsURI, header: map[string]string{"x-acs-extra": "a b", "x-log-extra": "1"}},
		} {
			p.v4 = v4
			p.ok(t, s)
			for name, edit := range map[string]func(*http.Request){
				"method": func(r *http.Request) { r.Method = "PUT" },
				"path":   func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/logstores", "" },
				"query":  func(r *http.Request) { r.URL.RawQuery += "&x=1" },
				"header": func(r *http.Request) { r.Header.Set("x-log-more", "1") },
				"acs":    func(r *http.Request) { r.Header.Set("x-acs-more", "1") },
				"type":   func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
			} {
				bad := p
				bad.edit = edit
				if status, code, _ := bad.do(t, s); status != 401 || code != codeSignatureNotMatch {
					t.Errorf("v4 %v %s %s with another %s: %d %s", v4, p.method, p.uri, name, status, code)
				}
			}
		}
	}
}

func TestAuthenticationErrors(t *testing.T) {
	set := func(k, v string) func(*http.Request) {
		return func(r *http.Request) {
			if r.Header.Set(k, v); v == "" {
				r.Header.Del(k)
			}
		}
	}
	tests := []struct {
		name   string
		v4     bool
		edit   func(*http.Request)
		status int
		code   string
	}{
		{"no signature", false, set("Authorization", ""), 401, codeUnauthorized},
		{"unknown scheme", false, set("Authorization", "Bearer x"), 401, codeUnauthorized},
		{"other id", false, set("Authorization", "LOG other:c2ln"), 401, codeInvalidAccessKeyID},
		{"other id, v4", true, set("Authorization", "SLS4-HMAC-SHA256 Credential=other/20260101/r/sls/aliyun_v4_request,Signature=00"), 401, codeInvalidAccessKeyID},
		{"wrong signature", false, set("Authorization", "LOG slstest-id:c2ln"), 401, codeSignatureNotMatch},
		{"no API version", false, set("x-log-apiversion", ""), 400, codeMissingAPIVersion},
		{"other API version", false, set("x-log-apiversion", "0.5.0"), 400, codeInvalidAPIVersion},
		{"no method", false, set("x-log-signaturemethod", ""), 400, codeMissingSignMethod},
		{"other method", false, set("x-log-signaturemethod", "hmac-md5"), 400, codeInvalidSignMethod},
		{"no date", false, set("Date", ""), 400, codeMissingDate},
		{"no date, v4", true, set("x-log-date", ""), 400, codeMissingDate},
		{"odd date", false, set("Date", "yesterday"), 400, codeInvalidDateFormat},
		{"old date", false, set("Date", "Thu, 01 Jan 2015 00:00:00 GMT"), 400, codeTimeTooSkewed},
		{"old date, v4", true, set("x-log-date", "20150101T000000Z"), 400, codeTimeTooSkewed},
		{"other digest, v4", true, set("x-log-content-sha256", strings.Repeat("0", 64)), 401, codeSignatureNotMatch},
		{"stray digest", true, set("Content-MD5", "0123"), 400, codePostBodyInvalid},
		{"stray token", true, set("x-acs-security-token", "t"), 401, codeSignatureNotMatch},
	}
	s := newServer(t, 1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			probe{method: "GET", uri: shardsURI, v4: tt.v4, edit: tt.edit}.fails(t, s, tt.status, tt.code)
		})
	}
}

func TestWrongSecret(t *testing.T) {
	s := newServer(t, 1)
	for _, version := range []sls.AuthVersionType{sls.AuthV1, sls.AuthV4} {
		c := sls.CreateNormalInterfaceV2(s.Endpoint(), sls.NewStaticCredentialsProvider(DefaultAccessKeyID, "wrong", ""))
		c.SetHTTPClient(s.InProcess())
		c.SetAuthVersion(version)
		c.SetRegion("cn-test")
		_, err := c.HeartBeat(proj, store, "g", "c", nil)
		if sdkError(err) != "401 SignatureNotMatch" {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestSecurityTokenAndRegion(t *testing.T) {
	s := newServer(t, 1, func(c *Config) { c.SecurityToken, c.Region = "token", "cn-test" })
	get := probe{method: "GET", uri: shardsURI}
	get.fails(t, s, 401, codeUnauthorized)
	get.header = map[string]string{"x-acs-security-token": "token"}
	get.ok(t, s)
	get.v4 = true
	get.ok(t, s)
	other := newServer(t, 1, func(c *Config) { c.Region = "cn-other" })
	probe{method: "GET", uri: shardsURI, v4: true}.fails(t, other, 401, codeSignatureNotMatch)
}

func TestSkewIsMeasuredByTheServersClock(t *testing.T) {
	now := time.Now()
	s := newServer(t, 1, func(c *Config) { c.Now = func() time.Time { return now } })
	at := now
	get := probe{method: "GET", uri: shardsURI, edit: func(*http.Request) { now = at.Add(16 * time.Minute) }}
	get.fails(t, s, 400, codeTimeTooSkewed)
	now = at
	get.edit = func(*http.Request) { now = at.Add(14 * time.Minute) }
	get.ok(t, s)
}

// pythonRequest signs as the Python SDK does: no port in Host, the path as it
// is, x-log-date added after signing, no x-log-bodyrawsize with a JSON body.
func pythonRequest(t testing.TB, s *Server, method, resource string, params [][2]string, header map[string]string, body []byte) *http.Request {
	t.Helper()
	h := map[string]string{"x-log-apiversion": "0.6.0", "x-log-signaturemethod": "hmac-sha1"}
	if body == nil {
		h["x-log-bodyrawsize"] = "0"
	}
	for k, v := range header {
		h[k] = v
	}
	date := s.cfg.Now().UTC().Format(http.TimeFormat)
	sum := ""
	if body != nil {
		sum = fmt.Sprintf("%X", md5.Sum(body))
	}
	text := method + "\n" + sum + "\n" + h["Content-Type"] + "\n" + date + "\n"
	var signed http.Header = map[string][]string{}
	for k, v := range h {
		signed.Set(k, v)
	}
	text += signedHeaders(signed, func(string) bool { return true }).lines() + resource
	r, err := http.NewRequest(method, "http://"+proj+"."+host+":80"+resource, strings.NewReader(string(body)))
	must(t, err)
	q := r.URL.Query()
	for i, p := range params { // given in sorted order
		text += map[bool]string{true: "?", false: "&"}[i == 0] + p[0] + "=" + p[1]
		q.Set(p[0], p[1])
	}
	r.URL.RawQuery = q.Encode()
	m := hmac.New(sha1.New, []byte(s.cfg.AccessKeySecret))
	m.Write([]byte(text))
	h["Authorization"] = "LOG " + s.cfg.AccessKeyID + ":" + base64.StdEncoding.EncodeToString(m.Sum(nil))
	h["Date"], h["x-log-date"] = date, date
	if sum != "" {
		h["Content-MD5"] = sum
	}
	for k, v := range h {
		r.Header.Set(k, v)
	}
	r.Host = proj + "." + host
	return r
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add("LOG id:c2lnbmF0dXJl")
	f.Add("SLS4-HMAC-SHA256 Credential=id/20260102/cn-test/sls/aliyun_v4_request,Signature=00ff")
	f.Add("SLS4-HMAC-SHA256 Credential=id/20260102//sls/aliyun_v4_request,Signature=")
	f.Add("LOG :")
	f.Fuzz(func(t *testing.T, header string) {
		a, ok := parseAuthorization(header)
		if !ok {
			return
		}
		want := "LOG " + a.id + ":" + a.signature
		if a.v4 {
			want = "SLS4-HMAC-SHA256 Credential=" + a.id + "/" + a.date + "/" + a.region + "/sls/aliyun_v4_request,Signature=" + a.signature
		}
		if want != header {
			t.Errorf("%q was read as %q", header, want)
		}
	})
}
