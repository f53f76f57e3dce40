package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/abi"
)

func statusCommand() *cli.Command {
	var (
		s      observedSettings
		every  interval
		asJSON bool
		maxLag time.Duration
	)
	return &cli.Command{
		Name:  "status",
		Usage: "how far the consumer group has come in each shard; joins no group and changes nothing",
		Description: "CONSUMER saved the checkpoint last: the service does not tell who is there now. TIME is when the log at the\n" +
			"checkpoint arrived, LAG from then to the newest log, WAITING how long that log has been there, GROUPS how many\n" +
			"log groups there are from it on. A shard that is over was split or merged, and is read to its end.\n" +
			"Exit codes: 0 looked, 1 the service does not answer or --max-lag is exceeded, 2 a setting is wrong.",
		Flags: append([]cli.Flag{
			&cli.GenericFlag{Name: "watch", Usage: "again and again until Ctrl-C; --watch=`INTERVAL` for another one than 5s", Value: &every, DefaultText: "once"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object; with --watch one a line", Destination: &asJSON},
			&cli.DurationFlag{Name: "max-lag", Usage: "exit 1 when a log that is not consumed has waited longer than this `DURATION`, for scripts", Destination: &maxLag},
		}, s.flags()...),
		Action: func(c *cli.Context) error {
			if maxLag < 0 || maxLag > 0 && every > 0 {
				return usage(errors.New("--max-lag: want a duration above 0, and no --watch"))
			}
			all, end, err := s.open(c)
			if err != nil {
				return err
			}
			defer end()
			show := (*snapshot).table
			if asJSON {
				show = (*snapshot).json
			}
			seen, err := look(c.Context, all)
			if every == 0 || misset(err) {
				return errors.Join(show(seen, c.App.Writer), err, seen.above(maxLag))
			}
			tick := time.NewTicker(time.Duration(every))
			defer tick.Stop()
			for screen := isTerminal(c.App.Writer) && !asJSON; c.Err() == nil; seen, err = look(c.Context, all) {
				if screen { // from the top, and nothing of what was there is left
					fmt.Fprint(c.App.Writer, "\x1b[H\x1b[2J")
				}
				if err := show(seen, c.App.Writer); err != nil {
					return err
				}
				if err != nil && !asJSON {
					fmt.Fprintf(c.App.ErrWriter, "slswasm: %s\n", indent(err.Error()))
				}
				select {
				case <-tick.C:
				case <-c.Done():
				}
			}
			return nil
		},
	}
}

// An interval is the value of a flag that may stand alone.
type interval time.Duration

const usualInterval = interval(5 * time.Second)

// IsBoolFlag lets the flag stand alone.
func (i *interval) IsBoolFlag() bool { return true }

// Set implements flag.Value.
func (i *interval) Set(text string) error {
	if on, err := strconv.ParseBool(text); err == nil {
		*i = 0
		if on {
			*i = usualInterval
		}
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second/10 {
		err = errors.New("parse error") // which misuse knows
	}
	*i = interval(d)
	return err
}

// String implements flag.Value.
func (i *interval) String() string { return time.Duration(*i).String() }

func misset(err error) bool {
	_, is := errors.AsType[*usageError](err)
	return is
}

// above is an error when a log that is not consumed has waited longer.
func (s *snapshot) above(limit time.Duration) error {
	var errs []error
	for _, g := range s.Groups {
		for _, sh := range g.Shards {
			if waits := seconds(sh.Waiting); limit > 0 && waits > limit {
				errs = append(errs, fmt.Errorf("%s, shard %d: a log has waited %v, longer than --max-lag %v", g.title, sh.Shard, waits, limit))
			}
		}
	}
	return errors.Join(errs...)
}

func (s *snapshot) json(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

// table is for people.
func (s *snapshot) table(w io.Writer) error {
	return inColumns(w, func(t io.Writer) {
		for _, g := range s.Groups {
			if g.err != nil { // which is told elsewhere
				continue
			}
			fmt.Fprintf(t, "%s\nSHARD\tSTATE\tCONSUMER\tSAVED\tCHECKPOINT\tTIME\tLAG\tWAITING\tGROUPS\n", g.title)
			for _, sh := range g.Shards {
				fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", sh.Shard, sh.State, shownConsumer(sh.Consumer), ago(s.At, sh.Saved),
					shownCheckpoint(sh), shownTime(sh.Time), sh.lag(), sh.waiting(), sh.groups())
			}
		}
	})
}

// inColumns writes all at once, or a screen would flicker.
func inColumns(w io.Writer, fill func(io.Writer)) error {
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fill(t)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

// maxShown is the most bytes of a text from the service that are shown.
const maxShown = 2 << 10

func shownConsumer(name string) string {
	if name == "" {
		return "-"
	}
	return abi.Printable([]byte(name), maxShown)
}

func shownCheckpoint(sh shardView) string {
	switch {
	case sh.Checkpoint == "":
		return "none"
	case sh.Expired:
		return sh.Checkpoint + " (expired)"
	}
	return sh.Checkpoint
}

func shownTime(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}

func ago(now time.Time, t *time.Time) string {
	if t == nil {
		return "-"
	}
	return max(0, now.Sub(*t)).Truncate(time.Second).String() + " ago"
}

func (sh *shardView) lag() string {
	if sh.UpToDate {
		return "up to date"
	}
	return seconds(sh.Lag).String()
}

func (sh *shardView) waiting() string {
	if sh.UpToDate {
		return "-"
	}
	return seconds(sh.Waiting).String()
}

func (sh *shardView) groups() string {
	if sh.Groups == nil {
		return "-"
	}
	return strconv.FormatInt(*sh.Groups, 10)
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
