//go:build linux

package printing_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	checks "balise/diagnostics/checks/printing"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/printing"
)

const (
	cupsEnv      = "BALISE_TEST_CUPS"
	cupsChildEnv = "BALISE_TEST_CUPS_CHILD"
	nobody       = 65534
)

// startCUPS starts a private CUPS and points this process's clients at it.
func startCUPS(t *testing.T) (socket string) {
	t.Helper()
	if os.Getenv(cupsEnv) != "1" {
		t.Skip("needs a CUPS of its own: as root, BALISE_TEST_CUPS=1 go test ./diagnostics/repair/fix/printing")
	}
	dir, err := os.MkdirTemp("", "bcups") // not t.TempDir: another user must reach the socket
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	start, err := filepath.Abs("../../../../packaging/desks/cups/start.sh")
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, start, dir)
	// A file, not a pipe: the daemon keeps what it inherits, and a pipe would keep us waiting for it.
	outFile := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(outFile)
	must(t, err)
	cmd.Stdout, cmd.Stderr = out, out
	runErr := cmd.Run()
	out.Close()
	t.Cleanup(func() {
		stop := filepath.Join(filepath.Dir(start), "stop.sh")
		if out, err := exec.Command(stop, dir).CombinedOutput(); err != nil {
			t.Errorf("stop CUPS: %v\n%s", err, out)
		}
	})
	raw, _ := os.ReadFile(outFile)
	if runErr != nil {
		t.Fatalf("start CUPS: %v\n%s", runErr, raw)
	}
	socket = filepath.Join(dir, "cups.sock")
	t.Setenv("CUPS_SERVER", socket)
	t.Setenv("LPDEST", "")
	t.Setenv("PRINTER", "")
	t.Setenv("HOME", t.TempDir()) // no lpoptions of the machine's own user
	return socket
}

