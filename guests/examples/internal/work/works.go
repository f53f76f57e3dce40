package main

import (
	"encoding/json"
	"regexp"
	"strconv"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/jsonscan"
	"github.com/slswasm/slswasm/guests/go/mask"
	"github.com/slswasm/slswasm/guests/go/payload"
)

// parse makes a tree of the message, as the standard library does, and counts
// what hangs on it.
func parse(l *slswasm.Log, message []byte) error {
	var tree any
	if err := json.Unmarshal(message, &tree); err != nil {
		return err
	}
	l.SetString(result, strconv.Itoa(leaves(tree)))
	return nil
}

func leaves(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			n += leaves(e)
		}
	case []any:
		for _, e := range v {
			n += leaves(e)
		}
	default:
		n = 1
	}
	return n
}

// rules are of the kinds that watch for secrets and attacks.
var rules = []*regexp.Regexp{
	regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`),
	regexp.MustCompile(`[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}`),
	regexp.MustCompile(`LTAI[A-Za-z0-9]{12,20}`),
	regexp.MustCompile(`(?i)(password|passwd|secret)["' :=]+[^"' ,}]+`),
	regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
	regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`),
	regexp.MustCompile(`(GET|POST|PUT|DELETE) /[^ "]* HTTP/1\.[01]`),
	regexp.MustCompile(`(\.\./){2,}|%2e%2e%2f`),
	regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+`),
	regexp.MustCompile(`(?i)union\s+select|or\s+1\s*=\s*1`),
}

// match says which of ten regular expressions match.
func match(l *slswasm.Log, message []byte) error {
	hits := make([]byte, 0, 10)
	for i, rule := range rules {
		if rule.Match(message) {
			hits = append(hits, '0'+byte(i))
		}
	}
	l.Set(result, hits)
	return nil
}

var (
	masker = mask.New(mask.Options{Emails: true})
	masked []byte
)

// hide masks e-mail addresses.
func hide(l *slswasm.Log, message []byte) error {
	masked, _ = masker.Append(masked[:0], message)
	l.Set(result, masked)
	return nil
}

var cef payload.CEF

// write makes a CEF extension of each member of the message.
func write(l *slswasm.Log, message []byte) error {
	cef.Begin(payload.Device{Vendor: "Example", Product: "shop", Version: "1"}, "order", "order placed", 3)
	var value []byte
	for key, v := range jsonscan.Members(message) {
		value = v.Text(value[:0])
		cef.Add(jsonscan.View(key), value)
	}
	l.Body(cef.Bytes())
	return nil
}
