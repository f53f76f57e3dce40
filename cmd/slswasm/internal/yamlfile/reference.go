package yamlfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// What a text may refer to: ${NAME} is a variable of the environment,
// ${NAME:-TEXT} has TEXT for one that is not set or empty, and a text that
// begins with file: is what that file holds, without the end of its last line.
// $${ and $$file: are these texts themselves.
const fromFile = "file:"

var (
	literalFile = regexp.MustCompile(`^(\$\$)+file:`)
	variable    = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)
)

// expand puts what the text refers to in its place. What stands there is not
// looked at again.
func (f *file) expand(text string) (_ string, refers bool, err error) {
	if path, ok := strings.CutPrefix(text, fromFile); ok {
		if path, _, err = f.expandVariables(path); err != nil {
			return "", true, err
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(f.dir, path)
		}
		content, err := readReferred(path)
		if err != nil {
			return "", true, err
		}
		return strings.TrimRight(string(content), "\r\n"), true, nil
	}
	if literalFile.MatchString(text) {
		text = text[len("$$"):]
	}
	return f.expandVariables(text)
}

func (f *file) expandVariables(text string) (_ string, refers bool, err error) {
	var out strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			out.WriteString(text)
			return out.String(), refers, nil
		}
		if strings.HasSuffix(text[:i], "$") {
			out.WriteString(text[:i] + "{")
			text = text[i+2:]
			continue
		}
		out.WriteString(text[:i])
		text = text[i:]
		m := variable.FindStringSubmatch(text)
		if m == nil {
			return "", true, errors.New("${ begins a reference such as ${NAME} or ${NAME:-TEXT}; $${ stands for itself")
		}
		value, set := f.lookup(m[1])
		switch {
		case value == "" && m[2] != "":
			value = m[3]
		case !set:
			return "", true, fmt.Errorf("${%s}: this environment variable is not set; ${%s:-TEXT} has a text for that case", m[1], m[1])
		}
		refers = true
		out.WriteString(value)
		text = text[len(m[0]):]
	}
}

// Escape is text as it has to be written where it refers to nothing.
func Escape(text string) string {
	text = strings.ReplaceAll(text, "${", "$${")
	if strings.HasPrefix(text, fromFile) || literalFile.MatchString(text) {
		text = "$$" + text
	}
	return text
}
