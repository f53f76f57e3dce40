package jsonscan

// An Entry says what one value of a valid text is and where it stands, or one
// end of an object or array. All entries of a text, in its order, are its tape: the
// host's import "json" writes them (abi/ABI.md, "The tape"), so that a guest
// need not look at each byte.
type Entry struct {
	Kind   Kind
	Flags  Flags
	Depth  uint16 // objects and arrays around it
	Next   uint32 // index of the entry after it and after all that is in it
	KeyAt  uint32 // where the member's key starts, behind its quote; in an array, the array's
	KeyLen uint32
	At     uint32 // where the value starts, a string's with its quotes
	Len    uint32
}

// Flags say what is in a string and in its key.
type Flags uint8

// The flags.
const (
	Escaped    Flags = 1 << iota // a backslash is in the string
	KeyEscaped                   // one is in the key
	// Marked strings have something that credentials and e-mail addresses have: an @,
	// a %, a full stop after P to S, an I after every other capital letter (A, C, E...),
	// or a u after a backslash, which may be any of these.
	Marked
	// KeyMarked values have a key that ends, as it is written, as names of secrets do: its
	// last two bytes are, but for their upper three bits, those of rd, wd, et, en, ey, on or ls
	// (password, pwd, secret, token, private key, authorization, credentials). A value in an
	// array goes by the array's key.
	KeyMarked
	// Named strings have a quote in them with two such bytes before it and its
	// backslashes: JSON text with a member named like a secret has, at any depth, unless the
	// name is written with a \u, which makes the string Marked.
	Named
)

// Key returns the key, as it is written between the quotes; text is what the
// tape is of.
func (e *Entry) Key(text []byte) []byte { return text[e.KeyAt:][:e.KeyLen] }

// Raw returns all of the value as it is written, a string with its quotes.
func (e *Entry) Raw(text []byte) Value { return Value(text[e.At:][:e.Len]) }
