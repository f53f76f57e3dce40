package main

import (
	"strings"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"
)

// env names the environment variables of a flag: the documented ones first,
// then the one that every flag has.
func env(flag string, documented ...string) []string {
	return append(documented, "SLSWASM_"+strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

// A byteSize is a flag's value such as 64MiB.
type byteSize int64

// Set implements flag.Value.
func (b *byteSize) Set(s string) error {
	n, err := units.RAMInBytes(s)
	*b = byteSize(n)
	return err
}

// String implements flag.Value.
func (b byteSize) String() string { return units.BytesSize(float64(b)) }

// A category heads a group of flags in the help text.
type category string

func (c category) text(to *string, name, usage string, documented ...string) cli.Flag {
	return &cli.StringFlag{
		Name: name, Usage: usage, Destination: to, Value: *to,
		Category: string(c), EnvVars: env(name, documented...),
	}
}

func (c category) size(to *byteSize, name, usage string) cli.Flag {
	return &cli.GenericFlag{
		Name: name, Usage: usage, Value: to, Category: string(c), EnvVars: env(name),
	}
}
