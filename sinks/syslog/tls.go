package syslog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// tls returns the settings of a connection, nil when the protocol is another,
// or everything that is wrong with them.
func (c Config) tls() (*tls.Config, error) {
	v := &faults{}
	if !c.encrypted() {
		for flag, value := range map[string]string{
			"--syslog-ca": c.CAFile, "--syslog-cert": c.CertFile, "--syslog-key": c.KeyFile, "--syslog-server-name": c.ServerName,
		} {
			v.check(value == "", "%s: needs --syslog-protocol tls or relp+tls: %s is not encrypted", flag, c.Protocol)
		}
		v.check(!c.SkipVerify, "--syslog-skip-verify: needs --syslog-protocol tls or relp+tls")
		return nil, errors.Join(v.all...)
	}
	t := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         c.ServerName,
		InsecureSkipVerify: c.SkipVerify, //nolint:gosec // the user's explicit wish
		ClientSessionCache: tls.NewLRUClientSessionCache(c.Conns),
	}
	if t.ServerName == "" {
		t.ServerName = c.Host
	}
	if c.CAFile != "" {
		pool, err := authorities(c.CAFile)
		t.RootCAs = pool
		v.add(naming("--syslog-ca", err))
	}
	switch {
	case c.CertFile != "" && c.KeyFile != "":
		pair, err := clientPair(c.CertFile, c.KeyFile)
		t.Certificates = []tls.Certificate{pair}
		v.add(err)
	case c.CertFile != "":
		v.check(false, "--syslog-key: not set: the key of --syslog-cert %s", c.CertFile)
	case c.KeyFile != "":
		v.check(false, "--syslog-cert: not set: the certificate of --syslog-key %s", c.KeyFile)
	}
	return t, errors.Join(v.all...)
}

func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return pool, nil
}

func clientPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, naming("--syslog-cert", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return tls.Certificate{}, naming("--syslog-key", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("--syslog-cert %s, --syslog-key %s: %w", certFile, keyFile, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		return tls.Certificate{}, fmt.Errorf("--syslog-cert: %s is valid from %s to %s only", certFile,
			pair.Leaf.NotBefore.Format(time.DateOnly), pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return pair, nil
}

// settingAtFault says which setting a failed connection is about, or nothing
// when it is the network's fault and may pass by itself.
func settingAtFault(err error) (hint string) {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		remote    *net.OpError
	)
	switch {
	case errors.As(err, &authority):
		return "--syslog-ca: the receiver's certificate is not signed by an authority in it"
	case errors.As(err, &name):
		return "--syslog-server-name: the receiver's certificate is for another name"
	case errors.As(err, &invalid):
		return "--syslog-ca: the receiver's certificate is not valid"
	case errors.As(err, &verify):
		return "--syslog-ca: the receiver's certificate cannot be verified"
	case errors.As(err, &record):
		return "--syslog-protocol: the receiver does not speak TLS on this port"
	case errors.As(err, &remote) && remote.Op == "remote error":
		return alertHint(remote.Err.Error())
	case errors.Is(err, errNotRELP):
		return "--syslog-protocol: this port does not take syslog messages over RELP"
	case errors.Is(err, errRefused):
		return "one event stands in the way of all; see the receiver's own log for the cause"
	}
	return ""
}

// alertHint goes by the words of crypto/tls: its type of an alert that a
// connection received is not exported.
func alertHint(alert string) string {
	for _, of := range []struct{ words, hint string }{
		{"certificate required", "--syslog-cert: the receiver wants a client certificate"},
		{"certificate", "--syslog-cert: the receiver refuses the client certificate, or wants one"},
		{"access denied", "--syslog-cert: the receiver refuses the client certificate"},
		{"handshake failure", "--syslog-cert: the receiver refuses the handshake; it may want a client certificate"},
		{"unrecognized name", "--syslog-server-name: the receiver does not know this name"},
		{"protocol version", "--syslog-protocol: the receiver speaks no TLS of version 1.2 or later"},
		{"insufficient security", "--syslog-protocol: the receiver finds this program's TLS too weak"},
	} {
		if strings.Contains(alert, of.words) {
			return of.hint
		}
	}
	return ""
}
