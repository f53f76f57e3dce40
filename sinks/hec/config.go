package hec

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Defaults of a Config's zero values.
const (
	DefaultPort    = 8088
	DefaultTimeout = 120 * time.Second
	// DefaultMaxBody is what every Splunk takes: Splunk Cloud's documented
	// limit, and that of old versions of Splunk Enterprise.
	DefaultMaxBody = 1_000_000
	// DefaultAckTimeout is what other senders use: an indexer that
	// replicates may take minutes.
	DefaultAckTimeout  = 300 * time.Second
	DefaultConcurrency = 16
)

// How the fields of a log become the event.
const (
	EventObject = "object" // an object
	EventString = "string" // a string that holds the text of that object
)

// DefaultNest is the documented case: ActionTrail delivers its JSON as text.
func DefaultNest() []string { return []string{"actiontrail_audit_event"} }

// A Config is where the events go and what is said of them. The flags in the
// comments are those that messages name. Zero values are the defaults.
type Config struct {
	URL     string // --hec-url: http(s)://host[:port][/prefix], see URL
	Token   string // --hec-token
	Channel string // --hec-channel: UUID, for a token that asks for one; with Ack, the first channel

	TokenFile string // --hec-token-file: in place of Token; read again when the receiver refuses it

	Ack        bool          // --hec-ack: delivered means acknowledged by the indexer
	AckTimeout time.Duration // --hec-ack-timeout: then it is sent again

	// What the envelope says when a guest does not; empty ones are left out.
	Index, Source, SourceType, Host string

	Event string   // --hec-event: EventObject (the default) or EventString
	Nest  []string // topics whose field "event" is parsed when it is JSON; none when empty

	MaxBody int           // --hec-max-body: bytes of a request before compression; an event that is larger goes alone
	Gzip    bool          // --hec-gzip: off by default, as in the documented scripts; worth its CPU time over a WAN
	Timeout time.Duration // --hec-timeout: of one request, from dialling to the end of the answer

	Concurrency int    // --hec-concurrency: requests at once, at the most; fewer while the receiver has too much
	Proxy       string // --hec-proxy: URL, or NoProxy; "": as the environment says

	CAFile     string // --hec-ca: PEM, in place of the system's authorities
	CertFile   string // --hec-cert: PEM, the client's certificate
	KeyFile    string // --hec-key: PEM, its key
	ServerName string // --hec-server-name: in the server's certificate, when it is not the URL's host
	SkipVerify bool   // --hec-verify=false
}

// URL is the URL for the documented settings host, port and https. Port 0
// means DefaultPort.
func URL(host string, port int, https bool) string {
	if port == 0 {
		port = DefaultPort
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))}
	if https {
		u.Scheme = "https"
	}
	return u.String()
}

func (c Config) withDefaults() Config {
	if c.Event == "" {
		c.Event = EventObject
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.AckTimeout == 0 {
		c.AckTimeout = DefaultAckTimeout
	}
	if c.Concurrency == 0 {
		c.Concurrency = DefaultConcurrency
	}
	return c
}

var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// Validate returns everything that is wrong, one error a line, each naming
// its flag. It opens no file.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	base, err := c.base()
	if err != nil {
		errs = append(errs, err)
	}
	bad(c.Token == "" && c.TokenFile == "", "--hec-token: missing (or --hec-token-file); it is the token of Splunk's HTTP Event Collector")
	bad(c.Token != "" && c.TokenFile != "", "--hec-token and --hec-token-file: give one of them")
	bad(strings.ContainsFunc(c.Token, isControl), "--hec-token: holds a line break or another control character")
	bad(c.Channel != "" && !uuid.MatchString(c.Channel), "--hec-channel: %q is not a UUID", c.Channel)
	bad(c.Event != EventObject && c.Event != EventString, "--hec-event: %q is neither %s nor %s", c.Event, EventObject, EventString)
	bad(c.MaxBody < 0, "--hec-max-body: %d is negative", c.MaxBody)
	bad(c.Timeout < 0, "--hec-timeout: %v is negative", c.Timeout)
	bad(c.AckTimeout < 0, "--hec-ack-timeout: %v is negative", c.AckTimeout)
	bad(c.Concurrency < 0, "--hec-concurrency: %d is negative", c.Concurrency)
	if _, err := c.findProxy(); err != nil {
		errs = append(errs, err)
	}
	bad((c.CertFile == "") != (c.KeyFile == ""), "--hec-cert and --hec-key: one of them is missing; they go together")
	bad(c.SkipVerify && c.CAFile != "", "--hec-verify=false and --hec-ca: with the first the second is not looked at; leave one out")
	if base != nil && base.Scheme == "http" {
		for flag, value := range c.tlsOnly {
			bad(value != "", "%s: it is for https, and --hec-url begins with http://; change one of them", flag)
		}
	}
	return errors.Join(errs...)
}

