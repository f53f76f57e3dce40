package yamlfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A Position is a place in a file; both count from 1, the column in characters.
type Position struct{ Line, Column int }

// An Error says what is wrong at a place of a file, and shows as much of the
// line as holds no other value, for that may be a secret.
type Error struct {
	File string
	Position
	Message string
	Excerpt string // may be empty
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if strings.TrimSpace(e.Excerpt) == "" {
		return text
	}
	number := fmt.Sprintf("%5d", e.Line)
	return fmt.Sprintf("%s\n%s | %s\n%*s | %*s", text, number, e.Excerpt, len(number), "", e.Column, "^")
}

// errorAt keeps the place within the file: the parser may look behind its end.
func (f *file) errorAt(at Position, excerpt, format string, args ...any) *Error {
	at = Position{min(max(at.Line, 1), len(f.lines)), max(at.Column, 1)}
	return &Error{File: f.name, Position: at, Message: fmt.Sprintf(format, args...), Excerpt: excerpt}
}

// line returns what a line holds from one column up to another; 0: to the end.
func (f *file) line(number, from, to int) string {
	if number < 1 || number > len(f.lines) {
		return ""
	}
	runes := []rune(strings.TrimRight(f.lines[number-1], "\r"))
	if to == 0 || to > len(runes)+1 {
		to = len(runes) + 1
	}
	if from < 1 || from >= to {
		return ""
	}
	return string(runes[from-1 : to-1])
}

// nodePosition is where a node begins.
func nodePosition(n ast.Node) Position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0]
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		n = v.Key
	}
	return tokenPosition(n.GetToken())
}

func tokenPosition(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{1, 1}
	}
	return Position{max(1, t.Position.Line), max(1, t.Position.Column)}
}

const tooDeep = "a key and its colon cannot stand here: the line is indented too deep, or a value that holds a colon and a space wants quotes"

// What the parser says, and what is said here.
var (
	twice    = regexp.MustCompile(`^mapping key "(.*)" already defined at \[(\d+):`)
	mistakes = []struct{ parser, here string }{
		{"tab", "a tab: YAML is indented with spaces alone"},
		{"'\t'", "a tab: YAML is indented with spaces alone"},
		{"-quoted text", "a quotation mark that is not closed"},
		{"reserved character", "a value that begins with this character wants quotes"},
		{"undefined alias name", "a value that begins with * wants quotes"},
		{"unexpected directive", "a value that begins with % wants quotes"},
		{"mapping value is not allowed", tooDeep},
		{"value is not allowed in this context", "the indentation of this line is that of no line above it"},
		{"non-map value is specified", "want KEY: VALUE, with a space behind the colon"},
		{"unexpected key name", "want KEY: VALUE, with a space behind the colon"},
		{"block sequence entries are not allowed", "a list begins on the line below its key"},
	}
)

// syntaxError says in this program's words what the parser found.
func (f *file) syntaxError(err error) error {
	var of yaml.Error
	if !errors.As(err, &of) || of.GetToken() == nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	t, message := of.GetToken(), of.GetMessage()
	at := tokenPosition(t)
	if m := twice.FindStringSubmatch(message); m != nil {
		return f.errorAt(at, f.harmless(at.Line), "%s: the key stands twice, first on line %s", m[1], m[2])
	}
	if e := f.openBracket(t, message); e != nil {
		return e
	}
	if open := f.openQuote(at.Line); open.Line > 0 && !strings.Contains(message, "tab") && !strings.Contains(message, "\t") {
		return f.errorAt(open, f.harmless(open.Line), "a quotation mark that is not closed on its line")
	}
	for _, m := range mistakes {
		if !strings.Contains(message, m.parser) {
			continue
		}
		if more := strings.Count(strings.TrimRight(t.Origin, "\n"), "\n"); more > 0 && m.here == tooDeep {
			// What was taken for one text goes on up to the line with the mistake.
			at.Line += more
			at.Column = 1 + len(f.line(at.Line, 1, 0)) - len(strings.TrimLeft(f.line(at.Line, 1, 0), " "))
		}
		return f.errorAt(at, f.harmless(at.Line), "%s", m.here)
	}
	if m := needsQuotes.FindStringSubmatch(f.line(at.Line, 1, 0)); m != nil {
		message = fmt.Sprintf("a value that begins with %s wants quotes", m[1])
	}
	return f.errorAt(at, f.harmless(at.Line), "%s", message)
}

// openBracket finds the bracket that is at fault, which may stand lines above
// the place where the parser noticed.
func (f *file) openBracket(t *token.Token, message string) *Error {
	if !strings.Contains(message, "must be specified") && !strings.Contains(message, "not found") && !strings.Contains(message, "end token") {
		return nil
	}
	at := tokenPosition(t)
	if before := f.line(at.Line, at.Column-1, at.Column); t.Type == token.MappingStartType && before == "$" {
		return f.errorAt(at, f.harmless(at.Line), `in brackets or braces, "${...}" wants quotes`)
	}
	depth := 0
	for open := t; open != nil; open = open.Prev {
		switch open.Type {
		case token.SequenceEndType, token.MappingEndType:
			depth++
		case token.SequenceStartType, token.MappingStartType:
			if depth--; depth < 0 {
				from := tokenPosition(open)
				return f.errorAt(from, f.harmless(from.Line), "this %s is not closed, or a comma is missing up to line %d", open.Value, at.Line)
			}
		}
	}
	return nil
}

// openQuote finds the last line up to one that has an odd number of double
// quotation marks: the text in them goes on where it should have ended.
func (f *file) openQuote(upTo int) Position {
	for number := upTo - 1; number > 0; number-- {
		line := []rune(strings.ReplaceAll(f.line(number, 1, 0), `\"`, "  "))
		count, last := 0, 0
		for i, r := range line {
			if r == '"' {
				count, last = count+1, i+1
			}
		}
		if count%2 == 1 {
			return Position{number, last}
		}
	}
	return Position{}
}

var (
	needsQuotes = regexp.MustCompile("^[\\w -]*: +([*&!|>%@`])")
	plainLine   = regexp.MustCompile(`^\s*(- )?\s*["']?[\w-]+["']?\s*:`)
	secretName  = regexp.MustCompile(`(?i)(key|secret|token|pass|salt|cred|auth)`)
)

// harmless is a line as far as it can be shown: a key without its value if the
// name is that of a secret, and nothing of a line that continues another.
func (f *file) harmless(number int) string {
	line := f.line(number, 1, 0)
	key := plainLine.FindString(line)
	switch {
	case key == "":
		return ""
	case secretName.MatchString(line):
		return key + " ***"
	}
	return strings.ReplaceAll(line, "\t", " ")
}

// IsSecretName reports whether a key seems to be that of a secret.
func IsSecretName(name string) bool { return secretName.MatchString(name) }
