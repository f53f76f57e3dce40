package soak

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is the account of a run, for the last line of the output.
type Report struct {
	Put         int `json:"put"`
	Delivered   int `json:"delivered"`    // logs that arrived wherever they had to
	Dropped     int `json:"dropped"`      // by the guest, and arrived nowhere
	DeadLetters int `json:"dead_letters"` // logs
	Missing     int `json:"missing"`
	Altered     int `json:"altered"`
	Unexpected  int `json:"unexpected"` // arrived where they had no business, or were given up without a reason
	Duplicates  int `json:"duplicates"` // arrivals beyond the first at a place

	Why      map[string]int `json:"duplicates_why"`
	Faults   map[string]int `json:"faults"`
	Problems []string       `json:"problems"` // crashes, processes that do not stop, logs that do not settle
	Seed     uint64         `json:"seed"`
	Seconds  float64        `json:"seconds"` // with the settling

	Times  map[int]int    `json:"-"`     // arrivals: how many logs and places had so many
	Exits  map[string]int `json:"exits"` // of processes that left by themselves, by code
	Dir    string         `json:"-"`     // of the processes' logs; kept unless all is well
	detail []string
}

// Good says whether nothing was lost, changed or made up, and nothing crashed.
func (r *Report) Good() bool {
	return r.Missing == 0 && r.Altered == 0 && r.Unexpected == 0 && len(r.Problems) == 0
}

// report closes the account.
func (w *world) report(took time.Duration, stuck error) (*Report, error) {
	r := &Report{Seed: w.cfg.Seed, Seconds: took.Seconds(), Dir: w.dir, Problems: []string{}, Faults: map[string]int{}, Exits: map[string]int{}}
	if stuck != nil {
		r.Problems = append(r.Problems, stuck.Error())
	}
	for _, s := range []*syslogSite{w.syslog, w.relp} {
		s.Down() // now it knows all that senders did
		for _, err := range s.errs {
			r.Problems = append(r.Problems, s.URL()+": "+err.Error())
		}
	}
	var errs []error
	for _, s := range w.slots {
		errs = append(errs, s.readLetters(w.account), s.readLog())
		r.Problems = append(r.Problems, s.problems...)
	}
	s := w.account.settle()
	r.Put, r.Delivered, r.Dropped, r.DeadLetters, r.Duplicates = s.put, s.delivered, s.dropped, s.deadLetters, s.duplicates
	r.Missing, r.Altered, r.Unexpected = len(s.missing), len(s.altered), len(s.unexpected)
	r.Why, r.Times = s.causes, s.times
	for name, n := range w.faults.counts() {
		if code, left := strings.CutPrefix(name, leftWith); left {
			r.Exits[code] = n
		} else {
			r.Faults[name] = n
		}
	}
	for _, list := range [][]string{s.missing, s.altered, s.unexpected} {
		r.detail = append(r.detail, list[:min(len(list), 10)]...)
	}
	return r, errors.Join(errs...)
}

// Print writes the account for people.
func (r *Report) Print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	table := func(title string, keys []string, counts map[string]int) {
		fmt.Fprintf(t, "\n%s\t\t\n", title)
		for _, k := range keys {
			fmt.Fprintf(t, "%s\t%d\t\n", k, counts[k])
		}
	}
	table("faults", sortedKeys(r.Faults), r.Faults)
	table("processes that left by themselves", sortedKeys(r.Exits), r.Exits)
	table("duplicates", slices.SortedFunc(maps.Keys(r.Why), func(a, b string) int { return r.Why[b] - r.Why[a] }), r.Why)
	fmt.Fprintf(t, "\narrivals of a log at a place\t\t\n")
	for _, times := range sortedKeys(r.Times) {
		fmt.Fprintf(t, "%d times\t%d\t\n", times, r.Times[times])
	}
	fmt.Fprintf(t, "\nput\t%d\t\ndelivered\t%d\t\ndropped by the guest\t%d\t\ndead letters\t%d\t\nmissing\t%d\t\naltered\t%d\t\nunexpected\t%d\t\n\n",
		r.Put, r.Delivered, r.Dropped, r.DeadLetters, r.Missing, r.Altered, r.Unexpected)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range slices.Concat(r.detail, r.Problems) {
		fmt.Fprintln(out, line)
	}
	if r.Dir != "" {
		fmt.Fprintf(out, "The logs of the processes are kept in %s\n", r.Dir)
	}
	return nil
}
