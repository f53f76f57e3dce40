package sinktest_test

import (
	"strings"
	"testing"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// Whatever a script says, no answer makes a sender take a refused event, or one
// behind it, for delivered.
func TestHECScriptHidesNoRefusal(t *testing.T) {
	const good, bad = `{"event":"a"}`, `{"event":"b","index":"nowhere"}`
	for name, row := range map[string]struct {
		script sinktest.HECAnswer
		body   string
		answer string
		count  int
	}{
		"success":         {sinktest.HECAnswer{Status: 200, Body: "taken", Indexed: 9}, good + bad + good, "code\":7", 1},
		"a later refusal": {withIndexed(sinktest.HECError(400, 12, 2), 2), good + bad + good, "code\":7", 1},
		"nothing taken":   {sinktest.HECError(503, 9, sinktest.NoNumber), good + bad, "code\":9", 0},
		"all are good":    {sinktest.HECAnswer{Status: 200, Body: "taken", Indexed: 9}, good + good, "taken", 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := startHEC(t, sinktest.HECOptions{Indexes: []string{"main"}, Answer: sinktest.HECScript(row.script)})
			got := post(t, r.URL()+"/services/collector/event", row.body, "Authorization", "Splunk t")
			if !strings.Contains(got, row.answer) || r.Count() != row.count {
				t.Errorf("%s, %d events; want %s, %d", got, r.Count(), row.answer, row.count)
			}
		})
	}
}

func withIndexed(a sinktest.HECAnswer, n int) sinktest.HECAnswer {
	a.Indexed = n
	return a
}
