package relp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// show reads all frames of a stream.
func show(r io.Reader) (all []string, err error) {
	in := newReader(r)
	for {
		f, err := in.Next()
		if err != nil {
			return all, err
		}
		all = append(all, fmt.Sprintf("%d %s %q", f.TxNr, f.Command, f.Data))
	}
}

func TestReader(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want string
		err  error
	}{
		"answers":          {"1 rsp 6 200 OK\n2 rsp 6 200 OK\n", `1 rsp "200 OK"|2 rsp "200 OK"`, io.EOF},
		"no data":          {"0 serverclose 0\n", `0 serverclose ""`, io.EOF},
		"no data, a space": {"0 serverclose 0 \n", `0 serverclose ""`, io.EOF},
		"lines as data":    {"9 syslog 4 a\nb\n\n", `9 syslog "a\nb\n"`, io.EOF},
		"longest":          {"999999999 " + strings.Repeat("x", 32) + " 1 a\n", "999999999 " + strings.Repeat("x", 32) + ` "a"`, io.EOF},
		"nothing":          {"", "", io.EOF},
		"torn header":      {"1 rsp 6 200 OK\n2 rs", `1 rsp "200 OK"`, io.ErrUnexpectedEOF},
		"torn data":        {"1 rsp 6 200", "", io.ErrUnexpectedEOF},
		"no trailer":       {"1 rsp 6 200 OK", "", io.ErrUnexpectedEOF},
		"other trailer":    {"1 rsp 6 200 OK 2 rsp", "", ErrProtocol},
		"less data":        {"1 rsp 7 200 OK\n\n2", `1 rsp "200 OK\n"`, io.ErrUnexpectedEOF},
		"data missing":     {"1 rsp 6\n200 OK\n", "", ErrProtocol},
		"no number":        {"x rsp 0\n", "", ErrProtocol},
		"negative":         {"-1 rsp 0\n", "", ErrProtocol},
		"too high":         {"1000000000 rsp 0\n", "", ErrProtocol},
		"no command":       {"1  0\n", "", ErrProtocol},
		"long command":     {"1 " + strings.Repeat("x", 33) + " 0\n", "", ErrProtocol},
		"odd command":      {"1 r2 0\n", "", ErrProtocol},
		"too much":         {"1 rsp 65537 x", "", ErrProtocol},
		"no length":        {"1 rsp \n", "", ErrProtocol},
		"a line":           {"HTTP/1.1 400 Bad Request\r\n", "", ErrProtocol},
		"few fields":       {"1 rsp\n", "", ErrProtocol},
		"empty line":       {"\n", "", ErrProtocol},
		"endless header":   {strings.Repeat("1", 1000), "", ErrProtocol},
		"a TLS alert":      {"\x15\x03\x01\x00\x02\x02\x46", "", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"at once": strings.NewReader(c.in), "in bytes": iotest.OneByteReader(strings.NewReader(c.in))} {
				got, err := show(r)
				if strings.Join(got, "|") != c.want || !errors.Is(err, c.err) {
					t.Errorf("%s: %.200q, %v", how, got, err)
				}
			}
		})
	}
}

// FuzzReader: nothing that a peer sends makes the reader fail otherwise, and a
// frame reads back as it was written.
func FuzzReader(f *testing.F) {
	f.Add([]byte("1 rsp 6 200 OK\n0 serverclose 0\n"))
	f.Add([]byte("999999999 rsp 0 \n2 rsp 3 200"))
	f.Add([]byte("1 rsp 65536 "))
	f.Add([]byte("1 syslog 4 a\nb\n\n7 x 1 \n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := newReader(bytes.NewReader(b))
		for {
			frame, err := in.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrProtocol) {
					t.Fatal(err)
				}
				return
			}
			again, err := newReader(bytes.NewReader(appendFrame(nil, frame.TxNr, frame.Command, frame.Data))).Next()
			if err != nil || again.TxNr != frame.TxNr || again.Command != frame.Command || !bytes.Equal(again.Data, frame.Data) {
				t.Fatalf("%+v reads back as %+v, %v", frame, again, err)
			}
			if rsp, err := parseResponse(frame.Data); err == nil && (rsp.code < 0 || rsp.code > 999) {
				t.Errorf("code %d", rsp.code)
			}
		}
	})
}

func TestParseResponse(t *testing.T) {
	for in, want := range map[string]response{
		"200 OK":        {200, []byte("OK"), nil},
		"200":           {200, nil, nil},
		"500 no room":   {500, []byte("no room"), nil},
		"200 OK\na=b\n": {200, []byte("OK"), []byte("a=b\n")},
	} {
		got, err := parseResponse([]byte(in))
		if err != nil || got.code != want.code || !bytes.Equal(got.text, want.text) || !bytes.Equal(got.data, want.data) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "OK", "20 OK", "2000 OK", "-20 OK", "200OK", "\n200 OK"} {
		if got, err := parseResponse([]byte(in)); !errors.Is(err, ErrProtocol) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}
