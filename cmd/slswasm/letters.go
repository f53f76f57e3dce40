package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/replay"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// show prints what --list and --dry-run found. Once letters were read, an error
// is no wrong call any more.
func (s *replaySettings) show(c *cli.Context, cfg replay.Config) error {
	look := replay.List
	if s.dryRun {
		look = replay.Preview
	}
	groups, counts, err := look(c.Context, cfg)
	switch {
	case err != nil && counts.Letters == 0:
		return usage(err)
	case err != nil:
		return err
	case s.asJSON:
		return json.NewEncoder(c.App.Writer).Encode(struct {
			Groups []replay.Group `json:"groups"`
			Counts replay.Counts  `json:"counts"`
		}{groups, counts})
	}
	if err := printGroups(c.App.Writer, groups); err != nil {
		return err
	}
	verb, left := "to be sent:", counts
	if s.list { // which has all letters, replayed or not
		verb, cfg.Again = "there are", "" // nothing is written
		if _, left, err = replay.Preview(c.Context, cfg); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s %s, for %s; %s\n",
		verb, plural(int(counts.Sent), "letter"), plural(len(groups), "reason"), s.standing(left))
	return err
}

// standing says how far a replay has come, and what of the files it would leave
// out.
func (s *replaySettings) standing(left replay.Counts) string {
	text := fmt.Sprintf("replayed before: %d", left.Before)
	switch {
	case left.Sent == 0 && left.Before > 0:
		text += ", and nothing is left to be sent; --restart sends it again"
	case s.list:
		text += fmt.Sprintf(", still to be sent: %d", left.Sent)
	}
	for _, more := range []struct {
		n    int64
		what string
	}{
		{left.Repeated, "left out, for their log is sent with another letter"}, {left.Filtered, "filtered"}, {left.Bad, "bad lines"},
	} {
		if more.n > 0 {
			text += fmt.Sprintf(", %s: %d", more.what, more.n)
		}
	}
	return text
}

func printGroups(w io.Writer, groups []replay.Group) error {
	if len(groups) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LETTERS\tSTAGE\tFIRST\tLAST\tEXAMPLE\tREASON")
	for _, g := range groups {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", g.Letters, stageName(g.Stage),
			g.First.UTC().Format(time.RFC3339), g.Last.UTC().Format(time.RFC3339), g.Example.Place, abi.Printable([]byte(g.Reason), longReason))
	}
	return t.Flush()
}

func stageName(s deadletter.Stage) string {
	name := s.Kind + " " + s.Name
	if len(s.SHA256) >= 8 {
		name += "@" + s.SHA256[:8]
	}
	return abi.Printable([]byte(name), longReason)
}

// longReason is what a line of the table has room for, in bytes.
const longReason = 200
