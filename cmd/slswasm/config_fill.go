package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
)

// A setting is what one flag is set to, and by whom.
type setting struct {
	texts []string       // several only for a flag that takes several
	value yamlfile.Value // where it stands; zero for the environment and the command line
	from  string         // --endpoint, SLS_ENDPOINT or slswasm.yaml:7
}

// settings are by the names of the flags.
type settings map[string]setting

// overrides are the settings of the environment and the command line, which
// stand above those of a file. An empty variable is none.
func overrides(c *cli.Context) settings {
	s, set := settings{}, c.LocalFlagNames()
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !slices.Contains(set, name) {
			continue
		}
		one := setting{texts: textsOf(c, f), from: "--" + name}
		if variable, value := variableOf(f); variable != "" && one.is(value) {
			if value == "" {
				continue
			}
			one.from = variable
		}
		s[name] = one
	}
	return s
}

// variableOf is the variable of the environment that sets a flag, if one does.
func variableOf(f cli.Flag) (name, value string) {
	if d, ok := f.(cli.DocGenerationFlag); ok && f.IsSet() { // which the command line alone does not do
		for _, name := range d.GetEnvVars() {
			if value, set := os.LookupEnv(name); set {
				return name, value
			}
		}
	}
	return "", ""
}

// is reports whether the setting is what a variable says, in whatever form
// numbers, sizes, durations and switches take.
func (s *setting) is(value string) bool {
	if len(s.texts) != 1 {
		return len(s.texts) == 0 && value == ""
	}
	forms := []string{value, strings.TrimSpace(value)}
	if n, err := strconv.ParseInt(value, 0, 64); err == nil {
		forms = append(forms, strconv.FormatInt(n, 10))
	}
	if yes, err := strconv.ParseBool(value); err == nil || value == "" {
		forms = append(forms, strconv.FormatBool(yes))
	}
	if d, err := time.ParseDuration(value); err == nil {
		forms = append(forms, d.String())
	}
	var size byteSize
	if err := size.Set(value); err == nil {
		forms = append(forms, size.String())
	}
	return slices.Contains(forms, s.texts[0])
}

func textsOf(c *cli.Context, f cli.Flag) []string {
	name := f.Names()[0]
	if isSlice(f) {
		return c.StringSlice(name)
	}
	if size, ok := c.Generic(name).(*byteSize); ok {
		return []string{size.String()}
	}
	return []string{c.String(name)}
}

func isSlice(f cli.Flag) bool {
	_, ok := f.(*cli.StringSliceFlag)
	return ok
}

// A filled group of flags has its defaults, and over them what was set.
type filled struct {
	flags []cli.Flag
	set   *flag.FlagSet
	where settings // those that were set
}

// fill sets flags, each to what the last layer says that has it. The error has
// every value that its flag does not take.
func fill(flags []cli.Flag, layers ...settings) (*filled, error) {
	f := &filled{flags, flag.NewFlagSet("", flag.ContinueOnError), settings{}}
	f.set.SetOutput(io.Discard)
	var errs []error
	for _, one := range flags {
		if err := one.Apply(f.set); err != nil {
			return nil, misuse(err, flags)
		}
	}
	for _, layer := range layers {
		for _, name := range slices.Sorted(maps.Keys(layer)) {
			if f.set.Lookup(name) == nil {
				continue
			}
			s := layer[name]
			if err := f.set.Set(name, s.text(f.flag(name))); err != nil {
				errs = append(errs, s.refused(flags, name))
			}
			f.where[name] = s
		}
	}
	return f, errors.Join(errs...)
}

func (f *filled) flag(name string) cli.Flag {
	i := slices.IndexFunc(f.flags, func(one cli.Flag) bool { return one.Names()[0] == name })
	return f.flags[i]
}

// defaultOf is what a flag is when nobody sets it.
func (f *filled) defaultOf(name string) string { return f.set.Lookup(name).DefValue }

// text is what flag.FlagSet takes.
func (s *setting) text(f cli.Flag) string {
	if isSlice(f) {
		return cli.NewStringSlice(s.texts...).Serialize()
	}
	return s.texts[0]
}

// refused says that a flag does not take the value.
func (s *setting) refused(flags []cli.Flag, name string) error {
	if s.value.IsZero() {
		return fmt.Errorf("%s: %q%s", s.from, s.texts[0], wanted(flags, name))
	}
	return s.value.Errorf("%q%s", s.texts[0], wanted(flags, name))
}

// texts are the values of a flag now; none where it is empty.
func (f *filled) texts(name string) []string {
	switch v := f.set.Lookup(name).Value.(type) {
	case *cli.StringSlice:
		return v.Value()
	case *byteSize:
		return []string{v.String()}
	default:
		return []string{v.String()}
	}
}
