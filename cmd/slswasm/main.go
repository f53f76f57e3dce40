// Command slswasm brings Alibaba Cloud logs into a company's own SIEM,
// through WebAssembly modules that the company wrote itself.
//
// Here are the flags, the wiring and the exit codes, one file a subcommand,
// and nothing else: what the program does lives in host, abi and sinks.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
)

// Exit codes. Whatever is wrong before the first log moves is the user's to
// mend; what goes wrong later is ours, the receiver's or the service's.
const (
	exitOK     = 0
	exitFailed = 1 // it ran, and failed
	exitUsage  = 2 // nothing was started
)

func main() {
	os.Exit(realMain(os.Args, os.Stdout, os.Stderr))
}

func realMain(args []string, stdout, stderr io.Writer) int {
	ctx, stop := withSignals(context.Background(), stderr)
	defer stop()
	app := newApp(stdout, stderr)
	err := app.RunContext(ctx, flagsFirst(app.Commands, args))
	journal := app.Metadata[journalKey].(*journal)
	err = errors.Join(err, journal.close())
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "slswasm: %s\n", journal.secrets.Mask(indent(err.Error())))
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// withSignals returns a context that the first SIGINT or SIGTERM ends: pulling
// stops and what is in hand is drained. The second ends the process at once,
// also where a shell had told it to ignore the signal.
func withSignals(parent context.Context, stderr io.Writer) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		if heed(signals, done, func(s os.Signal) { cancel(fmt.Errorf("signal: %v", s)) }) {
			fmt.Fprintln(stderr, "slswasm: a second signal: left at once; what was not committed will be consumed again")
			os.Exit(exitFailed)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// sameSignal is how soon after the first a signal is that one once more: who
// signals a process and its group, as timeout and terminals do, signals twice.
const sameSignal = time.Second

// heed calls stop for the first signal, and returns true at the second, or
// false when it is done.
func heed(signals <-chan os.Signal, done <-chan struct{}, stop func(os.Signal)) bool {
	var first time.Time
	for {
		select {
		case s := <-signals:
			switch {
			case first.IsZero():
				first = time.Now()
				stop(s)
			case time.Since(first) >= sameSignal:
				return true
			}
		case <-done:
			return false
		}
	}
}

// indent keeps a message of several lines together.
func indent(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") }

// A usageError says that nothing was started, because of how the program was
// called or what it met at the start.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "slswasm",
		Usage:     "bring Alibaba Cloud logs into your SIEM, through your own WebAssembly module",
		Version:   version(),
		Writer:    stdout,
		ErrWriter: stderr,
		Suggest:   true,
		Metadata:  map[string]any{journalKey: new(journal)},
		// A comma belongs to the value: JSON, queries and regular expressions hold it.
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // realMain prints
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return usage(fmt.Errorf("%w; see slswasm --help", misuse(err, nil)))
		},
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return usage(fmt.Errorf("there is no command %q; see slswasm --help", name))
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			runCommand(), checkCommand(), replayCommand(), demoCommand(), emulateCommand(),
			statusCommand(), checkpointCommand(),
			newCommand(), testCommand(), tryCommand(), inspectCommand(), benchCommand(),
			configCommand(), completionCommand(), manCommand(), versionCommand(),
		},
		EnableBashCompletion: true, BashComplete: suggest,
	}
	completes(app.Commands)
	prepare(app.Commands, "")
	return app
}

// prepare lets commands, and those below them, speak of mistakes in this
// program's words.
func prepare(commands []*cli.Command, parent string) {
	for _, c := range commands {
		name := parent + c.Name
		c.OnUsageError = func(c *cli.Context, err error, _ bool) error {
			return usage(fmt.Errorf("%s: %w; see slswasm %s --help", name, misuse(err, c.Command.Flags), name))
		}
		switch {
		case len(c.Subcommands) > 0:
			prepare(c.Subcommands, name+" ")
			c.Action = noSuchCommand(name)
		case c.ArgsUsage == "":
			c.Before = noArguments
		}
	}
}

// noSuchCommand is what a command does that has others below it.
func noSuchCommand(name string) cli.ActionFunc {
	return func(c *cli.Context) error {
		if word := c.Args().First(); word != "" {
			return usage(fmt.Errorf("%s: there is no command %q; see slswasm %s --help", name, word, name))
		}
		return cli.ShowSubcommandHelp(c)
	}
}

// noArguments refuses words that no flag takes: a forgotten "--" must not
// change what runs.
func noArguments(c *cli.Context) error {
	if !c.Args().Present() || c.Bool("help") {
		return nil
	}
	word := c.Args().First()
	return usage(fmt.Errorf("%s: unexpected argument %q%s; see slswasm %s --help", c.Command.Name, word, misplaced(c, word), c.Command.Name))
}
