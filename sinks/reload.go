package sinks

// A Reloader is a Sink with something to read again while it works, such as a
// token in a file.
type Reloader interface {
	// Reload reads it again. After an error, which names the setting, the sink
	// goes on with what it had.
	Reload() error
}
