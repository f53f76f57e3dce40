package main

import (
	"context"
	"slices"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/sinks/hec"
)

// The library makes a list flag's default empty when it is also where the
// value goes.
func TestNestedTopics(t *testing.T) {
	for name, c := range map[string]struct{ args, want []string }{
		"default": {nil, hec.DefaultNest()},
		"given":   {[]string{"--hec-nest", "a", "--hec-nest", "b,c"}, []string{"a", "b,c"}},
	} {
		t.Run(name, func(t *testing.T) {
			var s hecSettings
			app := &cli.App{Flags: s.flags(), DisableSliceFlagSeparator: true, Action: func(*cli.Context) error { return nil }}
			args := append([]string{"slswasm", "--hec-url", "http://a", "--hec-token", "t"}, c.args...)
			if err := app.RunContext(context.Background(), args); err != nil {
				t.Fatal(err)
			}
			configs, err := s.configs()
			if err != nil || len(configs) != 1 || !slices.Equal(configs[0].Nest, c.want) {
				t.Errorf("%+v, %v; want topics %q", configs, err, c.want)
			}
		})
	}
}
