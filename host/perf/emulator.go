package perf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/slstest"
)

// Project is the emulator's only project; its logstores are called as the
// kinds of input, and one more is empty.
const Project = "bench"

// A Ready is what a program of the report prints, on one line, when it listens.
type Ready struct {
	Address string `json:"address"`          // of HTTP
	Syslog  string `json:"syslog,omitempty"` // of the receiver
}

// NewService is an emulated Log Service with so many bytes of each kind of
// input, a tenth of it where a log has only a few. Its pulls are compressed beforehand.
func NewService(shards, bytes int, kinds ...input.Kind) (*slstest.Server, error) {
	stores := []slstest.Logstore{{Name: emptyStore, Shards: shards}}
	for _, kind := range kinds {
		stores = append(stores, slstest.Logstore{Name: string(kind), Shards: shards})
	}
	s, err := slstest.New(slstest.Config{
		Projects: []slstest.Project{{Name: Project, Logstores: stores}}, CacheBytes: 1 << 62, MaxSkew: -1,
	})
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		size := bytes
		if n := input.Sizes()[kind]; n > 0 && n < 100 {
			size /= 10
		}
		if err := fill(s, kind, size); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func fill(s *slstest.Server, kind input.Kind, bytes int) error {
	groups, err := input.Groups(kind, bytes)
	if err != nil {
		return err
	}
	for g := range groups {
		if err := s.Put(Project, string(kind), slstest.AnyShard, g); err != nil {
			return err
		}
	}
	return s.Prebuild(Project, string(kind), slstest.MaxPullCount, "lz4")
}

// Emulate is the program that logs come from. It says on out when it is
// ready, and runs until ctx ends.
func Emulate(ctx context.Context, out io.Writer, shards, bytes int) (err error) {
	s, err := NewService(shards, bytes, slices.Concat(input.Kinds(), slices.Collect(maps.Keys(input.Sizes())))...)
	if err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Start(""); err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(Ready{Address: s.Addr()}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
