package relp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const offers = "200 OK\nrelp_version=0\nrelp_software=peer\ncommands=syslog"

// A peer is the receiver's end, scripted. Its errors are the connection's
// end, which is what most scripts lead to.
type peer struct {
	c   net.Conn
	in  *reader
	got []string // messages
}

func (p *peer) read() frame {
	f, err := p.in.Next()
	if err != nil {
		return frame{}
	}
	if f.Command == cmdSyslog {
		p.got = append(p.got, string(f.Data))
	}
	return f
}

func (p *peer) say(text string) { _, _ = io.WriteString(p.c, text) }

func (p *peer) answer(txnr int, text string) {
	p.say(fmt.Sprintf("%d rsp %d %s\n", txnr, len(text), text))
}

// with runs a session against a script, in a bubble where time is the test's.
func with(t *testing.T, cfg Config, script func(p *peer), test func(t *testing.T, conn Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var peers sync.WaitGroup
		peers.Go(func() {
			defer theirs.Close()
			script(&peer{c: theirs, in: newReader(theirs)})
		})
		test(t, ours)
		_ = ours.Close()
		peers.Wait()
	})
}

var usual = Config{Software: "test", Window: 4, Timeout: time.Minute}

func message(i int) []byte { return fmt.Appendf(nil, "message\n%d", i) }

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   error
	}{
		"right":             {fmt.Sprintf("1 rsp %d %s\n", len(offers), offers), nil},
		"version 1":         {"1 rsp 46 200 OK\nrelp_version=1\ncommands=eventlog,syslog\n", nil},
		"another version":   {"1 rsp 36 200 OK\nrelp_version=2\ncommands=syslog\n", ErrProtocol},
		"no syslog":         {"1 rsp 37 200 OK\nrelp_version=0\ncommands=metrics\n", ErrProtocol},
		"no offers":         {"1 rsp 6 200 OK\n", ErrProtocol},
		"another number":    {"2 rsp 6 200 OK\n", ErrProtocol},
		"no response":       {"1 open 0\n", ErrProtocol},
		"no code":           {"1 rsp 2 OK\n", ErrProtocol},
		"refused":           {"1 rsp 10 500 no, no\n", &Refused{"open", 500, "no, no"}},
		"goes away":         {"0 serverclose 0\n", ErrServerClose},
		"says something":    {"220 mail.example.com ESMTP\r\n", ErrProtocol},
		"says nothing":      {"", io.EOF},
		"says half of it":   {"1 rsp 6 20", io.ErrUnexpectedEOF},
		"never comes to it": {"1 rsp 60000 200 " + strings.Repeat("x", 30000), ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			with(t, usual, func(p *peer) {
				f := p.read()
				if f.TxNr != 1 || f.Command != "open" || string(f.Data) != "relp_version=0\nrelp_software=test\ncommands=syslog" {
					t.Errorf("offer %d %s %q", f.TxNr, f.Command, f.Data)
				}
				if c.want == ErrTimeout { //nolint:errorlint // the case, not an error
					tick := time.NewTicker(10 * time.Millisecond)
					defer tick.Stop()
					for i := range c.answer {
						if _, err := p.c.Write([]byte{c.answer[i]}); err != nil {
							return
						}
						<-tick.C
					}
				}
				p.say(c.answer)
				if c.want == nil {
					_, _ = io.Copy(io.Discard, p.c)
				}
			}, func(t *testing.T, conn Conn) {
				begin := time.Now()
				s, err := Open(conn, usual)
				switch want := c.want.(type) { //nolint:errorlint // the case, not an error
				case nil:
					if err != nil {
						t.Fatal(err)
					}
					s.Abort()
				case *Refused:
					if got, ok := errors.AsType[*Refused](err); !ok || *got != *want {
						t.Error(err)
					}
				default:
					if !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
				}
				if took := time.Since(begin); took > usual.Timeout {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// serve answers the open, and then each message as do says.
func serve(p *peer, do func(f frame) bool) {
	p.read()
	p.answer(1, offers)
	for {
		f := p.read()
		if f.Command != cmdSyslog {
			if f.Command == cmdClose {
				p.answer(f.TxNr, "200 OK")
			}
			return
		}
		if !do(f) {
			return
		}
	}
}

func TestSend(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(p *peer, f frame) bool
		n     int
		want  error // nil: all are acknowledged
		words string
	}{
		"each": {do: func(p *peer, f frame) bool { p.answer(f.TxNr, "200 OK"); return true }, n: 100},
		"in bursts, the last first": {do: func(p *peer, f frame) bool {
			if (f.TxNr-1)%4 == 0 {
				for i := range 4 {
					p.answer(f.TxNr-i, "200 OK")
				}
			}
			return true
		}, n: 100},
		"nothing": {do: func(*peer, frame) bool { return true }, n: 0, want: ErrTimeout, words: "4 messages wait"},
		"not the first": {do: func(p *peer, f frame) bool {
			if f.TxNr > 2 {
				p.answer(f.TxNr, "200 OK")
			}
			return true
		}, n: 0, want: ErrTimeout},
		"six": {do: func(p *peer, f frame) bool {
			if f.TxNr < 8 {
				p.answer(f.TxNr, "200 OK")
			}
			return true
		}, n: 6, want: ErrTimeout},
		"refused": {do: func(p *peer, f frame) bool {
			if f.TxNr == 5 {
				p.answer(5, "500 no")
				return true
			}
			p.answer(f.TxNr, "200 OK")
			return true
		}, n: 3, want: &Refused{}},
		"twice":           {do: func(p *peer, f frame) bool { p.answer(f.TxNr, "200 OK"); p.answer(f.TxNr, "200 OK"); return true }, n: 1, want: ErrProtocol, words: "transaction 2, which"},
		"one never sent":  {do: func(p *peer, f frame) bool { p.answer(f.TxNr+100, "200 OK"); return true }, n: 0, want: ErrProtocol},
		"number 0":        {do: func(p *peer, _ frame) bool { p.answer(0, "200 OK"); return true }, n: 0, want: ErrProtocol},
		"garbage":         {do: func(p *peer, _ frame) bool { p.say("\x00\xff\n\n"); return true }, n: 0, want: ErrProtocol},
		"another command": {do: func(p *peer, f frame) bool { p.say(fmt.Sprintf("%d syslog 0\n", f.TxNr)); return true }, n: 0, want: ErrProtocol},
		"goes away":       {do: func(p *peer, f frame) bool { p.answer(f.TxNr, "200 OK"); p.say("0 serverclose 0\n"); return false }, n: 1, want: ErrServerClose},
		"closes": {do: func(p *peer, f frame) bool {
			p.answer(f.TxNr, "200 OK")
			return f.TxNr < 3 || p.c.Close() != nil
		}, n: 2, want: io.EOF},
		"trickles": {do: func(p *peer, f frame) bool {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			p.say("2 rsp 60000 200 ")
			for {
				if _, err := p.c.Write([]byte("x")); err != nil {
					return false
				}
				<-tick.C
			}
		}, n: 0, want: ErrTimeout},
		"slow, but answers": {do: func(p *peer, f frame) bool {
			timer := time.NewTimer(14 * time.Second) // four share a write
			defer timer.Stop()
			<-timer.C
			p.answer(f.TxNr, "200 OK")
			return true
		}, n: 100},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			with(t, usual, func(p *peer) {
				serve(p, func(f frame) bool { return c.do(p, f) })
				got = p.got
				_, _ = io.Copy(io.Discard, p.c) // reads on where the script has ended by an error
			}, func(t *testing.T, conn Conn) {
				s, err := Open(conn, usual)
				if err != nil {
					t.Fatal(err)
				}
				n, err := s.Send(100, message)
				if n != c.n {
					t.Errorf("%d acknowledged, %v; want %d", n, err, c.n)
				}
				if want, ok := c.want.(*Refused); ok { //nolint:errorlint // the case, not an error
					*want = Refused{"syslog", 500, "no"}
					if got, ok := errors.AsType[*Refused](err); !ok || *got != *want {
						t.Error(err)
					}
				} else if !errors.Is(err, c.want) || (err != nil && !strings.Contains(err.Error(), c.words)) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if (s.Lost() == nil) != (err == nil) {
					t.Errorf("lost: %v after %v", s.Lost(), err)
				}
				s.Close()
			})
			for i, text := range got[:min(100, len(got))] {
				if text != string(message(i)) {
					t.Fatalf("message %d is %q", i, text)
				}
			}
		})
	}
}

// TestSeveralSends counts each by itself.
func TestSeveralSends(t *testing.T) {
	with(t, usual, func(p *peer) {
		serve(p, func(f frame) bool { p.answer(f.TxNr, "200 OK"); return true })
	}, func(t *testing.T, conn Conn) {
		s, err := Open(conn, usual)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 0, 3, 4, 5, 100} {
			if got, err := s.Send(n, message); got != n || err != nil {
				t.Error(n, got, err)
			}
		}
		s.Close()
	})
}

// TestReadsNothing is a receiver that opens and then reads no more.
func TestReadsNothing(t *testing.T) {
	with(t, usual, func(p *peer) {
		p.read()
		p.answer(1, offers)
		<-time.After(time.Hour)
	}, func(t *testing.T, conn Conn) {
		s, err := Open(conn, usual)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if n, err := s.Send(1, message); n != 0 || !errors.Is(err, ErrTimeout) || time.Since(begin) > 2*usual.Timeout {
			t.Error(n, err, time.Since(begin))
		}
	})
}

// TestLarge writes one message in parts, each with the time that one has.
func TestLarge(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	with(t, usual, func(p *peer) {
		pause := time.NewTimer(0)
		defer pause.Stop()
		in := pausing{p.c, func() { pause.Reset(20 * time.Second); <-pause.C }}
		p.in = newReader(p.c)
		p.read()
		p.answer(1, offers)
		if got := in.readAll(len("2 syslog 1048576 ") + len(large) + 1); !bytes.Contains(got, large) {
			t.Errorf("%d bytes", len(got))
		}
		p.answer(2, "200 OK")
	}, func(t *testing.T, conn Conn) {
		s, err := Open(conn, usual)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.Send(1, func(int) []byte { return large }); n != 1 || err != nil {
			t.Error(n, err)
		}
		s.Abort()
	})
}

// pausing reads with a pause before each read.
type pausing struct {
	r     io.Reader
	pause func()
}

func (b pausing) readAll(n int) []byte {
	got := make([]byte, 0, n)
	part := make([]byte, chunk)
	for len(got) < n {
		b.pause()
		k, err := b.r.Read(part)
		if err != nil {
			return got
		}
		got = append(got, part[:k]...)
	}
	return got
}

// TestClose says good-bye, but waits for a second only.
func TestClose(t *testing.T) {
	for _, answers := range []bool{true, false} {
		var asked bool
		with(t, usual, func(p *peer) {
			p.read()
			p.answer(1, offers)
			f := p.read()
			asked = f.Command == cmdClose && f.TxNr == 2
			if answers {
				p.answer(2, "200 OK")
				p.say("0 serverclose 0\n")
			}
			_, _ = io.Copy(io.Discard, p.c)
		}, func(t *testing.T, conn Conn) {
			s, err := Open(conn, usual)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			s.Close()
			if took := time.Since(begin); took > parting || (answers && took > 0) {
				t.Errorf("answers %v: took %v", answers, took)
			}
		})
		if !asked {
			t.Error("no close")
		}
	}
}

// TestAbort ends a Send.
func TestAbort(t *testing.T) {
	with(t, usual, func(p *peer) {
		serve(p, func(frame) bool { return true })
	}, func(t *testing.T, conn Conn) {
		s, err := Open(conn, usual)
		if err != nil {
			t.Fatal(err)
		}
		var sending sync.WaitGroup
		sending.Go(func() {
			if n, err := s.Send(10, message); n != 0 || err == nil {
				t.Error(n, err)
			}
		})
		synctest.Wait()
		s.Abort()
		sending.Wait()
		if s.Lost() == nil {
			t.Error("not lost")
		}
	})
}
