package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/go-units"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// The names of the checks of this machine.
const (
	checkLetters = "dead letters"
	checkDisk    = "disk"
	checkFiles   = "open files"
)

const (
	leastFree = 1 << 30 // bytes on the disk of the dead letters

	// Of each shard: a pull and a checkpoint at once. Of the rest: the log, the
	// dead letters, modules and their cache, heartbeats, an admin page.
	filesOfShard = 2
	filesOfRest  = 64
)

// machine is what is looked at last: how many files a run needs depends on
// what the others found.
func (c Config) machine(others []*patient) *patient {
	p := &patient{subject: "this machine"}
	if path := c.Host.DeadLetters; path != "" {
		var dir string
		p.checks = append(p.checks,
			check{name: checkLetters, try: func(context.Context) (f finding) {
				dir, f = letters(path)
				return f
			}},
			check{name: checkDisk, needs: []string{checkLetters}, try: func(context.Context) finding { return c.disk(dir) }})
	}
	p.checks = append(p.checks, check{name: checkFiles, try: func(context.Context) finding { return c.files(others) }})
	return p
}

func letters(path string) (dir string, f finding) {
	dir, err := deadletter.Probe(path)
	switch {
	case errors.Is(err, deadletter.ErrInUse):
		return dir, warning("%v", err).but("give each process a file of its own with --dead-letters; if it is the run that you are asking about, all is well")
	case errors.Is(err, deadletter.ErrForeign):
		return dir, failed("%v", err).but("name another file with --dead-letters")
	case err != nil:
		return dir, failed("%v", err).but("let --dead-letters name a file that this user may write")
	}
	return dir, ok("%s can be written", deadletter.File(path))
}

func (c Config) disk(dir string) finding {
	free, known := c.freeSpace(dir)
	if !known {
		return skipped("how much is free cannot be known here")
	}
	least := max(leastFree, 2*uint64(max(c.Host.LettersSize, 0)))
	text := fmt.Sprintf("%s free in %s", units.BytesSize(float64(free)), dir)
	if free < least {
		return warning("%s, for the dead letters", text).but("make room for at least %s, or name another place with --dead-letters: a full disk holds deliveries", units.BytesSize(float64(least)))
	}
	return ok("%s", text)
}

func (c Config) files(others []*patient) finding {
	most, known := c.fileLimit()
	if !known {
		return skipped("this system has no limit that could be asked for")
	}
	need, shards, conns := uint64(filesOfRest), 0, 0
	for _, p := range others {
		if p.shards != nil {
			n, _ := p.shards()
			shards += n
		}
		conns += p.conns
	}
	need += uint64(filesOfShard*shards + conns)
	text := fmt.Sprintf("%d shards and %d connections to receivers need about %d open files, and %d are allowed", shards, conns, need, most)
	if most < need {
		return failed("%s", text).but("raise the limit: ulimit -n, or LimitNOFILE= of the systemd unit")
	}
	return ok("%s", text)
}
