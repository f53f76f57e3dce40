package hec

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestValidateSaysEverything(t *testing.T) {
	err := Config{
		Channel: "x", Event: "xml", MaxBody: -1, Timeout: -time.Second, AckTimeout: -time.Second, Concurrency: -1, Proxy: "p",
		CertFile: "c", CAFile: "a", SkipVerify: true,
	}.Validate()
	want := `--hec-url: missing (or --hec-host); for example https://splunk.example.com:8088
--hec-token: missing (or --hec-token-file); it is the token of Splunk's HTTP Event Collector
--hec-channel: "x" is not a UUID
--hec-event: "xml" is neither object nor string
--hec-max-body: -1 is negative
--hec-timeout: -1s is negative
--hec-ack-timeout: -1s is negative
--hec-concurrency: -1 is negative
--hec-proxy: want a URL such as http://proxy.example.com:3128, or none
--hec-cert and --hec-key: one of them is missing; they go together
--hec-verify=false and --hec-ca: with the first the second is not looked at; leave one out`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestURLs(t *testing.T) {
	for in, want := range map[string]string{
		"http://h:8088":                          "http://h:8088",
		"https://h/":                             "https://h",
		"https://h:8088/services/collector":      "https://h:8088",
		"https://h/services/collector/event/":    "https://h",
		"https://h/a/services/collector/event":   "https://h/a",
		"https://h/services/collector/event/1.0": "https://h",
		"https://proxy/splunk":                   "https://proxy/splunk",
		"http://[::1]:8088":                      "http://[::1]:8088",
		URL("h", 0, false):                       "http://h:8088",
		URL("::1", 1, true):                      "https://[::1]:1",
		URL("[::1]", 1, true):                    "https://[::1]:1",
		"h:8088":                                 "",
		"ftp://h":                                "",
		"http://":                                "",
		"http://user:secret@h":                   "",
		"http://h/?token=x":                      "",
		"https://h/services/collector/raw":       "",
		"http://h:port":                          "",
		"://":                                    "",
	} {
		base, err := Config{URL: in}.base()
		switch {
		case want == "" && (err == nil || !strings.HasPrefix(err.Error(), "--hec-url: ") || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: error %v", in, err)
		case want != "" && (err != nil || base.String() != want):
			t.Errorf("%s: %v, %v, want %s", in, base, err, want)
		}
	}
}

func TestURLFaults(t *testing.T) {
	for in, want := range map[string]string{
		"127.0.0.1:8088":          `--hec-url: "127.0.0.1:8088": want http:// or https:// before it`,
		"splunk:8088":             `--hec-url: "splunk:8088": want http:// or https:// before it`,
		"splunk.example.com":      `--hec-url: "splunk.example.com": want http:// or https:// before it`,
		"http://h:port":           `--hec-url: "http://h:port": invalid port ":port" after host`,
		"ftp://h":                 `--hec-url: "ftp://h" does not look like https://host:8088`,
		"https://u:secret@h/p?a":  "--hec-url: more than a host, a port and a path; leave out what is beside https://h/p",
		"https://h/?token=secret": "--hec-url: more than a host, a port and a path; leave out what is beside https://h/",
	} {
		if _, err := (Config{URL: in}).base(); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", in, err, want)
		}
	}
}

// A password makes many a URL unparsable: no message shows any of it.
func TestURLFaultsShowNoPassword(t *testing.T) {
	for _, in := range []string{
		"https://u:secret@h", "https://u:sec%ret@h", "https://u:sec ret@h:8088", "https://u:secret#x@h", "https://u:secret/x@h:8088",
		"https://u:sec?ret@h", "u:secret@h:8088", "//u:secret@h", "ftp://u:secret@h", "https://u:secret@h:port", "https://u:secret@",
		"https://h:port?token=secret", "https://h?token=secret", "h:8088?token=secret", "https://u:secret@h\n",
	} {
		_, err := Config{URL: in}.base()
		if err == nil || strings.Contains(err.Error(), "sec") || !strings.HasPrefix(err.Error(), "--hec-url: ") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestTokenCannotMakeHeaders(t *testing.T) {
	if err := (Config{URL: "http://h", Token: "a\r\nX: y"}).Validate(); err == nil {
		t.Error("a token with a line break is taken")
	}
}

// What is meant for TLS is not passed over without it.
func TestTLSSettingsWithoutTLS(t *testing.T) {
	all := Config{URL: "http://h", Token: "t", CAFile: "a", CertFile: "c", KeyFile: "k", ServerName: "s"}
	want := `--hec-ca: it is for https, and --hec-url begins with http://; change one of them
--hec-cert: it is for https, and --hec-url begins with http://; change one of them
--hec-key: it is for https, and --hec-url begins with http://; change one of them
--hec-server-name: it is for https, and --hec-url begins with http://; change one of them`
	if err := all.Validate(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	all.URL = "https://h"
	if err := all.Validate(); err != nil {
		t.Error(err)
	}
}

func TestOneTokenIsEnough(t *testing.T) {
	err := Config{URL: "http://h", Token: "t", TokenFile: "f"}.Validate()
	if want := "--hec-token and --hec-token-file: give one of them"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Config{URL: "https://h", Token: "t", CAFile: junk, CertFile: junk, KeyFile: junk}, quiet())
	if err == nil || !strings.Contains(err.Error(), "--hec-ca: "+junk+" holds no PEM certificate\n--hec-cert, --hec-key: ") {
		t.Errorf("error %v", err)
	}
	_, err = New(Config{URL: "https://h", Token: "t", CAFile: junk + "x"}, quiet())
	if err == nil || !strings.HasPrefix(err.Error(), "--hec-ca: open ") {
		t.Errorf("error %v", err)
	}
}

func TestUnencryptedIsTold(t *testing.T) {
	for url, told := range map[string]bool{
		"http://splunk:8088": true, "https://splunk:8088": false, "http://127.0.0.1:8088": false, "http://[::1]:8088": false, "http://localhost": false,
	} {
		var log strings.Builder
		s, err := New(Config{URL: url, Token: "t"}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "unencrypted"); got != told {
			t.Errorf("%s: %q", url, log.String())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
