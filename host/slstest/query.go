package slstest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// A query is the part of SPL that the emulator carries out: everything, or
// the logs in which one field has one of some values.
type query struct {
	field  string // of the flattened log; "" is everything
	values []string
}

// parseQuery reads "*", "* | where FIELD = 'x'" and "* | where FIELD in ('a',
// 'b')"; FIELD may be in double quotes. Any other SPL is an error: a filter
// that is not carried out must not look like one that matched.
func parseQuery(text string) (*query, error) {
	p := spl{rest: text}
	q := &query{}
	p.expect("*")
	if p.next(); p.token != "" {
		p.is("|")
		p.expect("where")
		p.next()
		q.field = p.name()
		p.next()
		switch strings.ToLower(p.token) {
		case "=":
			p.next()
			q.values = []string{p.text()}
		case "in":
			q.values = p.list()
		default:
			p.fail()
		}
		p.expect("")
	}
	if p.failed {
		return nil, badParameter("query %q: this emulator knows *, * | where FIELD = 'x' and * | where FIELD in ('a', 'b')", text)
	}
	return q, nil
}

// An spl cuts a query into tokens: one punctuation character, a word, or a
// quoted text with its quotes.
type spl struct {
	rest, token string
	failed      bool
}

func (p *spl) fail() { p.failed, p.rest, p.token = true, "", "" }

func (p *spl) next() {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	n := 0
	switch {
	case p.rest == "":
	case p.rest[0] == '\'' || p.rest[0] == '"':
		n = quotedLen(p.rest)
	case strings.IndexByte("*|=(),", p.rest[0]) >= 0:
		n = 1
	default:
		n = strings.IndexAny(p.rest, " \t\r\n'\"*|=(),")
		if n < 0 {
			n = len(p.rest)
		}
	}
	if n < 0 {
		p.fail()
		return
	}
	p.token, p.rest = p.rest[:n], p.rest[n:]
}

// quotedLen returns the length of the quoted text at the start of s, in which
// a doubled quote stands for one, or -1 when it does not end.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 == len(s) || s[i+1] != s[0] {
			return i + 1
		}
		i++
	}
	return -1
}

func (p *spl) is(token string) {
	if !strings.EqualFold(p.token, token) {
		p.fail()
	}
}

func (p *spl) expect(token string) {
	p.next()
	p.is(token)
}

func (p *spl) unquote(quote byte) (string, bool) {
	if len(p.token) < 2 || p.token[0] != quote {
		return "", false
	}
	q := string(quote)
	return strings.ReplaceAll(p.token[1:len(p.token)-1], q+q, q), true
}

func (p *spl) name() string {
	if s, ok := p.unquote('"'); ok && s != "" {
		return s
	}
	if p.token == "" || strings.ContainsAny(p.token, "'\"*|=(),") {
		p.fail()
	}
	return p.token
}

func (p *spl) text() string {
	s, ok := p.unquote('\'')
	if !ok {
		p.fail()
	}
	return s
}

func (p *spl) list() []string {
	p.expect("(")
	var out []string
	for !p.failed {
		p.next()
		out = append(out, p.text())
		if p.next(); p.token == ")" {
			return out
		}
		p.is(",")
	}
	return nil
}

// filter returns the group with only the logs that match, and their number. A
// group that is left without logs is nil.
func (q *query) filter(group []byte) (out []byte, logs int) {
	head := q.groupValue(group)
	_ = eachField(group, func(f field) error { // checked when it was put
		if f.num != groupLogs {
			out = append(out, f.whole...)
			return nil
		}
		if q.matches(f.value, head) {
			logs++
			out = append(out, f.whole...)
		}
		return nil
	})
	if logs == 0 {
		return nil, 0
	}
	return out, logs
}

// matches looks for the field in one log; contents override what the group
// says, and the last of them wins, as in the flattened log.
func (q *query) matches(log []byte, value *string) bool {
	if q.field == "" {
		return true
	}
	_ = eachField(log, func(f field) error { // checked when it was put
		switch {
		case f.num == logTime && q.field == "__time__" && value == nil:
			v, _ := protowire.ConsumeVarint(f.value)
			value = new(strconv.FormatUint(v, 10))
		case f.num == logTimeNs && q.field == "__time_ns_part__" && value == nil:
			if v, _ := protowire.ConsumeFixed32(f.value); v != 0 {
				value = new(strconv.FormatUint(uint64(v), 10))
			}
		case f.num == logContents:
			if k, v := decodePair(f.value); string(k) == q.field {
				value = new(string(v))
			}
		}
		return nil
	})
	return value != nil && slices.Contains(q.values, *value)
}

// groupValue returns the field's value for all logs of the group, if the
// group has one.
func (q *query) groupValue(group []byte) (value *string) {
	if q.field == "__topic__" || q.field == "__source__" {
		value = new("")
	}
	_ = eachField(group, func(f field) error { // checked when it was put
		switch {
		case f.num == groupTopic && q.field == "__topic__", f.num == groupSource && q.field == "__source__":
			value = new(string(f.value))
		case f.num == groupTags:
			if k, v := decodePair(f.value); q.field == fmt.Sprintf("__tag__:%s", k) {
				value = new(string(v))
			}
		}
		return nil
	})
	return value
}
