package main

import slswasm "github.com/slswasm/slswasm/guests/go"

// A level is how risky an event is.
type level int

const (
	low level = iota
	medium
	high
	levels
)

func (l level) String() string { return [levels]string{"low", "medium", "high"}[l] }

func (l level) severity() slswasm.Severity {
	return [levels]slswasm.Severity{slswasm.Informational, slswasm.Warning, slswasm.Critical}[l]
}

// noise says whether an event may be dropped: a read by its name, that went
// well, of somebody who is known not to be the root account. Whatever is
// unclear is kept.
func (c *config) noise(t *trail) bool {
	return c.dropReads && t.rw != "Write" && c.readName(t.name) &&
		!t.failed() && !t.signIn() && t.identity != "" && !t.root() &&
		!c.keep.has(t.name) && !c.risky.has(t.name)
}

// readName says whether an event's name is one of a read: a prefix, and then
// another word.
func (c *config) readName(name string) bool {
	for _, p := range c.readPrefixes {
		if len(name) > len(p) && name[0] == p[0] && name[:len(p)] == p && 'A' <= name[len(p)] && name[len(p)] <= 'Z' {
			return true
		}
	}
	return false
}

// score says how risky an event is, from 0 up. What makes it so adds up.
func (c *config) score(t *trail) int {
	score := 5
	if t.write() {
		score = 20
	}
	if c.risky.has(t.name) {
		score += 40
	}
	if t.failed() {
		score += 30
	}
	if t.root() {
		score += 30
	}
	if t.signIn() && t.noMFA() {
		score += 20
	}
	return score
}

func (c *config) level(score int) level {
	switch {
	case score >= c.highAt:
		return high
	case score >= c.mediumAt:
		return medium
	}
	return low
}
