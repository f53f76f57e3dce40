package offline

import (
	"strings"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/syslog"
)

// HEC returns the events as slswasm run sends them to Splunk when nothing but
// the receiver is set: one envelope a line.
func (o *Outcome) HEC() []string {
	cfg := hec.Config{Nest: hec.DefaultNest()}
	return o.render(func(e *abi.Event) ([]byte, error) { return hec.Render(cfg, e) })
}

// Syslog returns the events as slswasm run sends them to a syslog receiver
// when nothing but that is set, RFC 5424 with pairs of key and value, but
// without this machine's name: one message a line.
func (o *Outcome) Syslog() []string {
	cfg := syslog.Config{Hostname: "-", Tag: "-"}
	return o.render(func(e *abi.Event) ([]byte, error) { return syslog.Render(cfg, e) })
}

func (o *Outcome) render(one func(*abi.Event) ([]byte, error)) (lines []string) {
	for i := range o.Events {
		text, err := one(&o.Events[i])
		if err != nil {
			text = []byte("(" + err.Error() + ")")
		}
		lines = append(lines, string(text))
	}
	return lines
}

// joined writes the lines of all outcomes.
func joined(outcomes []Outcome, lines func(*Outcome) []string) string {
	var b strings.Builder
	for i := range outcomes {
		for _, line := range lines(&outcomes[i]) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
