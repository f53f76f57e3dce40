package offline

import (
	"context"

	"github.com/slswasm/slswasm/abi/tck"
)

// How a module stands to a rule.
const (
	RuleKept   = "pass"
	RuleUnkept = "warn" // one that a guest may have reasons not to keep
	RuleBroken = "FAIL"
)

// A Rule is one requirement of ABI.md.
type Rule struct {
	Section string `json:"section"`
	Rule    string `json:"rule"`
	Verdict string `json:"verdict"`
	Seen    string `json:"seen,omitempty"` // in place of what the rule asks for
}

// Conform holds the module against every rule of ABI.md. The error is ctx's
// alone.
func (r *Report) Conform(ctx context.Context, m *Module) error {
	for _, result := range tck.Check(ctx, m.Wasm, tck.WithConfig(m.Config), tck.WithName(m.Name)) {
		rule := Rule{Section: result.Section, Rule: result.Rule, Verdict: RuleKept}
		if result.Err != nil {
			rule.Verdict, rule.Seen = RuleUnkept, result.Err.Error()
		}
		if result.Failed() {
			rule.Verdict = RuleBroken
		}
		r.Conformance = append(r.Conformance, rule)
	}
	return ctx.Err()
}
