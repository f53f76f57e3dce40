package sinks

import (
	"strconv"

	"github.com/slswasm/slswasm/abi"
)

// TimeKey is the field of a flattened log that repeats the log's time.
const TimeKey = "__time__"

// RepeatsTime says whether a field says no more than the time of its event,
// in nanoseconds, which receivers are told apart from the fields. A content
// with the same key may have overridden it: that is data, and is delivered.
func RepeatsTime(f *abi.Field, ns int64) bool {
	if string(f.Key) != TimeKey {
		return false
	}
	var digits [20]byte
	return string(f.Value) == string(strconv.AppendInt(digits[:0], ns/1e9, 10))
}
