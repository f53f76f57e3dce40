package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"
)

// env names the environment variables of a flag: the documented ones first,
// then the one that every flag has.
func env(flag string, documented ...string) []string {
	return append(documented, "SLSWASM_"+strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

// A byteSize is a flag's value such as 64MiB, or 1MB, which is 1,000,000 bytes.
type byteSize int64

// decimal is a size in units of the International System. A letter alone means
// that of computers, as in a shell's limits: 64m.
var decimal = regexp.MustCompile(`(?i)^[0-9. ]+[kmgtp]b$`)

// Set implements flag.Value.
func (b *byteSize) Set(s string) error {
	read := units.RAMInBytes
	if decimal.MatchString(s) {
		read = units.FromHumanSize
	}
	n, err := read(s)
	*b = byteSize(n)
	return err
}

// String implements flag.Value. What it returns is read as the same again.
func (b byteSize) String() string {
	for _, text := range []string{units.BytesSize(float64(b)), units.HumanSize(float64(b))} {
		var again byteSize
		if err := again.Set(text); err == nil && again == b {
			return text
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// A category heads a group of flags in the help text. Its flags have the
// default that is at to when they are made, and an environment variable.
type category string

func (c category) text(to *string, name, usage string, documented ...string) cli.Flag {
	return &cli.StringFlag{
		Name: name, Usage: usage, Destination: to, Value: *to,
		Category: string(c), EnvVars: env(name, documented...),
	}
}

// file is a text that names a file or a folder. In a configuration file it is
// relative to that file's folder.
func (c category) file(to *string, name, usage string) cli.Flag {
	return &cli.StringFlag{
		Name: name, Usage: usage, Destination: to, Value: *to, TakesFile: true,
		Category: string(c), EnvVars: env(name),
	}
}

// A secretFlag is a text that is shown nowhere.
type secretFlag struct{ *cli.StringFlag }

func (c category) secret(to *string, name, usage string, documented ...string) cli.Flag {
	return secretFlag{c.text(to, name, usage, documented...).(*cli.StringFlag)}
}

func (c category) number(to *int, name, usage string) cli.Flag {
	return &cli.IntFlag{Name: name, Usage: usage, Destination: to, Value: *to, Category: string(c), EnvVars: env(name)}
}

func (c category) duration(to *time.Duration, name, usage string) cli.Flag {
	return &cli.DurationFlag{Name: name, Usage: usage, Destination: to, Value: *to, Category: string(c), EnvVars: env(name)}
}

func (c category) yes(to *bool, name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to, Value: *to, Category: string(c), EnvVars: env(name)}
}

func (c category) size(to *byteSize, name, usage string) cli.Flag {
	return &cli.GenericFlag{
		Name: name, Usage: usage, Value: to, Category: string(c), EnvVars: env(name),
	}
}

// notZero refuses 0 for flags for which the packages below take it for their
// default. The values are numbers of whatever kind.
func notZero(values map[string]int64) error {
	var errs []error
	for _, flag := range slices.Sorted(maps.Keys(values)) {
		if values[flag] == 0 {
			errs = append(errs, fmt.Errorf("--%s: cannot be 0", flag))
		}
	}
	return errors.Join(errs...)
}
