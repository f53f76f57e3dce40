package oplog

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

const secret = `pa/ss"wörd&<1>`

type holder struct {
	Name  string
	Inner map[string]any
	key   string
}

func TestNoSecretPasses(t *testing.T) {
	wrapped := fmt.Errorf("post %q: %w", "https://h/?t="+url.QueryEscape(secret), errors.New("token "+secret+" refused"))
	for name, say := range map[string]func(*slog.Logger){
		"message": func(l *slog.Logger) { l.Info("it is " + secret) },
		"key":     func(l *slog.Logger) { l.Info("x", secret, 1) },
		"text":    func(l *slog.Logger) { l.Info("x", "v", "a "+secret+" b") },
		"error":   func(l *slog.Logger) { l.Error("x", "error", wrapped) },
		"URL": func(l *slog.Logger) {
			l.Info("x", "url", &url.URL{Scheme: "https", User: url.UserPassword("u", secret), Host: "h"})
		},
		"path":          func(l *slog.Logger) { l.Info("x", "url", "http://h/"+url.PathEscape(secret)) },
		"quoted":        func(l *slog.Logger) { l.Info("x", "v", fmt.Sprintf("%q", secret)) },
		"struct":        func(l *slog.Logger) { l.Info("x", "v", holder{"a", map[string]any{"t": []string{secret}}, secret}) },
		"pointer":       func(l *slog.Logger) { l.Info("x", "v", &holder{Name: secret}) },
		"list":          func(l *slog.Logger) { l.Info("x", "v", []string{secret}) },
		"group":         func(l *slog.Logger) { l.Info("x", slog.Group("g", "v", secret)) },
		"name of group": func(l *slog.Logger) { l.WithGroup(secret).Info("x", "v", 1) },
		"With":          func(l *slog.Logger) { l.With("v", secret).WithGroup("g").With("w", secret).Info("x", "y", 1) },
		"LogValuer":     func(l *slog.Logger) { l.Info("x", "v", valuer{}) },
		"held back":     func(l *slog.Logger) { l.Info("x", "reason", secret); l.Info("x", "reason", secret) },
	} {
		var p, plain page
		var s Secrets
		h := New(&s, slog.NewJSONHandler(&p, nil), slog.NewTextHandler(&plain, nil))
		Hide(slog.New(h), secret)
		say(slog.New(h))
		h.Close()
		p.lines(t)
		for _, text := range []string{p.text(), plain.text()} {
			for _, spelling := range spellings(secret) {
				if strings.Contains(text, spelling) {
					t.Errorf("%s: %s", name, text)
				}
			}
			if !strings.Contains(text, masked) {
				t.Errorf("%s: nothing is masked: %s", name, text)
			}
		}
	}
}

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.AnyValue([]byte(secret)) }

// A secret that is known only after With is hidden, too.
func TestLateSecret(t *testing.T) {
	p, h, log := newLog()
	defer h.Close()
	log = log.With("url", "http://h/late-secret")
	Hide(log, "late-secret")
	log.Info("x")
	if strings.Contains(p.text(), "late-secret") {
		t.Error(p.text())
	}
	Hide(slog.Default(), "x") // has nowhere to put it
	Rotate(slog.Default(), "x", "y")
}

func TestSecretsThatRotate(t *testing.T) {
	var s Secrets
	s.Hide("static", "abc", "")
	for n := range 100 {
		s.Rotate("role", fmt.Sprintf("key-%03d", n), fmt.Sprintf("token-%03d", n))
		s.Rotate("role", fmt.Sprintf("key-%03d", n), fmt.Sprintf("token-%03d", n))
	}
	if got := s.Mask("static key-099 token-099 key-092 key-091 abc"); got != "*** *** *** *** key-091 abc" {
		t.Error(got)
	}
}

func TestPlacesOfSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"Get \"http://user:pass@host:80/x\": refused":                  "Get \"http://user:***@host:80/x\": refused",
		"https://host:8088/services/collector":                         "https://host:8088/services/collector",
		"Authorization: Splunk 11111111-2222-3333-4444-555555555555":   "Authorization: Splunk ***",
		"authorization: LOG id:abcdefghijklmnopqrstuvwxyz=":            "authorization: LOG ***",
		"http://h/?security_token=abc&x=1 password=hunter2, and":       "http://h/?security_token=***&x=1 password=***, and",
		`{"SecurityToken": "abc.def", "AccessKeySecret":"ghi", "n":1}`: `{"SecurityToken": "***", "AccessKeySecret":"***", "n":1}`,
		"check --hec-token: the token is refused":                      "check --hec-token: the token is refused",
		"Splunk is not reachable":                                      "Splunk is not reachable",
	} {
		if got := new(Secrets).Mask(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// What masking makes new secrets of, again and again, is masked as a whole.
func TestMaskGivesUp(t *testing.T) {
	var s Secrets
	s.Hide("bbbb", "***a")
	if got := s.Mask("before bbbb" + strings.Repeat("a", 1000)); got != masked {
		t.Error(got)
	}
}

// Nothing that is known passes, whatever surrounds it.
func FuzzMask(f *testing.F) {
	f.Add("s3cret-key", "token", "a s3cret-key, a token and tokens3cret-key")
	f.Add("aaaa", "aaaaaa", "aaaaaaaaaaaaaaa")
	f.Add("abcd", "cdef", "ababcdcdef")
	f.Add(`q"uo\te`, "****", `"q\"uo\\te" **** q%22uo%5Cte`)
	f.Add("a***b", "cccc", "acccb acccccb a***b")
	f.Add("=***", "token=***x", "token=zzzzx")
	f.Fuzz(func(t *testing.T, one, two, text string) {
		var s Secrets
		s.Hide(one, two)
		text += one + two
		var p page
		h := New(&s, slog.NewJSONHandler(&p, nil))
		slog.New(h).With("v", text).Error(text, "error", errors.New(text), "list", []string{text}, "quoted", fmt.Sprintf("%q", text))
		h.Close()
		p.lines(t)
		for _, v := range []string{one, two} {
			if len(v) < leastLong {
				continue
			}
			if got := s.Mask(text); strings.Contains(got, v) {
				t.Errorf("%q is in %q, which was %q", v, got, text)
			}
			for _, line := range p.lines(t) {
				for _, value := range []string{line["msg"].(string), line["v"].(string), line["error"].(string), fmt.Sprint(line["list"])} {
					if strings.Contains(value, v) {
						t.Errorf("%q is in %q", v, value)
					}
				}
			}
		}
	})
}

// What a line costs that is held back.
func BenchmarkHandle(b *testing.B) {
	var s Secrets
	s.Hide("11111111-2222-3333-4444-555555555555", "a-secret-of-thirty-characters..", "another")
	h := New(&s, slog.NewJSONHandler(&page{}, nil))
	defer h.Close()
	log := slog.New(h).With("project", "p", "logstore", "l", "group", "g")
	for b.Loop() {
		log.Warn("an event is refused for good and goes to the dead letters", "sink", "hec", "reason", "the receiver answered 400: invalid data format", "shard", 3, "cursor", "MTc5NTI5OTM4Mjk3NDgzMTIyMQ==", "log", 17)
	}
}
