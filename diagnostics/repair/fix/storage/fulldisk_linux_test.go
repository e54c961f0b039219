package storage

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/checks/storage"
	"balise/diagnostics/repair"
)

const fullEnv = "BALISE_TEST_FULL_DISK_CHILD"

// On a disk without a single free byte, which is when this repair is wanted, everything that the repair itself
// must write still finds its place; and the real self-test turns only after the second yes.
func TestRealFullDisk(t *testing.T) {
	if os.Getenv("BALISE_TEST_ROOT") != "1" {
		t.Skip("mounts a small disk: as root, BALISE_TEST_ROOT=1 go test ./diagnostics/repair/fix/storage")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDiskChild$", "-test.v")
	cmd.Env = append(os.Environ(), fullEnv+"=1", "HOME="+t.TempDir(), "XDG_DATA_HOME=", "XDG_CACHE_HOME=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFullDiskChild is the process in the namespace; see TestRealFullDisk.
func TestFullDiskChild(t *testing.T) {
	if os.Getenv(fullEnv) == "" {
		return
	}
	home := os.Getenv("HOME")
	must(t, unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	must(t, unix.Mount("tmpfs", home, "tmpfs", 0, "size=16m"))
	state := filepath.Join(home, "state")
	must(t, os.Mkdir(state, 0o700))
	trash := filepath.Join(home, ".local/share/Trash/files")
	must(t, os.MkdirAll(trash, 0o700))
	must(t, os.WriteFile(filepath.Join(trash, "film.mkv"), make([]byte, 8<<20), 0o600))
	journal := filepath.Join(state, "repairs.jsonl")
	e := repair.New(repair.Params{Journal: journal, Fixers: Fixers(Params{Home: home}), Verify: testStorage})
	if _, err := e.Recover(t.Context()); err != nil { // the first start takes its reserve
		t.Fatal(err)
	}
	brim(t, filepath.Join(home, "ballast"))

	a, err := e.Run(t.Context(), repair.Request{ID: diskCleanUser, Consent: true}, nil)
	must(t, err)
	if a.State != repair.NeedsUser || a.Before[0].Cause != storage.SpaceFull {
		t.Fatalf("%+v", a)
	}
	if rs, _ := testStorage(t.Context(), []string{"disk.space"}); rs[0].Cause != storage.SpaceFull {
		t.Errorf("moving freed room? %+v", rs)
	}
	a, err = e.Continue(t.Context(), a.Ref, true, nil)
	must(t, err)
	if a.State != repair.Solved || a.After[0].Status != diagnostics.Pass {
		t.Errorf("%+v", a)
	}
	if st, err := os.Stat(journal + ".reserve"); err != nil || st.Size() == 0 {
		t.Errorf("the reserve was not taken again: %v", err)
	}
}

// brim writes until not a byte goes in.
func brim(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// testStorage runs the real self-tests.
func testStorage(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, c := range storage.Checks(catalogue.Catalogue{}) {
		for _, id := range ids {
			if c.ID == id {
				o := c.Run(ctx, 0)
				list = append(list, diagnostics.Result{ID: id, Status: o.Status, Cause: o.Cause, Facts: o.Facts})
			}
		}
	}
	return list, nil
}
