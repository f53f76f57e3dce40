package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
)

// What the library, and package flag below it, say of flags.
var (
	unknownFlag = regexp.MustCompile(`^flag provided but not defined: -+(\S+)`)
	noValue     = regexp.MustCompile(`^flag needs an argument: -+(\S+)`)
	badValue    = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-+(\S+): parse error`)
	badVariable = regexp.MustCompile(`^could not parse ("(?:[^"\\]|\\.)*") as \w+ value from environment variable "(\w+)" for flag ([^ :]+)`)
)

// misuse says in this program's words what is wrong with a flag, and how to
// mend it.
func misuse(err error, flags []cli.Flag) error {
	text := err.Error()
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		hint := ""
		if like := cli.SuggestFlag(flags, m[1], false); like != "" && like != "-h" { // which is like anything short
			hint = "; did you mean " + like + "?"
		}
		return fmt.Errorf("--%s: there is no such flag%s", m[1], hint)
	}
	if m := noValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("--%s: needs a value", m[1])
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("--%s: %s%s", m[2], m[1], wanted(flags, m[2]))
	}
	if m := badVariable.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s in the environment: %s%s", m[2], m[1], wanted(flags, m[3]))
	}
	return errors.New(text)
}

// misplaced says which flag a word may belong to that stands alone.
func misplaced(c *cli.Context, word string) string {
	has := func(name string) bool {
		return slices.ContainsFunc(c.Command.Flags, func(f cli.Flag) bool { return f.Names()[0] == name })
	}
	period := word
	if _, err := strconv.Atoi(word); err == nil {
		period += "s"
	}
	_, err := time.ParseDuration(period)
	_, watches := c.Generic("watch").(*interval)
	switch {
	case word == "true" || word == "false":
		return "; a switch takes its value behind an equals sign, such as --zstd=" + word
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(word)) && has("config"):
		return "; did you mean --config " + word + "?"
	case err == nil && watches:
		return "; did you mean --watch=" + period + "?"
	}
	return ""
}

// wanted says what a flag takes.
func wanted(flags []cli.Flag, name string) string {
	for _, f := range flags {
		if f.Names()[0] != name {
			continue
		}
		switch f := f.(type) {
		case *cli.DurationFlag:
			return " is no duration: want a number with its unit, such as 30s or 5m"
		case *cli.IntFlag, *cli.Int64Flag:
			return " is no whole number"
		case *cli.BoolFlag:
			return ": want true or false"
		case *cli.GenericFlag:
			switch f.Value.(type) {
			case *byteSize:
				return " is no size: want a number with its unit, such as 64MiB"
			case *interval:
				return " is no interval: want a number with its unit, such as 2s, and at least 100ms"
			}
		}
	}
	return " cannot be read"
}
