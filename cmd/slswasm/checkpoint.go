package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/shard"
)

const checkpointHelp = "A checkpoint that moves forward leaves logs out: nobody delivers them. One that moves back has logs delivered again.\n" +
	"How many log groups, and how many seconds of arrival, is shown before anything is saved.\n" +
	"It is refused while a consumer of the group is at work, which would save its own place again: one that saved within\n" +
	"the group's timeout, or that the service still counts in. Stop it and wait for the timeout. A consumer that took a\n" +
	"shard over and has had nothing to save since is not seen.\n" +
	"Exit codes: 0 moved, 1 not all are moved or the service does not answer, 2 nothing was changed."

func checkpointCommand() *cli.Command {
	return &cli.Command{
		Name:        "checkpoint",
		Usage:       "show and move the checkpoints of a consumer group that is not at work",
		Subcommands: []*cli.Command{checkpointGet(), checkpointSet(), checkpointReset()},
	}
}

func checkpointGet() *cli.Command {
	var (
		s      observedSettings
		which  string
		asJSON bool
	)
	return &cli.Command{
		Name:  "get",
		Usage: "print the checkpoint of each shard, and when the log at it arrived",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "one JSON object, as slswasm status --json", Destination: &asJSON},
			&cli.StringFlag{Name: "shard", Usage: "`NUMBER` of the shard, or all", Destination: &which, Value: "all"},
		}, s.flags()...),
		Action: func(c *cli.Context) error {
			only, err := parseShard(which)
			if err != nil {
				return usage(err)
			}
			all, end, err := s.open(c)
			if err != nil {
				return err
			}
			defer end()
			seen, err := look(c.Context, all)
			if len(only) > 0 {
				err = errors.Join(err, seen.keep(only[0]))
			}
			show := seen.checkpoints
			if asJSON {
				show = seen.json
			}
			return errors.Join(show(c.App.Writer), err)
		},
	}
}

// keep leaves one shard of each group. It is an error when no group has it.
func (s *snapshot) keep(id int) error {
	found := false
	for i := range s.Groups {
		g := &s.Groups[i]
		g.Shards = slices.DeleteFunc(g.Shards, func(sh shardView) bool { return sh.Shard != id })
		found = found || len(g.Shards) > 0 || g.err != nil
	}
	if !found {
		return fmt.Errorf("--shard %d: there is no such shard", id)
	}
	return nil
}

func (s *snapshot) checkpoints(w io.Writer) error {
	return inColumns(w, func(t io.Writer) {
		for _, g := range s.Groups {
			if g.err != nil { // which is told elsewhere
				continue
			}
			fmt.Fprintf(t, "%s\nSHARD\tCHECKPOINT\tTIME\tSAVED\tCONSUMER\n", g.title)
			for _, sh := range g.Shards {
				fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\n", sh.Shard, shownCheckpoint(sh), shownTime(sh.Time), shownTime(sh.Saved), shownConsumer(sh.Consumer))
			}
		}
	})
}

func checkpointSet() *cli.Command {
	var (
		s         moveSettings
		which, to string
	)
	return &cli.Command{
		Name:        "set",
		Usage:       "move the checkpoint of a shard, or of all",
		Description: checkpointHelp,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "shard", Usage: "`NUMBER` of the shard, or all", Destination: &which},
			&cli.StringFlag{Name: "to", Usage: "begin, end, an ISO 8601 `TIME` of arrival, or a cursor of the shard", Destination: &to},
		}, s.flags()...),
		Action: func(c *cli.Context) error {
			target, err := shard.ParseTarget(to)
			if err != nil {
				err = fmt.Errorf("--to: %w", err)
			}
			shards, shardErr := parseShard(which)
			if err := errors.Join(shardErr, err); err != nil {
				return usage(err)
			}
			return s.move(c, func(*observed) shard.Target { return target }, shards...)
		},
	}
}

// parseShard reads --shard; none is all.
func parseShard(text string) ([]int, error) {
	if text == "all" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("--shard: %q: want the number of a shard, or all", text)
	}
	return []int{n}, nil
}

func checkpointReset() *cli.Command {
	var s moveSettings
	return &cli.Command{
		Name:        "reset",
		Usage:       "move the checkpoints of all shards to where a new group would start: --from",
		Description: checkpointHelp,
		Flags:       s.flags(),
		Action:      func(c *cli.Context) error { return s.move(c, func(o *observed) shard.Target { return o.Start() }) },
	}
}

// moveSettings are the flags of commands that move checkpoints.
type moveSettings struct {
	observedSettings
	yes, force bool
}

func (s *moveSettings) flags() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "yes", Usage: "do not ask; without it, and without a terminal, nothing is moved", Destination: &s.yes},
		&cli.BoolFlag{Name: "force", Usage: "also while a consumer is at work, which goes on from where it is and saves that again", Destination: &s.force},
	}, s.observedSettings.flags()...)
}

// A journey is the moves in one group.
type journey struct {
	*observed
	look  *shard.Group
	moves []shard.Move
}

