package slstest

import (
	"encoding/base64"
	"strconv"
)

// A cursor is the place between two log groups of a shard: base64 of a
// decimal that grows by one with every log group. Clients must treat it as
// opaque.

// EncodeCursor writes the cursor at position n.
func EncodeCursor(n int64) string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, n, 10))
}

// DecodeCursor reads what EncodeCursor wrote, and nothing else: a cursor that
// would be written differently is malformed.
func DecodeCursor(cursor string) (int64, error) {
	text, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return 0, failure(400, codeInvalidCursor, "cursor %q is not base64", cursor)
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 || EncodeCursor(n) != cursor {
		return 0, failure(400, codeInvalidCursor, "cursor %q is malformed", cursor)
	}
	return n, nil
}
