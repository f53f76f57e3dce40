package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

func manCommand() *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "print the manual page: all commands and flags, with their environment variables",
		Description: "To read it: slswasm man | man -l -\nTo keep it: slswasm man >/usr/local/share/man/man1/slswasm.1",
		Action: func(c *cli.Context) error {
			_, err := io.WriteString(c.App.Writer, manual(c.App))
			return err
		},
	}
}

// manual writes the page in the macros of man(7), for the library's own leaves
// out what commands say of themselves and the variables of flags.
func manual(app *cli.App) string {
	var b strings.Builder
	b.WriteString(".TH SLSWASM 1\n.nh\n.ad l\n.SH NAME\n" + app.Name + " \\- " + troff(app.Usage) + "\n")
	b.WriteString(".SH SYNOPSIS\n.B slswasm\n.I command\n[\\fIoptions\\fR] [\\fIarguments\\fR]\n")
	b.WriteString(".SH EXIT STATUS\n.TP\n.B 0\nit is done, or was stopped\n" +
		".TP\n.B 1\nit ran and failed, or was left at a second signal\n" +
		".TP\n.B 2\nnothing was started: what is wrong is the caller's to mend\n")
	b.WriteString(".SH COMMANDS\n")
	for _, c := range app.Commands {
		manualOf(&b, app.Name, c)
	}
	return b.String()
}

func manualOf(b *strings.Builder, parent string, c *cli.Command) {
	if c.Hidden || c.Name == "help" {
		return
	}
	name := parent + " " + c.Name
	fmt.Fprintf(b, ".SS %s\n%s.\n", troff(strings.TrimSpace(name+" "+c.ArgsUsage)), troff(c.Usage))
	for line := range strings.Lines(c.Description) {
		fmt.Fprintf(b, ".br\n%s\n", troff(strings.TrimSpace(line)))
	}
	category := ""
	for _, f := range c.VisibleFlags() { // which stand together as their categories do
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		if in, ok := f.(cli.CategorizableFlag); ok && in.GetCategory() != category && in.GetCategory() != "" {
			category = in.GetCategory()
			fmt.Fprintf(b, ".PP\n.I %s\n", troff(category))
		}
		b.WriteString(manualFlag(f.Names()[0], d))
	}
	for _, sub := range c.Subcommands {
		manualOf(b, name, sub)
	}
}

func manualFlag(name string, f cli.DocGenerationFlag) string {
	usage, value := f.GetUsage(), ""
	if f.TakesValue() {
		value = "VALUE"
		if before, rest, found := strings.Cut(usage, "`"); found {
			placeholder, after, _ := strings.Cut(rest, "`")
			value, usage = placeholder, before+placeholder+after
		}
	}
	text := fmt.Sprintf(".TP\n\\fB%s\\fR \\fI%s\\fR\n%s", troff("--"+name), troff(value), troff(usage))
	given := f.GetDefaultText()
	if given == "" {
		given = f.GetValue()
	}
	if f.TakesValue() && given != "" {
		text += troff(" (default: " + homeless(given) + ")")
	}
	if variables := f.GetEnvVars(); len(variables) > 0 {
		text += "\n.br\n" + troff("$"+strings.Join(variables, ", $"))
	}
	return text + "\n"
}

// homeless names the user's folder as all users call it, so that the page is
// the same wherever it is made.
func homeless(path string) string {
	if dir, err := os.UserCacheDir(); err == nil {
		return strings.Replace(path, dir, "~/.cache", 1)
	}
	return path
}

// troff escapes text, of one line.
func troff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}
