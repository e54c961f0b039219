package baddays

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks"
)

// held is what a run must not leave behind.
type held struct{ goroutines, threads, children, files int }

func holding(t *testing.T) held {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	h := held{goroutines: runtime.NumGoroutine()}
	for line := range strings.Lines(string(status)) {
		if n, ok := strings.CutPrefix(line, "Threads:"); ok {
			h.threads, _ = strconv.Atoi(strings.TrimSpace(n))
		}
	}
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, name := range tasks {
		raw, _ := os.ReadFile(name)
		h.children += len(strings.Fields(string(raw)))
	}
	files, _ := os.ReadDir("/proc/self/fd")
	h.files = len(files)
	return h
}

// TestNothingIsLeftBehind runs all self-tests again and again in one process, which the probe child never does:
// what one run leaks shows as a multiple.
func TestNothingIsLeftBehind(t *testing.T) {
	runs := 3
	if os.Getenv("BALISE_TEST_LONG") == "1" || os.Getenv("BALISE_TEST_ROOT") == "1" {
		runs = 50
	}
	cfg := checks.Config{}
	list, err := checks.Select(checks.All(cfg), quickOnes(cfg))
	if err != nil {
		t.Fatal(err)
	}
	runner, err := diagnostics.NewRunner(list)
	if err != nil {
		t.Fatal(err)
	}
	run := func() { runner.Run(t.Context(), nil) }
	run() // what is made once and kept is made now
	before := settled(t, held{})
	for range runs {
		run()
	}
	after := settled(t, before)
	t.Logf("after %d runs: %+v, before %+v", runs, after, before)
	// A few threads more are the scheduler's: it keeps those that once waited in the kernel.
	const slack = 8
	if after.goroutines > before.goroutines+2 || after.children > before.children ||
		after.files > before.files+4 || after.threads > before.threads+slack {
		buf := make([]byte, 1<<16)
		t.Errorf("left behind: %+v, before %+v\n%s", after, before, buf[:runtime.Stack(buf, true)])
	}
}

// settled waits until no more is held than want, or what was abandoned has had its time.
func settled(t *testing.T, want held) held {
	t.Helper()
	h := holding(t)
	for end := time.Now().Add(diagnostics.RunTimeout); time.Now().Before(end); h = holding(t) {
		if want != (held{}) && h.goroutines <= want.goroutines && h.children <= want.children && h.files <= want.files {
			break
		}
		if want == (held{}) && time.Until(end) < diagnostics.RunTimeout-time.Second {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return h
}
