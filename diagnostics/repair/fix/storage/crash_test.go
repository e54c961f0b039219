//go:build unix

package storage

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

const crashEnv = "BALISE_TEST_REPAIR_CRASH"

// TestCrashChild is not a test by itself: it is the process that TestKilledAnywhere starts and that kills
// itself with SIGKILL at the n-th point of one kind.
func TestCrashChild(t *testing.T) {
	spec := os.Getenv(crashEnv)
	if spec == "" {
		return
	}
	part := strings.SplitN(spec, ":", 4)
	kind, end, dir := part[0], part[2], part[3]
	n, err := strconv.Atoi(part[1])
	must(t, err)
	hit := func(what string) {
		if what != kind {
			return
		}
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	b := newBench(t, dir)
	b.clean.moved = hit
	b.noted = func() { hit("note") }
	if _, err := b.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if end == "recover" {
		return
	}
	a := b.start(t)
	b.status = diagnostics.Pass
	switch end {
	case "undo":
		_, err = b.Undo(t.Context(), a.Ref, true, nil)
	case "delete":
		_, err = b.Continue(t.Context(), a.Ref, true, nil)
	}
	must(t, err)
}

// crash runs the child and tells whether it was killed, which is false once there are fewer points than n.
func crash(t *testing.T, kind string, n int, end, dir string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d:%s:%s", crashEnv, kind, n, end, dir))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if st, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || st.Signal() != syscall.SIGKILL {
		t.Fatalf("child: %v\n%s", err, out)
	}
	return true
}

var dirTime = regexp.MustCompile(`^(.* d\S+) .*$`)

// withoutFolderTimes drops the times of folders: a crash in the middle of a move leaves no way to know
// them.
func withoutFolderTimes(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = dirTime.ReplaceAllString(l, "$1")
	}
	return out
}

// A process that is killed at any moment of moving or of putting back leaves everything to be found in its
// place after the next start, and the attempt is reported once.
func TestKilledAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some dozens of processes")
	}
	for _, c := range []struct{ kind, end string }{{"hold", "undo"}, {"restore", "undo"}, {"note", "undo"}} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				dir := home(t)
				before := withoutFolderTimes(picture(t, dir))
				killed := crash(t, c.kind, n, c.end, dir)
				if !killed {
					t.Logf("killed at each of %d points", n-1)
					if n < 4 {
						t.Fatalf("only %d points to be killed at", n-1)
					}
					return
				}
				checkRecovered(t, dir, fmt.Sprintf("killed at %s %d", c.kind, n), before)
			}
		})
	}
}

func checkRecovered(t *testing.T, dir, what string, before []string) {
	t.Helper()
	b := newBench(t, dir)
	reports, err := b.Recover(t.Context())
	must(t, err)
	same(t, what, before, withoutFolderTimes(picture(t, dir)))
	for _, a := range reports {
		if a.Reason != "interrupted" || a.CanUndo || a.Finished.IsZero() {
			t.Errorf("%s: report %+v", what, a)
		}
	}
	again, err := newBench(t, dir).Recover(t.Context())
	if must(t, err); len(again) != 0 {
		t.Errorf("%s: reported twice: %+v", what, again)
	}
}

// Killed while it puts back what an earlier kill left: the third start finishes it.
func TestKilledWhileRecovering(t *testing.T) {
	dir := home(t)
	before := withoutFolderTimes(picture(t, dir))
	if !crash(t, "hold", 8, "undo", dir) {
		t.Fatal("not killed")
	}
	if !crash(t, "restore", 3, "recover", dir) {
		t.Fatal("not killed in recovery")
	}
	checkRecovered(t, dir, "killed twice", before)
}

// Killed in the middle of deleting: what is not gone yet goes back to where it was; nothing is deleted at a
// start, where nobody sees it; and the report says that deletion had begun.
func TestKilledWhileDeleting(t *testing.T) {
	for n := 1; n <= 6; n++ {
		dir := home(t)
		before := withoutFolderTimes(picture(t, dir))
		if !crash(t, "delete", n, "delete", dir) {
			t.Fatalf("not killed at %d", n)
		}
		b := newBench(t, dir)
		reports, err := b.Recover(t.Context())
		must(t, err)
		if len(reports) != 1 || reports[0].State != repair.Failed || reports[0].Reason != "interrupted" {
			t.Fatalf("killed at %d: %+v", n, reports)
		}
		for _, l := range withoutFolderTimes(picture(t, dir)) {
			if !contains(before, l) {
				t.Errorf("killed at %d: unexpected %q", n, l)
			}
		}
		told := false
		for _, s := range reports[0].Steps {
			for _, f := range s.Facts {
				told = told || f.Key == "deletion_had_begun"
			}
		}
		if !told {
			t.Errorf("killed at %d: the report does not say that deletion had begun: %+v", n, reports[0].Steps)
		}
		if _, err := os.Lstat(dir + "/.cache/balise-hold"); err == nil {
			t.Errorf("killed at %d: something is still held", n)
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
