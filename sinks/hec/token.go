package hec

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
)

// tokenLen is more than a token has. A longer file is another file.
const tokenLen = 4096

// A currentToken is what proves who sends, as of now. It is never logged.
type currentToken struct {
	file   string // "": the value is in the settings
	logger *slog.Logger

	mu    sync.Mutex
	value string
}

func (t *currentToken) start(cfg Config, logger *slog.Logger) error {
	t.file, t.value, t.logger = cfg.TokenFile, cfg.Token, logger
	if t.file == "" {
		return nil
	}
	t.warnOfReaders()
	var err error
	t.value, err = readToken(t.file)
	t.hide()
	return err
}

// hide lets the logger, if it can, show the token nowhere: a receiver might
// send it back.
func (t *currentToken) hide() {
	if h, ok := t.logger.Handler().(interface {
		Rotate(slot string, values ...string)
	}); ok {
		h.Rotate("--hec-token-file "+t.file, t.value)
	}
}

// warnOfReaders tells of a file that anybody may use, or that others than its
// owner may write. Its group may read it: so Kubernetes hands secrets to who
// is not root.
func (t *currentToken) warnOfReaders() {
	info, err := os.Stat(t.file)
	if err == nil && info.Mode().Perm()&0o027 != 0 && runtime.GOOS != "windows" {
		t.logger.Warn("anybody may read or write the file of --hec-token-file, or its group may write it: chmod 600 it",
			"file", t.file, "mode", info.Mode().Perm())
	}
}

// now is the token to use.
func (t *currentToken) now() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}

// reload reads the file again, if there is one. After an error the token
// stays what it was.
func (t *currentToken) reload() error {
	if t.file == "" {
		return nil
	}
	value, err := readToken(t.file)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if value != t.value {
		t.value = value
		t.hide()
		t.logger.Info("there is a new token in the file of --hec-token-file", "file", t.file)
	}
	return nil
}

// renewed says whether there is another token than the one that was refused.
func (t *currentToken) renewed(refused string) bool {
	if t.file == "" {
		return false
	}
	if t.now() == refused { // or else another Send has read it since
		if err := t.reload(); err != nil {
			t.logger.Warn("the receiver refuses the token, and no other one can be read", "error", err)
		}
	}
	return t.now() != refused
}

func readToken(path string) (string, error) {
	// Opening a pipe would wait for its writer, and it cannot be read again.
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("--hec-token-file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("--hec-token-file: %s is not a regular file, which can be read again", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--hec-token-file: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, tokenLen+1))
	if err != nil {
		return "", fmt.Errorf("--hec-token-file: %w", err)
	}
	value := strings.TrimSpace(string(text))
	switch {
	case len(text) > tokenLen:
		err = errors.New("too long for a token")
	case value == "":
		err = errors.New("empty; it must hold the token of Splunk's HTTP Event Collector")
	case strings.ContainsFunc(value, isControl):
		err = errors.New("holds more than one line, or a control character; it must hold the token alone")
	}
	if err != nil {
		return "", fmt.Errorf("--hec-token-file: %s: %w", path, err)
	}
	return value, nil
}
