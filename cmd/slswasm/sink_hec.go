package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/sinks/hec"
)

// hecSettings are the documented settings that make a URL, and what a
// hec.Config says the other way round.
type hecSettings struct {
	hec.Config
	host          string
	port          int
	https, verify bool
	maxBody       byteSize
	nest          cli.StringSlice
	urls          cli.StringSlice
}

func (s *hecSettings) flags() []cli.Flag {
	const c = category("Splunk HEC")
	s.Event, s.Timeout, s.maxBody = hec.EventObject, hec.DefaultTimeout, hec.DefaultMaxBody
	s.AckTimeout, s.Concurrency = hec.DefaultAckTimeout, hec.DefaultConcurrency
	s.port, s.verify = hec.DefaultPort, true
	return []cli.Flag{
		&cli.StringSliceFlag{
			Name: "hec-url", Usage: "`URL` of the collector, such as https://splunk.example.com:8088; given several times (in a variable: with spaces or commas between), all get events",
			Destination: &s.urls, Category: string(c), EnvVars: env("hec-url"),
		},
		c.text(&s.host, "hec-host", "`HOST` of the collector, in place of a URL (documented: host)"),
		c.number(&s.port, "hec-port", "`PORT` of the collector at --hec-host (documented: port)"),
		c.yes(&s.https, "hec-https", "speak TLS with the collector at --hec-host (documented: https)"),
		c.secret(&s.Token, "hec-token", "`TOKEN` of the collector; rather by environment than here, where others see it (documented: token)"),
		c.file(&s.TokenFile, "hec-token-file", "`FILE` that holds the collector's token; read again on SIGHUP, and when the token is refused"),
		c.yes(&s.Ack, "hec-ack", "deliver again what is not acknowledged by the indexer: for a token with indexer acknowledgement"),
		c.duration(&s.AckTimeout, "hec-ack-timeout", "`DURATION` after which what is not acknowledged is sent again"),
		c.text(&s.Channel, "hec-channel", "`UUID` of the channel, for a token that asks for one; with --hec-ack the first one, others are made up"),
		c.text(&s.Index, "hec-index", "`INDEX` of an event when the guest names none (documented: index)"),
		c.text(&s.Source, "hec-source", "`SOURCE` of an event when the guest names none (documented: source)"),
		c.text(&s.SourceType, "hec-sourcetype", "`TYPE` of an event's source when the guest names none (documented: sourcetype)"),
		c.text(&s.Host, "hec-event-host", "`HOST` of an event when the guest names none"),
		c.text(&s.Event, "hec-event", "`FORM` of an event: object, or string, the text of that object, as the documented scripts send it"),
		&cli.StringSliceFlag{
			Name: "hec-nest", Usage: "`TOPIC` whose field \"event\" is parsed when it holds JSON",
			Destination: &s.nest, Value: cli.NewStringSlice(hec.DefaultNest()...), Category: string(c), EnvVars: env("hec-nest"),
		},
		c.size(&s.maxBody, "hec-max-body", "`SIZE` of a request before compression"),
		c.yes(&s.Gzip, "hec-gzip", "compress requests: for links that are slower than the processor"),
		c.duration(&s.Timeout, "hec-timeout", "`DURATION` that a request may take (documented: timeout)"),
		c.number(&s.Concurrency, "hec-concurrency", "`N` requests at once, at the most; fewer while the receiver has too much"),
		c.text(&s.Proxy, "hec-proxy", "`URL` of a proxy, or none (default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY in the environment)"),
		c.yes(&s.verify, "hec-verify", "check the collector's certificate (documented: ssl_verify)"),
		c.file(&s.CAFile, "hec-ca", "PEM `FILE` of who may sign the collector's certificate, in place of the system's"),
		c.file(&s.CertFile, "hec-cert", "PEM `FILE` of the client certificate that is shown to the collector"),
		c.file(&s.KeyFile, "hec-key", "PEM `FILE` of the client certificate's key"),
		c.text(&s.ServerName, "hec-server-name", "`NAME` in the collector's certificate (default: the URL's host)"),
	}
}

// leastBody is what a body has to hold to be worth a request.
const leastBody byteSize = 1 << 10

// isSet reports whether there is an address.
func (s *hecSettings) isSet() bool { return given(&s.urls) || s.host != "" }

// configs has one for each collector.
func (s *hecSettings) configs() ([]hec.Config, error) {
	urls, err := addresses("hec-url", s.urls.Value())
	switch {
	case err != nil:
		return nil, err
	case len(urls) > 0 && s.host != "":
		return nil, errors.New("--hec-url and --hec-host: give one of them")
	case len(urls) > 0 && (s.port != hec.DefaultPort || s.https):
		return nil, errors.New("--hec-port and --hec-https: go with --hec-host; in --hec-url they are part of the URL")
	case s.maxBody < leastBody:
		return nil, fmt.Errorf("--hec-max-body %v: want at least %v", s.maxBody, leastBody)
	case s.Timeout == 0 || s.AckTimeout == 0 || s.Concurrency == 0:
		return nil, notZero(map[string]int64{
			"hec-timeout": int64(s.Timeout), "hec-ack-timeout": int64(s.AckTimeout), "hec-concurrency": int64(s.Concurrency),
		})
	case s.host != "":
		urls = []string{hec.URL(s.host, s.port, s.https)}
	case len(urls) == 0:
		urls = []string{""} // hec says what is missing
	}
	configs := make([]hec.Config, len(urls))
	for i := range configs {
		c := &configs[i]
		*c = s.Config
		c.URL, c.Nest, c.MaxBody, c.SkipVerify = urls[i], s.nest.Value(), int(s.maxBody), !s.verify
	}
	return configs, nil
}
