package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/doctor"
)

var someLines = []doctor.Line{
	{Subject: "source a", Check: "name", Status: doctor.OK, Found: "here"},
	{Subject: "source a", Check: "clock", Status: doctor.Failed, Found: "late", Remedy: "set it"},
	{Subject: "sink b", Check: "name", Status: doctor.Warning, Found: "there", Remedy: "move it"},
	{Subject: "sink b", Check: "token", Status: doctor.Skipped, Found: "not tried"},
}

func TestScreen(t *testing.T) {
	for _, colour := range []bool{false, true} {
		var out bytes.Buffer
		s, tally := &screen{w: &out, colour: colour}, tally{}
		for _, l := range someLines {
			tally.add(l)
			s.line(l)
		}
		if err := s.end(&tally); err != nil {
			t.Error(err)
		}
		text := out.String()
		for _, code := range []string{"\x1b[32mok", "\x1b[31mfailed", "\x1b[33mwarning", "\x1b[2mskipped"} {
			if strings.Contains(text, code) != colour {
				t.Errorf("colour %v: %q in %q", colour, code, text)
			}
		}
		if strings.Contains(text, "\x1b") != colour || strings.Count(text, "-> ") != 2 || strings.Count(text, "source a\n") != 1 ||
			!strings.HasSuffix(text, "4 checks: 1 failed, 1 warning, 1 not tried\n") {
			t.Errorf("%q", text)
		}
	}
}

func TestCheckVerdict(t *testing.T) {
	var t0, t1 tally
	t0.add(someLines[2])
	t1.add(someLines[1])
	if err := t0.verdict(false); err != nil {
		t.Errorf("a warning is %v", err)
	}
	for _, misset := range []bool{false, true} {
		err := t1.verdict(misset)
		if _, isUsage := errors.AsType[*usageError](err); err == nil || isUsage != misset || !strings.Contains(err.Error(), "source a: clock") {
			t.Errorf("%v: %v", misset, err)
		}
	}
}
