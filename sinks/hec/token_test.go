package hec

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// A logged sink's log can be read while it works.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// startTokenFile starts a sink whose token is in a file of this content.
func startTokenFile(t *testing.T, opt sinktest.HECOptions, content string) (s *Sink, r *sinktest.HECReceiver, path string, log *logged) {
	t.Helper()
	opt.Token = token
	r, err := sinktest.StartHEC(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	path, log = file(t, []byte(content)), new(logged)
	s, err = New(Config{URL: r.URL(), TokenFile: path}, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, r, path, log
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

const oldToken = "00000000-0000-0000-0000-00000000000f"

// A token that is refused is read again before anything is held; the file is
// what counts, white space around the token is not.
func TestTokenIsReadAgain(t *testing.T) {
	s, r, path, log := startTokenFile(t, sinktest.HECOptions{}, oldToken)
	if n, err := s.Send(t.Context(), numbered(4)); n != 0 || !isHold(err) || !strings.Contains(err.Error(), "check --hec-token or --hec-token-file") {
		t.Fatal(n, err)
	}
	write(t, path, " \n"+token+"\r\n")
	if got, _ := deliver(t, s, r, numbered(4)); got != plainly {
		t.Errorf("got %+v", got)
	}
	if text := log.text(); strings.Count(text, "new token") != 1 || strings.Contains(text, token) || strings.Contains(text, oldToken) {
		t.Errorf("log:\n%s", text)
	}
}

// Many Sends that are refused at the same time all go on with the new one.
func TestTokenIsReadAgainByAll(t *testing.T) {
	s, r, path, log := startTokenFile(t, sinktest.HECOptions{}, oldToken)
	write(t, path, token)
	sendAtOnce(t, s, 8, 3)
	if r.Count() != 24 || strings.Count(log.text(), "new token") != 1 {
		t.Errorf("%d arrived, log:\n%s", r.Count(), log.text())
	}
}

// A file that cannot be used any more leaves the token as it was.
func TestTokenFileGoesBad(t *testing.T) {
	s, r, path, log := startTokenFile(t, sinktest.HECOptions{}, token)
	write(t, path, " \n")
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "--hec-token-file: "+path+": empty") {
		t.Errorf("reload: %v", err)
	}
	if got, _ := deliver(t, s, r, numbered(4)); got != plainly {
		t.Errorf("got %+v", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err == nil || !strings.HasPrefix(err.Error(), "--hec-token-file: ") {
		t.Errorf("reload: %v", err)
	}
	if log.text() != "" {
		t.Errorf("log:\n%s", log.text())
	}
	s.token.value = oldToken // refused, and nothing to read
	if n, err := s.Send(t.Context(), numbered(1)); n != 0 || !isHold(err) {
		t.Errorf("%d, %v", n, err)
	}
	if !strings.Contains(log.text(), "no other one can be read") {
		t.Errorf("log:\n%s", log.text())
	}
}

func TestReload(t *testing.T) {
	s, r, path, log := startTokenFile(t, sinktest.HECOptions{}, oldToken)
	if err := s.Reload(); err != nil || log.text() != "" {
		t.Errorf("nothing has changed: %v, log %q", err, log.text())
	}
	write(t, path, token)
	var reloader sinks.Reloader = s
	if err := reloader.Reload(); err != nil {
		t.Fatal(err)
	}
	if got, _ := deliver(t, s, r, numbered(4)); got != plainly || len(r.Requests()) != 1 {
		t.Errorf("got %+v", got)
	}
	plain, _ := start(t, sinktest.HECOptions{})
	if err := plain.Reload(); err != nil {
		t.Errorf("without a file: %v", err)
	}
}

func TestTokenFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"good":      {"abc", ""},
		"spaced":    {"\t abc \n\n", ""},
		"empty":     {"", "empty; it must hold the token"},
		"blank":     {" \n ", "empty; it must hold the token"},
		"two lines": {"abc\ndef", "more than one line"},
		"control":   {"a\x00b", "control character"},
		"long":      {strings.Repeat("x", tokenLen+1), "too long for a token"},
	} {
		path := filepath.Join(dir, name)
		write(t, path, c.content)
		got, err := readToken(path)
		switch {
		case c.want == "" && (err != nil || got != "abc"):
			t.Errorf("%s: %q, %v", name, got, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "--hec-token-file: "+path+": ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", name, err)
		case err != nil && strings.Contains(err.Error(), "abc"):
			t.Errorf("%s: the error shows what is in the file: %v", name, err)
		}
	}
	if _, err := New(Config{URL: "http://h", TokenFile: filepath.Join(dir, "absent")}, quiet()); err == nil || !strings.HasPrefix(err.Error(), "--hec-token-file: stat ") {
		t.Errorf("absent: %v", err)
	}
}

// A pipe would wait for a writer, and give the token once.
func TestTokenFileMustBeAFile(t *testing.T) {
	if _, err := readToken(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a regular file, which can be read again") {
		t.Errorf("a directory: %v", err)
	}
}

func TestTokenFileOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such permissions here")
	}
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o440: false, 0o640: false, 0o604: true, 0o602: true, 0o620: true, 0o660: true} {
		path, log := file(t, []byte("abc")), new(logged)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{URL: "http://h", TokenFile: path}, log.logger())
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
		if got := strings.Contains(log.text(), "chmod 600"); got != want {
			t.Errorf("%v: warned %v, want %v:\n%s", mode, got, want, log.text())
		}
	}
}
