package repairtest

import (
	"os"
	"testing"
)

// TestMain has all properties played: they are what is tested here, on worlds that are only values.
func TestMain(m *testing.M) {
	if err := os.Setenv("BALISE_TEST_DESKTOP", "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
