package repairtest

import (
	"os"
	"os/exec"
	"testing"
)

func child(t *testing.T, flaw string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFlawsAreFound$", "-test.v")
	cmd.Env = append(os.Environ(), "BALISE_TEST_FLAW="+flaw, TableEnv+"=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
