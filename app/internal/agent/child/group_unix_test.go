//go:build unix

package child

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDeadlineTakesTheGroup(t *testing.T) {
	for _, part := range []string{"hang", "orphan"} {
		var out bytes.Buffer
		begun := time.Now()
		err := runner(t).Run(t.Context(), Request{
			Args: []string{"internal", part}, Stdout: &out, Timeout: 700 * time.Millisecond,
		})
		if part == "hang" && !errors.Is(err, ErrDeadline) {
			t.Errorf("%s: have %v", part, err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: took %s", part, took)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(out.String()))
		if err != nil {
			t.Fatalf("%s: said %q", part, out.String())
		}
		if !gone(pid) {
			t.Errorf("%s: the grandchild %d lives", part, pid)
		}
	}
}

func gone(pid int) bool {
	for range 40 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		// Without an init to reap it, a killed orphan stays as a zombie.
		if raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil &&
			strings.Contains(string(raw), ") Z ") {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}
