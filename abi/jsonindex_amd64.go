package abi

// indexStops looks through a text of 64 bytes or more, from an index on, lists the places that do
// not stand for themselves in a string, counted from that index, and returns how many there are
// and up to where it came: the text's end, or where there is no room for another block's.
// It reads nothing outside of text: the last bytes are part of a block that begins before them.
//
//go:noescape
func indexStops(places *[jsonPlaces]uint16, text []byte, from int) (n, to int)

// indexMarks lists, too, what marks a string (markBits), and says whether there are bytes over
// 0x7F. The text is of 65 bytes or more, from is not 0: it looks at the byte before, too.
//
//go:noescape
func indexMarks(places *[jsonPlaces]uint16, text []byte, from int) (n, to int, high bool)
