package guest

import "github.com/slswasm/slswasm/abi"

// A Refusal is what Compile returns, wrapped, when the guest's descriptor says
// that it does not take its configuration.
type Refusal struct {
	Reason string // the guest's words, as they are: not for a terminal
}

func (e *Refusal) Error() string {
	return "refuses its configuration: " + abi.Printable([]byte(e.Reason), shownText) + "; look at --guest-config"
}
