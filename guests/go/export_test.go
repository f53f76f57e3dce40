package slswasm

// Fresh puts a guest that has declared nothing in place of the one at hand,
// and returns a function that brings that one back.
func Fresh() (restore func()) {
	old := self
	self = new(guest)
	return func() { self = old }
}

// Cursor reads a batch's cursor.
func Cursor(batch []byte) uint32 { return word(batch, offCursor) }
