package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// completing is the word by which a shell asks what could come next.
const completing = "--generate-bash-completion"

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "print what makes a shell complete commands and flags: bash, zsh or fish",
		ArgsUsage: "SHELL",
		Description: "bash: slswasm completion bash >/etc/bash_completion.d/slswasm, or eval \"$(slswasm completion bash)\" in ~/.bashrc\n" +
			"zsh:  slswasm completion zsh >\"${fpath[1]}/_slswasm\"\n" +
			"fish: slswasm completion fish >~/.config/fish/completions/slswasm.fish",
		Action: func(c *cli.Context) error {
			var script string
			switch shell := c.Args().First(); {
			case c.NArg() != 1:
				return usage(fmt.Errorf("completion: want one shell: bash, zsh or fish; see slswasm completion --help"))
			case shell == "bash":
				script = bashCompletion
			case shell == "zsh":
				script = zshCompletion
			case shell == "fish":
				script = fishCompletion
			default:
				return usage(fmt.Errorf("completion: %q is none of: bash, zsh, fish", shell))
			}
			_, err := fmt.Fprintln(c.App.Writer, strings.TrimSpace(script))
			return err
		},
	}
}

// completes lets these commands, and those below them, answer to shells.
func completes(commands []*cli.Command) {
	for _, c := range commands {
		c.BashComplete = suggest
		completes(c.Subcommands)
	}
}

// suggest prints what can follow the words before it, each as NAME:WHAT IT IS;
// the shell chooses among them.
func suggest(c *cli.Context) {
	for _, sub := range c.Command.Subcommands {
		if !sub.Hidden && sub.Name != "help" {
			fmt.Fprintf(c.App.Writer, "%s:%s\n", sub.Name, sub.Usage)
		}
	}
	for _, f := range c.Command.VisibleFlags() {
		if d, ok := f.(cli.DocGenerationFlag); ok {
			fmt.Fprintf(c.App.Writer, "--%s:%s\n", f.Names()[0], strings.ReplaceAll(d.GetUsage(), "`", ""))
		}
	}
}

// What was typed is never evaluated, only handed on word by word. After a flag
// comes its value, for which the shell offers files.
const bashCompletion = `
# bash completion for slswasm
_slswasm() {
  local cur=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]/#\~/$HOME} line names=
  COMPREPLY=()
  [[ $cur == -* || ${COMP_WORDS[COMP_CWORD-1]} != [-=]* ]] || return 0
  while IFS= read -r line; do
    [[ $cur != -* && $line == -* ]] || names+=" ${line%%:*}"
  done < <("$program" "${COMP_WORDS[@]:1:COMP_CWORD-1}" ` + completing + ` 2>/dev/null)
  COMPREPLY=($(compgen -W "$names" -- "$cur"))
}
complete -o bashdefault -o default -F _slswasm slswasm
`

const zshCompletion = `
#compdef slswasm
_slswasm() {
  local -a lines
  if [[ $words[CURRENT] != -* && $words[CURRENT-1] == -* ]]; then
    _files
    return
  fi
  lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" "${(@)words[2,CURRENT-1]}" ` + completing + ` 2>/dev/null)}")
  if [[ $words[CURRENT] == -* ]]; then
    lines=(${(M)lines:#-*})
  else
    lines=(${lines:#-*})
  fi
  if (( $#lines )); then
    _describe slswasm lines
  else
    _files
  fi
}
if [[ $funcstack[1] == _slswasm ]]; then
  _slswasm "$@"
else
  compdef _slswasm slswasm
fi
`

const fishCompletion = `
# fish completion for slswasm
function __slswasm_complete
    set -l words (commandline -opc)
    set -l lines ($words[1] $words[2..] ` + completing + ` 2>/dev/null | string replace ':' \t)
    if string match -q -- '-*' (commandline -ct)
        string match -- '-*' $lines
    else if not string match -q -- '-*' $words[-1]
        string match -v -- '-*' $lines
    end
end
complete -c slswasm -n __fish_use_subcommand -f
complete -c slswasm -a '(__slswasm_complete)'
`
