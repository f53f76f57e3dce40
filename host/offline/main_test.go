package offline

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host/guest/guesttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture returns one of the small guests of testdata/wat.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return guesttest.Hex(t, "testdata/wat/"+name+".hex")
}
