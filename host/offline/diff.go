package offline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A DiffLine is one line of a difference.
type DiffLine struct {
	Kind byte // '-' wanted, '+' there instead, ' ' in both, '@' heading
	Text string
}

// diffTable bounds the work and the memory of one comparison.
const diffTable = 1 << 22

// diff compares two texts line by line: what only one of them has, in order,
// between what both have.
func diff(want, got []string) []DiffLine {
	var head, tail []DiffLine
	for len(want) > 0 && len(got) > 0 && want[0] == got[0] {
		head = append(head, DiffLine{' ', want[0]})
		want, got = want[1:], got[1:]
	}
	for len(want) > 0 && len(got) > 0 && want[len(want)-1] == got[len(got)-1] {
		tail = append(tail, DiffLine{' ', want[len(want)-1]})
		want, got = want[:len(want)-1], got[:len(got)-1]
	}
	out := append(head, middle(want, got)...)
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	return out
}

// middle finds the longest common subsequence, unless that is too much work.
func middle(want, got []string) (out []DiffLine) {
	n, m := len(want), len(got)
	lengths := make([][]int32, n+1)
	if (n+1)*(m+1) <= diffTable {
		for i := range lengths {
			lengths[i] = make([]int32, m+1)
		}
		for i := n - 1; i >= 0; i-- {
			for j := m - 1; j >= 0; j-- {
				if want[i] == got[j] {
					lengths[i][j] = lengths[i+1][j+1] + 1
				} else {
					lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
				}
			}
		}
	}
	i, j := 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && lengths[i] != nil && want[i] == got[j]:
			out = append(out, DiffLine{' ', want[i]})
			i, j = i+1, j+1
		case i < n && (j == m || lengths[i] == nil || lengths[i+1][j] >= lengths[i][j+1]):
			out = append(out, DiffLine{'-', want[i]})
			i++
		default:
			out = append(out, DiffLine{'+', got[j]})
			j++
		}
	}
	return out
}

// diffJSON compares two lists of JSON values, in normal form. Values that
// stand in each other's place are compared line by line, indented.
func diffJSON(want, got []string) (out []DiffLine) {
	var minus, plus []string
	line := 0 // of what is there
	flush := func() {
		for k := range max(len(minus), len(plus)) {
			out = append(out, DiffLine{'@', fmt.Sprintf("line %d", line-len(plus)+min(k, max(0, len(plus)-1))+1)})
			switch {
			case k >= len(minus):
				out = append(out, DiffLine{'+', plus[k]})
			case k >= len(plus):
				out = append(out, DiffLine{'-', minus[k]})
			default:
				out = append(out, around(diff(indented(minus[k]), indented(plus[k])))...)
			}
		}
		minus, plus = nil, nil
	}
	for _, d := range diff(want, got) {
		switch d.Kind {
		case '-':
			minus = append(minus, d.Text)
			continue
		case '+':
			plus = append(plus, d.Text)
		default:
			flush()
		}
		line++
	}
	flush()
	return out
}

func indented(value string) []string {
	var b bytes.Buffer
	_ = json.Indent(&b, []byte(value), "", "  ") // it is valid
	return strings.Split(b.String(), "\n")
}

// around leaves of the lines in both texts only those next to a difference.
func around(lines []DiffLine) (out []DiffLine) {
	const context = 1
	differs := func(from, to int) bool {
		for i := max(0, from); i < min(len(lines), to); i++ {
			if lines[i].Kind != ' ' {
				return true
			}
		}
		return false
	}
	for i, l := range lines {
		if differs(i-context, i+context+1) {
			out = append(out, l)
		}
	}
	return out
}
