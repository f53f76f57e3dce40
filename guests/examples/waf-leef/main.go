// Command waf-leef is a guest of slswasm that writes the access logs of the Web
// Application Firewall as LEEF, for QRadar. README.md lists the attributes.
package main

import (
	"bytes"
	"strconv"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/payload"
	"github.com/slswasm/slswasm/guests/go/settings"
)

var (
	topic    = slswasm.Field("__topic__")
	action   = slswasm.Field("final_action")
	plugin   = slswasm.Field("final_plugin")
	status   = slswasm.Field("status")
	client   = slswasm.Field("real_client_ip")
	peer     = slswasm.Field("remote_addr")
	peerPort = slswasm.Field("remote_port")
	upstream = slswasm.Field("upstream_addr")
	https    = slswasm.Field("https")
	host     = slswasm.Field("host")
	path     = slswasm.Field("request_path")
	query    = slswasm.Field("querystring")
)

// attributes that are a field as it is, after those that are worked out.
var attributes = []struct {
	name  string
	field slswasm.Key
}{
	{"method", slswasm.Field("request_method")},
	{"status", status},
	{"bytesIn", slswasm.Field("request_length")},
	{"bytesOut", slswasm.Field("body_bytes_sent")},
	{"userAgent", slswasm.Field("http_user_agent")},
	{"referrer", slswasm.Field("http_referer")},
	{"ruleId", slswasm.Field("final_rule_id")},
	{"domain", slswasm.Field("matched_host")},
	{"accountId", slswasm.Field("user_id")},
	{"traceId", slswasm.Field("request_traceid")},
}

var (
	device     = payload.Device{Vendor: "Alibaba Cloud", Product: "WAF", Version: "3.0"}
	dropPassed bool
	leef       payload.LEEF
	buffer     []byte

	_ = slswasm.Name("waf-leef", "1.0.0")
	_ = slswasm.Configure(func(text []byte) error {
		dropPassed = false
		return settings.Read("waf-leef", text, settings.Object{"drop_passed": settings.Bool(&dropPassed)})
	})
	_ = slswasm.Handle(handle)
)

func main() {} // never called: the module is a library

func handle(l *slswasm.Log) {
	if l.GetString(topic) != "waf_access_log" {
		return
	}
	did := said(l, action)
	if did == nil && dropPassed {
		l.Drop()
		return
	}
	id, category := "access", "pass"
	if did != nil {
		id, category = "action", string(did)
		if p := said(l, plugin); p != nil {
			id = string(p)
		}
	}
	severity, syslog := rate(category, l.Get(status))

	leef.Begin(device, id)
	buffer = strconv.AppendInt(buffer[:0], l.Time().UnixMilli(), 10)
	leef.Add("devTime", buffer)
	leef.AddString("cat", category)
	leef.AddString("sev", severity)
	addresses(l)
	url(l)
	for _, a := range attributes {
		add(a.name, said(l, a.field))
	}
	l.Body(leef.Bytes())
	l.HEC().SourceType("leef")
	l.Syslog().AppName("waf").Severity(syslog)
}

// rate returns LEEF's severity, 1 to 10, and syslog's.
func rate(category string, status []byte) (string, slswasm.Severity) {
	switch {
	case category == "block":
		return "8", slswasm.Warning
	case category != "pass":
		return "5", slswasm.Notice
	case len(status) == 3 && status[0] == '5':
		return "3", slswasm.Informational
	}
	return "1", slswasm.Informational
}

// addresses adds the client, whose port is only known if no proxy is before
// it, and the server, the first that was tried.
func addresses(l *slswasm.Log) {
	src := said(l, client)
	if src == nil {
		src = said(l, peer)
	}
	add("src", src)
	if bytes.Equal(src, said(l, peer)) {
		add("srcPort", said(l, peerPort))
	}
	first, _, _ := bytes.Cut(said(l, upstream), []byte(","))
	if i := bytes.LastIndexByte(first, ':'); i > 0 {
		add("dst", bytes.Trim(first[:i], "[]"))
		add("dstPort", first[i+1:])
	}
}

// url adds the address that was asked for, if the host is known.
func url(l *slswasm.Log) {
	name := said(l, host)
	if name == nil {
		return
	}
	scheme := "http://"
	if l.GetString(https) == "on" {
		scheme = "https://"
	}
	buffer = append(append(buffer[:0], scheme...), name...)
	buffer = append(buffer, said(l, path)...)
	if q := said(l, query); q != nil {
		buffer = append(append(buffer, '?'), q...)
	}
	add("url", buffer)
}

// said is a field's value, nil if it says nothing.
func said(l *slswasm.Log, k slswasm.Key) []byte {
	v := l.Get(k)
	if len(v) == 0 || v[0] == '-' && len(v) == 1 {
		return nil
	}
	return v
}

func add(name string, value []byte) {
	if len(value) > 0 {
		leef.Add(name, value)
	}
}
