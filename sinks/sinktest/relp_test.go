package sinktest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadRELP(t *testing.T) {
	for in, want := range map[string]struct {
		frames string
		err    error
	}{
		"1 open 3 a=b\n2 syslog 1 x\n3 close 0\n": {`1 open "a=b"|2 syslog "x"|3 close ""`, io.EOF},
		"999999999 syslog 3 a\nb\n":               {`999999999 syslog "a\nb"`, io.EOF},
		"":                                        {"", io.EOF},
		"1":                                       {"", io.ErrUnexpectedEOF},
		"1 ":                                      {"", io.ErrUnexpectedEOF},
		"1 syslog ":                               {"", io.ErrUnexpectedEOF},
		"1 syslog 5":                              {"", io.ErrUnexpectedEOF},
		"1 syslog 5 abc":                          {"", io.ErrUnexpectedEOF},
		"1 syslog 3 abc":                          {"", io.ErrUnexpectedEOF},
		"1 syslog 2 abc\n":                        {"", errProtocol},
		"0 syslog 1 a\n":                          {"", errProtocol},
		"01 syslog 1 a\n":                         {"", errProtocol},
		"1000000000 syslog 1 a\n":                 {"", errProtocol},
		"1 syslog 0 \n":                           {"", errProtocol},
		"1 syslog 01 a\n":                         {"", errProtocol},
		"1 syslog  a\n":                           {"", errProtocol},
		"1 syslog 1\na\n":                         {"", errProtocol},
		"1 syslog 99999999 a\n":                   {"", errProtocol},
		strings.Repeat("1", 300<<10):              {"", errProtocol},
	} {
		for how, r := range map[string]io.Reader{"at once": strings.NewReader(in), "in bytes": iotest.OneByteReader(strings.NewReader(in))} {
			var got []string
			buffered := bufio.NewReaderSize(r, 256<<10)
			f, err := readRELP(buffered)
			for ; err == nil; f, err = readRELP(buffered) {
				got = append(got, fmt.Sprintf("%d %s %q", f.txnr, f.command, f.data))
			}
			if strings.Join(got, "|") != want.frames || !errors.Is(err, want.err) {
				t.Errorf("%.50q, %s: %q, %v", in, how, got, err)
			}
		}
	}
}

const (
	anOpen  = "1 open 47 relp_version=0\nrelp_software=me\ncommands=syslog\n"
	opened  = "1 rsp 60 200 OK\nrelp_version=0\nrelp_software=sinktest\ncommands=syslog\n"
	aSyslog = " syslog 19 <14>1 - - - - - - a\n"
)

// TestRELPAnswers is what the receiver says to a whole stream.
func TestRELPAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		fault SyslogFault
		say   string
		want  string
		count int
		err   bool
	}{
		"serves":           {SyslogFault{}, anOpen + "2" + aSyslog + "3" + aSyslog + "4 close 0\n", opened + "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n", 2, false},
		"no ack":           {SyslogFault{SyslogNoAck, 1}, anOpen + "2" + aSyslog + "3" + aSyslog, opened + "2 rsp 6 200 OK\n", 2, false},
		"last first":       {SyslogFault{Do: SyslogLastFirst}, anOpen + "2" + aSyslog + "3" + aSyslog, opened + "3 rsp 6 200 OK\n2 rsp 6 200 OK\n", 2, false},
		"refuses":          {SyslogFault{SyslogRefuse, 1}, anOpen + "2" + aSyslog + "3" + aSyslog, opened + "2 rsp 6 200 OK\n3 rsp 11 500 refused\n", 1, false},
		"goes":             {SyslogFault{SyslogServerClose, 1}, anOpen + "2" + aSyslog, opened + "2 rsp 6 200 OK\n0 serverclose 0\n", 1, false},
		"closes":           {SyslogFault{SyslogClose, 1}, anOpen + "2" + aSyslog, opened + "2 rsp 6 200 OK\n", 1, false},
		"a gap":            {SyslogFault{}, anOpen + "3" + aSyslog, opened, 0, true},
		"no open":          {SyslogFault{}, "1" + aSyslog, "", 0, true},
		"another command":  {SyslogFault{}, anOpen + "2 open 0\n", opened, 0, true},
		"another offer":    {SyslogFault{}, "1 open 17 relp_version=0\na=\n", "", 0, true},
		"not RFC 5424":     {SyslogFault{}, anOpen + "2 syslog 1 a\n", opened, 0, true},
		"no RELP, a line":  {SyslogFault{}, "<14>1 - - - - - - a\n", "", 0, true},
		"ends in a frame":  {SyslogFault{}, anOpen + "2 syslog 19 <14>1", opened, 0, false},
		"ends between two": {SyslogFault{}, anOpen, opened, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := startSyslogUnchecked(t, SyslogOptions{Network: "relp", Fault: func(int) SyslogFault { return c.fault }})
			conn, err := net.Dial("tcp", net.JoinHostPort(r.Host(), fmt.Sprint(r.Port())))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.say); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(conn) // it may be reset
			if string(got) != c.want {
				t.Errorf("%q\nwant %q", got, c.want)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if r.Count() != c.count || (r.Err() != nil) != c.err {
				t.Errorf("%d messages, %v", r.Count(), r.Err())
			}
		})
	}
}

func startSyslogUnchecked(t *testing.T, opt SyslogOptions) *SyslogReceiver {
	t.Helper()
	r, err := StartSyslog(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}
