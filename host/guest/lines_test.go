package guest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// textLog returns a logger and what it wrote, without the time, and of a hash
// only its start.
func textLog() (*slog.Logger, func() string) {
	var b bytes.Buffer
	l := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		if a.Key == "sha256" {
			return slog.String(a.Key, a.Value.String()[:4])
		}
		return a
	}}))
	return l, b.String
}

func TestGuestLines(t *testing.T) {
	for name, want := range map[string]string{
		"log": `level=WARN msg=hello\n\x1b[31m! guest=log.wasm` + "\n",
		"print": `level=WARN msg="panic: a" guest=print.wasm
level=WARN msg="at b" guest=print.wasm
level=WARN msg=c guest=print.wasm
`,
	} {
		logger, text := textLog()
		m := mustCompile(t, name, func(c *Config) { c.Logger = logger })
		if err := m.Transform(t.Context(), logs(3, 1), new(Output)); err != nil {
			t.Fatal(err)
		}
		want = strings.ReplaceAll(want, ".wasm", ".wasm sha256="+m.Info().SHA256[:4])
		if got := text(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestLineFlood(t *testing.T) {
	logger, text := textLog()
	m, err := Compile(t.Context(), Config{Name: "flood", Wasm: fixture(t, "log-flood"), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Transform(t.Context(), logs(3, 1), new(Output)); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := text()
	lines := strings.Count(got, "guest=flood") - 1
	if lines < linesBurst || lines > 10*linesBurst || len(got) > lines*(lineMax*5+200) {
		t.Errorf("%d lines of %d bytes", lines, len(got))
	}
	last := regexp.MustCompile(`level=WARN msg="the guest says more than the host logs; lines were left out" guest=flood sha256=.... lines=\d+\n$`)
	if !last.MatchString(got) {
		t.Errorf("ends with %q", got[max(0, len(got)-200):])
	}
}

func TestLineWriter(t *testing.T) {
	logger, text := textLog()
	w := &lineWriter{log: newLineLog("g", "hash", logger), level: abi.LevelInfo}
	write := func(s string) {
		if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
	}
	write("a")
	write("b\nc\n\n")
	write(strings.Repeat("x", lineMax))
	write("yyy\nd")
	if first, none := w.flush(), w.flush(); first != "ab" || none != "" {
		t.Errorf("first lines %q, %q", first, none)
	}
	want := "level=INFO msg=ab guest=g sha256=hash\nlevel=INFO msg=c guest=g sha256=hash\n" +
		"level=INFO msg=" + strings.Repeat("x", lineMax) + "… guest=g sha256=hash\nlevel=INFO msg=d guest=g sha256=hash\n"
	if got := text(); got != want {
		t.Errorf("\n got %.300q\nwant %.300q", got, want)
	}
	write(strings.Repeat("z", outputMax))
	if n, err := w.Write([]byte("z")); n != 0 || !errors.Is(err, errOutput) {
		t.Errorf("over the limit: %d, %v", n, err)
	}
	w.flush()
	write("again")
}

func TestLineLevels(t *testing.T) {
	logger, text := textLog()
	l := newLineLog("g", "hash", logger)
	for _, level := range []abi.Level{abi.LevelDebug, abi.LevelInfo, abi.LevelWarn, abi.LevelError, -1, 99} {
		l.line(context.Background(), level, []byte("x"))
	}
	want := "level=INFO msg=x guest=g sha256=hash\nlevel=WARN msg=x guest=g sha256=hash\nlevel=ERROR msg=x guest=g sha256=hash\nlevel=INFO msg=x guest=g sha256=hash\nlevel=INFO msg=x guest=g sha256=hash\n"
	if got := text(); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
