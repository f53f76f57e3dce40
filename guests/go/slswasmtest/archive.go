package slswasmtest

import "strings"

// archive is a txtar archive: a comment, and files after "-- name --" lines.
type archive struct {
	comment string
	names   []string
	files   map[string]string
}

func parseArchive(text []byte) *archive {
	a := &archive{files: map[string]string{}}
	name := ""
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "-- "); ok && strings.HasSuffix(n, " --") {
			name = strings.TrimSuffix(n, " --")
			a.set(name, "")
		} else if name == "" {
			a.comment += line
		} else {
			a.files[name] += line
		}
	}
	return a
}

func (a *archive) set(name, text string) {
	if _, ok := a.files[name]; !ok {
		a.names = append(a.names, name)
	}
	a.files[name] = text
}

func (a *archive) format() []byte {
	out := []byte(a.comment)
	for _, n := range a.names {
		out = append(out, "-- "+n+" --\n"+a.files[n]...)
	}
	return out
}
