package replay

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A state says how far a file is replayed. It stands beside the file and is
// locked for as long as it is open.
type state struct {
	path string
	held *os.File // what is at path, locked; nil: nothing is saved
	done []stretch
}

// A stretch is the beginning of a file: of its letters, those that the filter
// takes are settled. The sum tells that it is still the same file.
type stretch struct {
	Offset int64  `json:"offset"`
	SHA256 string `json:"sha256"` // of the bytes before Offset
	Filter Filter `json:"filter"`
}

// stateFile is the form of the file.
type stateFile struct {
	Version  int       `json:"version"`
	Replayed []stretch `json:"replayed"`
}

const stateVersion = 1

// openState finds out how far the file is replayed, and keeps others from
// replaying it.
func openState(f *deadletter.Snapshot, restart bool, log *slog.Logger) (*state, error) {
	s := &state{path: f.Path + deadletter.ReplayedSuffix}
	if err := s.lock(); err != nil {
		return nil, fmt.Errorf("%s cannot be replayed, for how far it is replayed is kept beside it: %w", f.Path, err)
	}
	if err := s.read(f, s.held, restart, log); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// peekState is openState for a look: it locks nothing, and saves nothing.
func peekState(f *deadletter.Snapshot, restart bool, log *slog.Logger) (*state, error) {
	s := &state{path: f.Path + deadletter.ReplayedSuffix}
	there, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	return s, errors.Join(s.read(f, there, restart, log), there.Close())
}

func (s *state) read(f *deadletter.Snapshot, from io.Reader, restart bool, log *slog.Logger) error {
	if restart {
		return nil
	}
	var all []stretch
	b, err := io.ReadAll(from)
	if err == nil && len(b) > 0 {
		all, err = parseState(b)
	}
	if err == nil {
		s.done, err = verify(f, all)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read (--restart does without it): %w", s.path, err)
	}
	if len(s.done) < len(all) {
		log.Warn("what was remembered of a replay is about another file, or this one was changed since: its letters are sent, perhaps not for the first time",
			"file", f.Path, "state", s.path)
	}
	return nil
}

// lock opens and locks what is at the path. Who has locked a file that was
// replaced meanwhile has nothing.
func (s *state) lock() error {
	for {
		f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		if err := deadletter.Lock(f); err != nil {
			return errors.Join(err, f.Close())
		}
		mine, err := f.Stat()
		if err != nil {
			return errors.Join(err, f.Close())
		}
		if there, err := os.Stat(s.path); err == nil && os.SameFile(mine, there) {
			s.held = f
			return nil
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
}

func (s *state) close() error {
	if s.held == nil {
		return nil
	}
	return s.held.Close()
}

func parseState(b []byte) ([]stretch, error) {
	var in stateFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	if in.Version != stateVersion {
		return nil, fmt.Errorf("version %d, and not %d", in.Version, stateVersion)
	}
	for i := range in.Replayed {
		var err error
		if in.Replayed[i].Filter, err = NewFilter(in.Replayed[i].Filter); err != nil {
			return nil, err
		}
		if in.Replayed[i].Offset < 0 {
			return nil, errors.New("an offset below 0")
		}
	}
	return in.Replayed, nil
}

// verify returns those stretches with which the file begins.
func verify(f *deadletter.Snapshot, all []stretch) (same []stretch, err error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.Offset, b.Offset) })
	in, sum, at := f.Bytes(), sha256.New(), int64(0)
	for _, s := range all {
		if s.Offset > f.Size {
			break
		}
		if _, err := io.CopyN(sum, in, s.Offset-at); err != nil {
			return nil, err
		}
		at = s.Offset
		if fmt.Sprintf("%x", sum.Sum(nil)) == s.SHA256 {
			same = append(same, s)
		}
	}
	return same, nil
}

// settled says whether the letter at this offset was replayed.
func (s *state) settled(at int64, l *deadletter.Letter) bool {
	return slices.ContainsFunc(s.done, func(d stretch) bool { return at < d.Offset && d.Filter.takes(l) })
}

// reached says whether a replay went past this offset.
func (s *state) reached(at int64) bool {
	return s != nil && slices.ContainsFunc(s.done, func(d stretch) bool { return at < d.Offset })
}

// save adds a stretch and has the state on the disk before it returns.
func (s *state) save(fresh stretch, of Filter) error {
	fresh.Filter = of
	if s.held == nil || slices.ContainsFunc(s.done, func(d stretch) bool { return fresh.within(&d) }) {
		return nil
	}
	done := slices.DeleteFunc(slices.Clone(s.done), func(d stretch) bool { return d.within(&fresh) })
	done = append(done, fresh)
	b, err := json.Marshal(stateFile{stateVersion, done})
	if err != nil {
		return err
	}
	if err := s.replace(append(b, '\n')); err != nil {
		return fmt.Errorf("the last letters were settled, and that could not be remembered: the next replay sends them again: %w", err)
	}
	s.done = done
	return nil
}

// within says that other covers all that s does.
func (s *stretch) within(other *stretch) bool {
	return s.Offset <= other.Offset && s.Filter.within(&other.Filter)
}

// replace puts a new file, locked before anybody can see it, in the place of
// the one there.
func (s *state) replace(b []byte) error {
	next, err := os.OpenFile(s.path+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = deadletter.Lock(next)
	if err == nil {
		_, err = next.Write(b)
	}
	if err == nil {
		err = next.Sync()
	}
	if err == nil {
		err = os.Rename(next.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, next.Close())
	}
	_ = s.held.Close() // nothing reads it any more
	s.held = next
	// Not every system can; the name of the state before leads to repeats only.
	if d, err := os.Open(filepath.Dir(s.path)); err == nil {
		_ = errors.Join(d.Sync(), d.Close())
	}
	return nil
}
