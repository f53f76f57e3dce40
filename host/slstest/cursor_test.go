package slstest

import "testing"

func TestCursorIsBase64OfADecimal(t *testing.T) {
	// The SDK's own example, in util_test.go.
	if got := EncodeCursor(1729070618428044655); got != "MTcyOTA3MDYxODQyODA0NDY1NQ==" {
		t.Error(got)
	}
	for _, bad := range []string{"", "MA", "MTIz\n", "%%%", "LTE=", "MDE=", "KzE=", "YWJj", "OTIyMzM3MjAzNjg1NDc3NTgwOA=="} {
		if n, err := DecodeCursor(bad); err == nil || answer(err).Code != codeInvalidCursor || answer(err).Status != 400 {
			t.Errorf("%q: %d, %v", bad, n, err)
		}
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add("MTcyOTA3MDYxODQyODA0NDY1NQ==")
	f.Add("MA==")
	f.Add("LTE=")
	f.Fuzz(func(t *testing.T, cursor string) {
		n, err := DecodeCursor(cursor)
		if err == nil && (n < 0 || EncodeCursor(n) != cursor) {
			t.Errorf("%q was read as %d", cursor, n)
		}
	})
}