// tlsOnly yields the settings that mean nothing without TLS. One that is not
// in force must not go unnoticed.
func (c Config) tlsOnly(yield func(flag, value string) bool) {
	_ = yield("--hec-ca", c.CAFile) && yield("--hec-cert", c.CertFile) && yield("--hec-key", c.KeyFile) &&
		yield("--hec-server-name", c.ServerName)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

const eventPath = "/services/collector/event"

// base is the URL before eventPath. People paste the path as well. No error
// shows what may be a password or a token.
func (c Config) base() (*url.URL, error) {
	if c.URL == "" {
		return nil, errors.New("--hec-url: missing (or --hec-host); for example https://splunk.example.com:8088")
	}
	u, err := url.Parse(c.URL)
	switch {
	case !strings.Contains(c.URL, "://"):
		return nil, fmt.Errorf("--hec-url: %s: want http:// or https:// before it", c.shownURL())
	case err != nil:
		return nil, fmt.Errorf("--hec-url: %s: %s", c.shownURL(), c.urlFault(err))
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fmt.Errorf("--hec-url: %s does not look like https://host:8088", c.shownURL())
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("--hec-url: more than a host, a port and a path; leave out what is beside %s://%s%s", u.Scheme, u.Host, u.EscapedPath())
	case strings.Contains(u.Path, "/services/collector/raw"):
		return nil, errors.New("--hec-url: events go to /services/collector/event, not to the raw endpoint; leave the path out")
	}
	path := strings.TrimRight(u.Path, "/")
	for _, tail := range []string{"/1.0", "/event", "/services/collector"} {
		path = strings.TrimSuffix(path, tail)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}, nil
}

// shownURL is the URL for people: not when it may hold a password, which
// stands before an @, and without its query, which may hold a token.
func (c Config) shownURL() string {
	shown, _, _ := strings.Cut(c.URL, "?")
	if !strings.Contains(c.URL, "@") {
		return strconv.Quote(shown)
	}
	return "the URL (not shown: what is before its @ may be a password)"
}

// urlFault is what url.Parse minds. It quotes the URL, in whole or in part.
func (c Config) urlFault(err error) string {
	if fault, ok := errors.AsType[*url.Error](err); ok && !strings.ContainsAny(c.URL, "@?") {
		return fault.Err.Error()
	}
	return "not a URL such as https://splunk.example.com:8088"
}

// tls reads the files. The result is nil without TLS.
func (c Config) tls(base *url.URL) (*tls.Config, error) {
	if base.Scheme != "https" {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName, InsecureSkipVerify: c.SkipVerify}
	var errs []error
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		t.RootCAs = x509.NewCertPool()
		if err != nil {
			errs = append(errs, fmt.Errorf("--hec-ca: %w", err))
		} else if !t.RootCAs.AppendCertsFromPEM(pem) {
			errs = append(errs, fmt.Errorf("--hec-ca: %s holds no PEM certificate", c.CAFile))
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			errs = append(errs, fmt.Errorf("--hec-cert, --hec-key: %w", err))
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, errors.Join(errs...)
}
