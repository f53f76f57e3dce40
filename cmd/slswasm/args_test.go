package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestFlagsFirst(t *testing.T) {
	commands := []*cli.Command{
		{Name: "new", ArgsUsage: "DIR", Flags: []cli.Flag{&cli.StringFlag{Name: "lang"}, &cli.BoolFlag{Name: "v", Aliases: []string{"verbose"}}}},
		{Name: "run", Flags: []cli.Flag{&cli.StringFlag{Name: "lang"}}},
	}
	for in, want := range map[string]string{
		"new":                        "new",
		"new x":                      "new -- x",
		"new x --lang go":            "new --lang go -- x",
		"new x --lang=go y":          "new --lang=go -- x y",
		"new x -v y --verbose z":     "new -v --verbose -- x y z",
		"new x -lang go":             "new -lang go -- x",
		"new --lang go -- --lang -v": "new --lang go -- --lang -v",
		"new - --lang":               "new --lang -- -",
		"new x --unknown y":          "new --unknown -- x y",
		"run x --lang go":            "run x --lang go",
		"fly x --lang go":            "fly x --lang go",
	} {
		got := flagsFirst(commands, append([]string{"slswasm"}, strings.Fields(in)...))
		if want := append([]string{"slswasm"}, strings.Fields(want)...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
