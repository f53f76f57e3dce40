package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// Each shell is asked what it would offer for a line, of which the last word
// is being typed.
var shells = map[string]struct {
	start []string
	ask   string // a script that reads the words from its arguments
}{
	"bash": {[]string{"bash", "--norc", "-c"}, `
		source ./script
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slswasm
		[[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\n' "${COMPREPLY[@]}"`},
	"zsh": {[]string{"zsh", "-f", "-c"}, `
		compdef() { }
		_files() { }
		_describe() { print -rl -- "${(@)${(P@)2}%%:*}" | while read -r w; do [[ $w == ${words[CURRENT]}* ]] && print -r -- $w; done; return 0 }
		source ./script
		words=("$@"); CURRENT=$#; _slswasm`},
	"fish": {[]string{"fish", "--no-config", "-c"}, `
		source ./script
		complete -C (string join ' ' -- $argv) | string replace -r '\t.*' ''; true`},
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	app, runFlags := newApp(io.Discard, io.Discard), []string{}
	for _, f := range runCommand().Flags {
		runFlags = append(runFlags, "--"+f.Names()[0])
	}
	type line struct {
		name, typed string
		want        []string
	}
	lines := []line{
		{"commands", "slswasm ", commandNames(app.Commands)},
		{"the rest of a command", "slswasm re", []string{"replay"}},
		{"flags", "slswasm run --", append(runFlags, "--help")},
		{"the rest of a flag", "slswasm run --hec-tok", []string{"--hec-token", "--hec-token-file"}},
		{"a flag behind others", "slswasm run --zstd --sink hec --watc", []string{"--watch"}},
		{"flags of the program", "slswasm --v", []string{"--version"}},
		{"no command after a flag", "slswasm run --event ", nil},
		{"nothing", "slswasm run --no-such", nil},
		{"what is typed is not run", "slswasm run --query $(touch${IFS}ran) --zst", []string{"--zstd"}},
	}
	for _, c := range app.Commands {
		if len(c.Subcommands) > 0 {
			lines = append(lines, line{"commands of " + c.Name, "slswasm " + c.Name + " ", commandNames(c.Subcommands)})
		}
	}
	for shell, is := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(is.start[0]); err != nil {
				t.Skipf("SKIPPED: %s is not installed (Debian: %[1]s)", shell)
			}
			script, err := exec.CommandContext(t.Context(), "slswasm", "completion", shell).Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				dir := t.TempDir() // without files, which shells offer too
				if shell == "fish" && strings.Contains(l.typed, "$(") {
					continue // it hands them on as they are from a line, and expands them from here
				}
				path := filepath.Join(t.TempDir(), "script")
				if err := os.WriteFile(path, script, 0o600); err != nil {
					t.Fatal(err)
				}
				args := append(slices.Clone(is.start), strings.ReplaceAll(is.ask, "./script", path))
				if shell != "fish" {
					args = append(args, shell) // $0
				}
				args = append(args, strings.Split(l.typed, " ")...)
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
				out, err := cmd.Output()
				if err != nil {
					t.Errorf("%s: %v", l.name, err)
				}
				got := strings.Fields(string(out))
				slices.Sort(got)
				want := slices.Clone(l.want)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q offers\n%q, want\n%q", l.name, l.typed, got, want)
				}
				if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
					t.Errorf("%s: %q was evaluated", l.name, l.typed)
				}
			}
		})
	}
}

func commandNames(commands []*cli.Command) []string {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}