// cups runs one of CUPS's own commands.
func cups(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// testPrinting runs the real self-tests.
func testPrinting(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, c := range checks.Checks(catalogue.Catalogue{}) {
		for _, id := range ids {
			if c.ID == id {
				o := c.Run(ctx, 0)
				list = append(list, diagnostics.Result{ID: id, Status: o.Status, Cause: o.Cause, Facts: o.Facts})
			}
		}
	}
	return list, nil
}

func printEngine(dir string) *repair.Engine {
	return repair.New(repair.Params{
		Journal: filepath.Join(dir, "repairs.jsonl"), Verify: testPrinting,
		Fixers: printing.Fixers(printing.Params{}),
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCause(t *testing.T, want diagnostics.Cause) {
	t.Helper()
	rs, _ := testPrinting(t.Context(), []string{"print.queue"})
	if rs[0].Cause != want {
		t.Fatalf("print.queue: %s %q, want %q", rs[0].Status, rs[0].Cause, want)
	}
}

func TestRealCUPSResumes(t *testing.T) {
	startCUPS(t)
	wantCause(t, "")
	cups(t, "cupsdisable", "Accueil")
	cups(t, "cupsreject", "Accueil")
	wantCause(t, checks.QueuePaused)
	cups(t, "cupsaccept", "Accueil")
	cups(t, "lp", "-d", "Accueil", "/etc/hostname")
	cups(t, "cupsreject", "Accueil")
	e := printEngine(t.TempDir())
	for _, i := range e.List(t.Context(), nil) {
		if i.ID == "print.resume" && (!i.Available || i.Steps[0].Items[0].Label != "Accueil") {
			t.Errorf("not offered: %+v", i)
		}
	}
	a, err := e.Run(t.Context(), repair.Request{ID: "print.resume", Consent: true}, nil)
	must(t, err)
	if a.State != repair.Solved || !a.CanUndo || a.Before[0].Cause != checks.QueuePaused ||
		a.After[0].Status != diagnostics.Pass {
		t.Fatalf("%+v", a)
	}
	deadline := time.Now().Add(10 * time.Second)
	for strings.Contains(cups(t, "lpstat", "-o"), "Accueil") {
		if time.Now().After(deadline) {
			t.Fatal("the job that waited was not printed")
		}
		time.Sleep(100 * time.Millisecond)
	}
	a, err = e.Undo(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.Undone {
		t.Errorf("%+v", a)
	}
	wantCause(t, checks.QueuePaused)
	if out := cups(t, "lpstat", "-a", "Accueil"); !strings.Contains(out, "not accepting") {
		t.Errorf("undo: %s", out)
	}
}

func TestRealCUPSRejecting(t *testing.T) {
	startCUPS(t)
	cups(t, "cupsreject", "Accueil")
	wantCause(t, checks.QueueRejecting)
	e := printEngine(t.TempDir())
	a, err := e.Run(t.Context(), repair.Request{ID: "print.resume", Consent: true}, nil)
	must(t, err)
	if a.State != repair.Solved {
		t.Fatalf("%+v", a)
	}
	if out := cups(t, "lpstat", "-a", "Accueil"); strings.Contains(out, "not accepting") {
		t.Error(out)
	}
}

func TestRealCUPSQueuesOfOthers(t *testing.T) {
	startCUPS(t)
	cups(t, "cupsdisable", "Archive")
	wantCause(t, "") // paused, and neither the default nor in use
	cups(t, "lp", "-d", "Archive", "/etc/hostname")
	wantCause(t, checks.QueuePaused)
}

func TestRealCUPSPlainUserNeedsAnAdministrator(t *testing.T) {
	startCUPS(t)
	cups(t, "cupsdisable", "Accueil")
	a := asNobody(t)
	if a.State != repair.NeedsAdmin || a.Reason != "not_allowed" || a.CanUndo {
		t.Errorf("%+v", a)
	}
	if len(a.Before) != 1 || a.Before[0].Cause != checks.QueuePaused {
		t.Errorf("before: %+v", a.Before)
	}
	wantCause(t, checks.QueuePaused) // nothing was changed
}

// TestCUPSChild is the process of another user; see asNobody.
func TestCUPSChild(t *testing.T) {
	dir := os.Getenv(cupsChildEnv)
	if dir == "" {
		return
	}
	if os.Getuid() != nobody {
		t.Fatalf("uid %d", os.Getuid())
	}
	a, err := printEngine(dir).Run(t.Context(), repair.Request{ID: "print.resume", Consent: true}, nil)
	must(t, err)
	raw, err := json.Marshal(a)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "attempt.json"), raw, 0o600))
}

// asNobody runs the repair in a process of a user without any right.
func asNobody(t *testing.T) (a repair.Attempt) {
	t.Helper()
	dir, err := os.MkdirTemp("", "bnobody")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chown(dir, nobody, nobody))
	self, err := os.ReadFile(os.Args[0])
	must(t, err)
	program := filepath.Join(dir, "repair.test")
	must(t, os.WriteFile(program, self, 0o755))
	must(t, os.Chown(program, nobody, nobody))
	cmd := exec.Command(program, "-test.run=^TestCUPSChild$")
	cmd.Dir = dir
	cmd.Env = []string{
		cupsChildEnv + "=" + dir, "CUPS_SERVER=" + os.Getenv("CUPS_SERVER"), "HOME=" + dir, "PATH=/usr/bin:/bin",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("as a plain user: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "attempt.json"))
	must(t, err)
	must(t, json.Unmarshal(raw, &a))
	return a
}

func TestRealCUPSGone(t *testing.T) {
	socket := startCUPS(t)
	pid, err := os.ReadFile(filepath.Join(filepath.Dir(socket), "pid"))
	must(t, err)
	cups(t, "kill", "-9", strings.TrimSpace(string(pid))) // the socket stays, and nobody answers
	rs, _ := testPrinting(t.Context(), []string{"print.spooler"})
	if rs[0].Cause != checks.SpoolerDown {
		t.Errorf("%+v", rs)
	}
	e := printEngine(t.TempDir())
	for _, i := range e.List(t.Context(), nil) {
		if i.ID == "print.resume" && (i.Available || i.Why != "spooler_down") {
			t.Errorf("%+v", i)
		}
	}
}
