package soak

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// readLetters passes the dead letters of a slot to the account. The last one
// of a file may be torn, by a kill: its log was not settled and was pulled
// again.
func (s *slot) readLetters(a *account) error {
	return filepath.WalkDir(s.deadLetters(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it never had one
		}
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".jsonl") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it is only read
		err = deadletter.Scan(f, func(l deadletter.Letter) error { a.letter(l); return nil })
		if err != nil && !errors.Is(err, deadletter.ErrTorn) {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

// marks of what must never be in a process's log.
var marks = []string{"panic:", "fatal error:", "host fault", "DATA RACE", "the handler panicked"}

// readLog looks for crashes in the log of a slot's processes.
func (s *slot) readLog() error {
	f, err := os.Open(s.logPath())
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		for _, mark := range marks {
			if bytes.Contains(in.Bytes(), []byte(mark)) {
				s.problems = append(s.problems, fmt.Sprintf("process %d wrote: %.500s", s.number, in.Text()))
			}
		}
	}
	return in.Err()
}
