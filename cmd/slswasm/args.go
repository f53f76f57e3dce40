package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command before its other words, for the
// library reads no flag after the first of those: slswasm new x --lang go.
func flagsFirst(commands []*cli.Command, args []string) []string {
	if len(args) < 3 || args[len(args)-1] == completing {
		return args
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	if i < 0 {
		return args
	}
	if below := commands[i].Subcommands; len(below) > 0 {
		return slices.Concat(args[:1], flagsFirst(below, args[1:]))
	}
	if commands[i].ArgsUsage == "" {
		return args
	}
	var flags, words []string
	for rest := args[2:]; len(rest) > 0; rest = rest[1:] {
		arg := rest[0]
		if arg == "--" {
			words = append(words, rest[1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			words = append(words, arg)
			continue
		}
		flags = append(flags, arg)
		if len(rest) > 1 && takesValue(commands[i], arg) {
			rest = rest[1:]
			flags = append(flags, rest[0])
		}
	}
	return slices.Concat(args[:2], flags, []string{"--"}, words)
}

// takesValue says whether the word after this flag belongs to it.
func takesValue(c *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, f := range c.Flags {
		if slices.Contains(f.Names(), name) {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}