func (s *moveSettings) move(c *cli.Context, to func(*observed) shard.Target, shards ...int) error {
	all, end, err := s.open(c)
	if err != nil {
		return err
	}
	defer end()
	if len(shards) > 0 && len(all) > 1 {
		return usage(fmt.Errorf("--shard %d: there are %d logstores; name one with --source or --logstore, or --shard all", shards[0], len(all)))
	}
	journeys := make([]*journey, len(all))
	var errs []error
	for i, o := range all {
		journeys[i] = &journey{observed: o}
		if err := journeys[i].plan(c, to(o), s.force, shards...); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", o.title(), err))
		}
	}
	if err := blameAlive(errs...); err != nil {
		return err
	}
	count := 0
	for _, j := range journeys {
		if err := j.table(c.App.Writer); err != nil {
			return err
		}
		count += len(j.moves)
	}
	if count == 0 {
		_, err := fmt.Fprintln(c.App.Writer, "nothing to move")
		return err
	}
	if !s.yes {
		if err := confirm(c, count); err != nil {
			return usage(err)
		}
		if err := unchanged(c.Context, journeys, s.force); err != nil { // the answer may have taken long
			return err
		}
	}
	for _, j := range journeys {
		if err := j.Apply(c.Context, j.moves); err != nil {
			errs = append(errs, fmt.Errorf("%s: not all checkpoints are moved: %w", j.title(), err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "moved: %s\n", plural(count, "checkpoint"))
	return err
}

// blameAlive is blame, and takes a group that is alive for what the user has to
// see to.
func blameAlive(errs ...error) error {
	for _, err := range errs {
		if _, ok := errors.AsType[*shard.AliveError](err); !ok {
			return blame(errs...)
		}
	}
	return usage(errors.Join(errs...))
}

// plan finds out what is to be moved; what is there already is not.
func (j *journey) plan(c *cli.Context, to shard.Target, force bool, shards ...int) (err error) {
	if j.look, err = j.Look(c.Context); err != nil {
		return err
	}
	moves, err := j.Plan(c.Context, j.look, to, shards...)
	if err != nil {
		return err
	}
	saved := map[int]string{}
	for _, s := range j.look.Shards {
		saved[s.Shard] = s.Checkpoint
	}
	j.moves = slices.DeleteFunc(moves, func(m shard.Move) bool { return saved[m.Shard] == m.To })
	err = j.Idle(c.Context, j.look)
	if alive, ok := errors.AsType[*shard.AliveError](err); ok {
		if !force {
			return fmt.Errorf("%w; stop it and wait for the timeout, or --force", alive)
		}
		fmt.Fprintf(c.App.ErrWriter, "slswasm: %v; it goes on from where it is and saves that again\n", alive)
		return nil
	}
	return err
}

// unchanged returns an error unless the groups still are what was shown.
func unchanged(ctx context.Context, journeys []*journey, force bool) error {
	var errs []error
	for _, j := range journeys {
		if force || len(j.moves) == 0 {
			continue
		}
		now, err := j.Look(ctx)
		if err == nil && !slices.EqualFunc(now.Shards, j.look.Shards, sameStanding) {
			err = errors.New("a consumer has saved a checkpoint meanwhile")
		}
		if err == nil {
			err = j.Idle(ctx, now)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: nothing was moved: %w", j.title(), err))
		}
	}
	return blameAlive(errs...)
}

func sameStanding(a, b shard.Standing) bool {
	return a.Shard == b.Shard && a.Checkpoint == b.Checkpoint
}

func (j *journey) table(w io.Writer) error {
	if len(j.moves) == 0 {
		return nil
	}
	return inColumns(w, func(t io.Writer) {
		fmt.Fprintf(t, "%s\nSHARD\tFROM\tTIME\t\tTO\tTIME\tWHICH\n", j.title())
		for _, m := range j.moves {
			fmt.Fprintf(t, "%d\t%s\t%s\t->\t%s\t%s\t%s\n", m.Shard, m.From, shownTime(known(m.FromTime)), m.To, shownTime(known(m.ToTime)), effect(m))
		}
	})
}

// effect says what a move does to the logs between.
func effect(m shard.Move) string {
	does := "changes nothing"
	switch {
	case m.Skips():
		does = "SKIPS"
	case m.Repeats():
		does = "repeats"
	default:
		return does
	}
	if m.Counted {
		does += " " + plural(int(max(m.Groups, -m.Groups)), "log group") + ","
	}
	return does + " " + m.Time().Abs().Truncate(time.Second).String() + " of arrivals"
}

// confirm asks on a terminal. It returns an error unless the answer is yes.
func confirm(c *cli.Context, count int) error {
	if in, ok := c.App.Reader.(*os.File); !ok || !isTerminal(in) {
		return errors.New("nothing was moved: there is no terminal to ask on; --yes moves without a question")
	}
	fmt.Fprintf(c.App.ErrWriter, "Move %s? Type yes: ", plural(count, "checkpoint"))
	answer, err := readLine(c.Context, c.App.Reader)
	if err == nil && !strings.EqualFold(strings.TrimSpace(answer), "yes") {
		err = errors.New("the answer was not yes")
	}
	if err != nil {
		return fmt.Errorf("nothing was moved: %w", err)
	}
	return nil
}

// readLine waits for a line, or for Ctrl-C: the read then stays behind, which
// cannot be ended, and goes with the process.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	type line struct {
		text string
		err  error
	}
	got := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(r).ReadString('\n')
		got <- line{text, err}
	}()
	select {
	case l := <-got:
		return l.text, l.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
