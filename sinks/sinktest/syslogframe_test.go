package sinktest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func readFrames(r io.Reader, framing SyslogFraming) (all []string, err error) {
	in := newFrames(r, framing)
	for {
		b, err := in.next()
		if err != nil {
			return all, err
		}
		all = append(all, string(b))
	}
}

func TestFrames(t *testing.T) {
	long := strings.Repeat("x", 300<<10) // longer than the reader's buffer
	for name, c := range map[string]struct {
		framing SyslogFraming
		in      string
		want    []string
		err     error
	}{
		"lf":                  {FrameLF, "a\n\nb\n" + long + "\nc\n", []string{"a", "", "b", long, "c"}, io.EOF},
		"lf, torn":            {FrameLF, "a\nb", []string{"a"}, io.ErrUnexpectedEOF},
		"lf, torn, long":      {FrameLF, "a\n" + long, []string{"a"}, io.ErrUnexpectedEOF},
		"octet":               {FrameOctet, fmt.Sprintf("1 a3 b\nc%d %s1 d", len(long), long), []string{"a", "b\nc", long, "d"}, io.EOF},
		"octet, torn":         {FrameOctet, "1 a3 bc", []string{"a"}, io.ErrUnexpectedEOF},
		"octet, torn long":    {FrameOctet, "307200 abc", nil, io.ErrUnexpectedEOF},
		"octet, torn MSG-LEN": {FrameOctet, "1 a3", []string{"a"}, io.ErrUnexpectedEOF},
		"octet, zero":         {FrameOctet, "0 ", nil, errProtocol},
		"octet, leading 0":    {FrameOctet, "01 a", nil, errProtocol},
		"octet, not one":      {FrameOctet, "<14>1 - - - - - -\n", nil, errProtocol},
		"octet, too much":     {FrameOctet, "99999999 a", nil, errProtocol},
		"nothing":             {FrameOctet, "", nil, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"at once": strings.NewReader(c.in), "in parts": iotest.HalfReader(strings.NewReader(c.in))} {
				got, err := readFrames(r, c.framing)
				if strings.Join(got, "|") != strings.Join(c.want, "|") || !errors.Is(err, c.err) {
					t.Errorf("%s: %.100q, %v", how, got, err)
				}
			}
		})
	}
}

func TestReadSyslog(t *testing.T) {
	got, err := ReadSyslog(strings.NewReader("<14>1 - - - - - - a\n<14>1 - - - - - - b\n"), FrameLF, false)
	if err != nil || len(got) != 2 || string(got[0].Msg)+string(got[1].Msg) != "ab" {
		t.Error(got, err)
	}
	for _, bad := range []string{"<14>1 - - - - - - a\nhello\n", "<14>1 - - - - - - a\n<14"} {
		if got, err := ReadSyslog(strings.NewReader(bad), FrameLF, false); len(got) != 1 || err == nil {
			t.Error(got, err)
		}
	}
}
