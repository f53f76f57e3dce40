package syslog

import (
	"errors"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		opt   sinktest.SyslogOptions
		cfg   Config
		want  string // of the error
		doubt bool
	}{
		"tcp":              {sinktest.SyslogOptions{}, Config{}, "", false},
		"not confirmed":    {sinktest.SyslogOptions{}, Config{Confirm: ConfirmNone}, "nothing confirms", true},
		"udp":              {sinktest.SyslogOptions{Network: UDP}, Config{Protocol: UDP}, "nothing confirms", true},
		"relp":             {sinktest.SyslogOptions{Network: RELP}, Config{Protocol: RELP}, "", false},
		"relp to tcp port": {sinktest.SyslogOptions{Fault: func(int) sinktest.SyslogFault { return sinktest.SyslogFault{Do: sinktest.SyslogReset} }}, Config{Protocol: RELP}, "syslog to ", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := sinktest.StartSyslog(c.opt)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			s, lines := sinkTo(t, r, c.cfg)
			e := s.Examine()
			if len(e.Steps) != 1 || e.Host != r.Host() || e.TLS != nil || !strings.Contains(e.Address, "://"+e.Host+":"+e.Port) || e.Conns != defaultConns {
				t.Fatalf("%+v", e)
			}
			err = e.Steps[0].Try(t.Context())
			_, doubt := errors.AsType[*sinks.Doubt](err)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || doubt != c.doubt {
				t.Errorf("error %v (doubt: %v), want %q", err, doubt, c.want)
			}
			if lines.String() != "" {
				t.Errorf("it logs %s", lines)
			}
		})
	}
}
