package sinktest

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

func startSyslog(t *testing.T, opt SyslogOptions) *SyslogReceiver {
	t.Helper()
	r, err := StartSyslog(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// say writes text to the receiver, ends its half and returns what ends the
// other.
func say(t *testing.T, r *SyslogReceiver, network, text string) error {
	t.Helper()
	c, err := net.Dial(network, net.JoinHostPort(r.Host(), strconv.Itoa(r.Port())))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	_ = tcp.CloseWrite() // refused after a RST
	_, err = io.Copy(io.Discard, c)
	return err
}

const aMessage = "<14>1 - - - - - - a\n"

func TestSyslogReceiver(t *testing.T) {
	r := startSyslog(t, SyslogOptions{})
	for range 2 {
		if err := say(t, r, "tcp", aMessage+aMessage); err != nil {
			t.Error(err)
		}
	}
	if len(r.Messages()) != 4 || r.Count() != 4 || r.Conns() != 2 || r.Torn() != 0 || r.Err() != nil {
		t.Error(r.Messages(), r.Count(), r.Conns(), r.Torn(), r.Err())
	}
	if err := say(t, r, "tcp", aMessage+"<14"); err != nil || r.Torn() != 1 || r.Err() != nil {
		t.Error(err, r.Torn(), r.Err())
	}
	if err := say(t, r, "tcp", "hello\n"); err != nil || r.Err() == nil || !strings.Contains(r.Err().Error(), "hello") {
		t.Error(err, r.Err())
	}
}

func TestSyslogReceiverUDP(t *testing.T) {
	var got []string
	r := startSyslog(t, SyslogOptions{Network: "udp", OnMessage: func(m *SyslogMessage) { got = append(got, string(m.Msg)) }})
	for range 2 {
		if err := say(t, r, "udp", strings.TrimSpace(aMessage)); err != nil {
			t.Error(err)
		}
	}
	if err := r.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if strings.Join(got, "") != "aa" || r.Messages() != nil {
		t.Error(got, r.Messages())
	}
}

func TestSyslogReceiverWait(t *testing.T) {
	r := startSyslog(t, SyslogOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Wait(ctx, 1); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "0 of 1") {
		t.Error(err)
	}
	if err := say(t, r, "tcp", aMessage); err != nil {
		t.Error(err)
	}
	if err := r.Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestSyslogReceiverFaults(t *testing.T) {
	for _, fault := range []SyslogFault{{SyslogClose, 1}, {SyslogReset, 1}} {
		r := startSyslog(t, SyslogOptions{Fault: func(int) SyslogFault { return fault }})
		err := say(t, r, "tcp", aMessage+aMessage)
		if (err != nil) != (fault.Do == SyslogReset) || r.Count() != 1 {
			t.Errorf("%v: %v, %d messages", fault, err, r.Count())
		}
	}
	for _, fault := range []SyslogFault{{SyslogFreeze, 1}, {SyslogNeverDone, 0}} {
		r := startSyslog(t, SyslogOptions{Fault: func(int) SyslogFault { return fault }})
		ended := make(chan error)
		go func() { ended <- say(t, r, "tcp", aMessage+aMessage) }()
		if err := r.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			t.Errorf("%v: the connection ended: %v", fault, err)
		default:
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	}
}

func TestStartSyslogFails(t *testing.T) {
	r := startSyslog(t, SyslogOptions{})
	for _, opt := range []SyslogOptions{{Network: "http"}, {Addr: net.JoinHostPort(r.Host(), strconv.Itoa(r.Port()))}} {
		if _, err := StartSyslog(opt); err == nil {
			t.Errorf("%+v started", opt)
		}
	}
}
