package hec

import (
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
)

func TestOutcomesHaveTheReceiversCodes(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   string
	}{
		{503, `{"text":"Server is busy","code":9}`, "503/9"},
		{403, `{"text":"Invalid token","code":4}`, "403/4"},
		{400, `{"text":"Invalid data format","code":6,"invalid-event-number":0}`, "400/6"},
		{413, ``, "413"},
		{502, `<html>Bad Gateway</html>`, "502"},
	} {
		v := answer{status: c.status, body: []byte(c.body)}.judge(1, time.Time{})
		if got := sinks.CodeOf(v.outcome()); got != c.want {
			t.Errorf("%d %s: code %q, want %q", c.status, c.body, got, c.want)
		}
	}
}
