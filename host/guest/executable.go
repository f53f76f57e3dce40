package guest

import "context"

// sayIfInterpreted tells when the engine interprets guests in the place of compiling
// them, which it does without a word: at the start of a runtime it tries, as
// executable does here, whether memory can be made executable.
func (m *Module) sayIfInterpreted(ctx context.Context) {
	if m.cfg.Interpreter {
		return
	}
	if err := m.cfg.executable(); err != nil {
		m.info.Interpreted = err.Error()
		m.cfg.Logger.WarnContext(ctx, "guests are interpreted, fifty times slower: this system refuses executable memory",
			"guest", m.cfg.Name, "error", err)
	}
}
