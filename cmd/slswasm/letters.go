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
	// --list shows all letters; what is left of them is the other's matter.
	verb, before := "there are", "replayed or not"
	if s.dryRun {
		verb, before = "to be sent:", fmt.Sprintf("replayed before: %d", counts.Before)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s %s, for %s; %s, of a log that has another letter: %d, filtered: %d, bad lines: %d\n",
		verb, plural(int(counts.Sent), "letter"), plural(len(groups), "reason"), before, counts.Repeated, counts.Filtered, counts.Bad)
	return err
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
