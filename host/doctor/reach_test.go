package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"
)

// Who takes a connection and then waits for the other to begin may be no
// server of TLS at all.
func TestAMutePortMayNotSpeakTLS(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	f := way{host: host, port: port, tls: &tls.Config{ServerName: host}, setting: "--hec-url"}.certificate(ctx)
	if f.status != Failed || !strings.Contains(f.remedy, "may not speak TLS") {
		t.Errorf("%+v", f)
	}
}
