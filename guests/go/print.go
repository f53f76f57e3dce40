package slswasm

// A Level is the severity of a line in the host's own log.
type Level int32

// The levels of Print.
const (
	LevelDebug Level = levelDebug
	LevelInfo  Level = levelInfo
	LevelWarn  Level = levelWarn
	LevelError Level = levelError
)

// Print writes a line to the host's own log, for the people who run it. The
// host limits how many it takes: this is not a way to deliver anything.
func Print(level Level, text string) {
	if printTo != nil {
		printTo(level, text)
		return
	}
	printLine(level, text)
}

// PrintTo sends what the guest prints to f, for tests. With nil it goes to the
// host's log again, or nowhere if there is no host.
func PrintTo(f func(level Level, text string)) { printTo = f }

var printTo func(Level, string)
