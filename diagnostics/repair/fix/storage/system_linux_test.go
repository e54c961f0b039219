package storage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// systemWorld is a computer whose installation files take room; a systemd that is played on a real bus runs what a
// transient unit asks for, the real apt-get, on this world's folders.
type systemWorld struct {
	*systemd
	dir   string
	worse bool
}

func newSystemWorld(t *testing.T) *systemWorld {
	t.Helper()
	w := &systemWorld{systemd: playSystemd(t, false), dir: t.TempDir()}
	for _, d := range []string{"archives/partial", "journal/abc", "boot"} {
		must(t, os.MkdirAll(filepath.Join(w.dir, d), 0o755))
	}
	w.file("archives/firefox-esr_128_amd64.deb", 12<<20)
	w.file("archives/libc6_2.36_amd64.deb", 1<<20)
	w.file("archives/keep.txt", 10)
	w.set(func() { w.run = w.really })
	return w
}

func (w *systemWorld) file(name string, size int64) {
	w.t.Helper()
	f, err := os.Create(filepath.Join(w.dir, name))
	must(w.t, err)
	must(w.t, unix.Fallocate(int(f.Fd()), 0, 0, size))
	must(w.t, f.Close())
}

// really does what the deed's arguments say, with this world's folders in place of the system's.
func (w *systemWorld) really(argv []string) int {
	switch {
	case slices.Equal(argv, []string{"/usr/bin/apt-get", "-o", "DPkg::Lock::Timeout=0", "clean"}):
		cmd := exec.Command(argv[0], append(slices.Clone(argv[1:]), "-o", "Dir::Cache="+w.dir,
			"-o", "Dir::Cache::archives=archives/", "-o", "Dir::State="+w.dir, "-o", "Debug::NoLocking=1")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Println(string(out), err)
			return 100
		}
	case slices.Equal(argv, []string{"/usr/bin/journalctl", "--vacuum-size=200M"}):
		old, _ := filepath.Glob(filepath.Join(w.dir, "journal/*/*@old.journal"))
		for _, name := range old {
			_ = os.Remove(name)
		}
	default:
		return 64
	}
	return 0
}

func (w *systemWorld) Fixer() repair.Fixer { return w.fixer() }

func (w *systemWorld) fixer() *cleanSystem {
	c := newCleanSystem()
	c.archives, c.journals = filepath.Join(w.dir, "archives"), filepath.Join(w.dir, "journal")
	c.boot, c.release = filepath.Join(w.dir, "boot"), filepath.Join(w.dir, "osrelease")
	return c
}

func (w *systemWorld) Test(_ context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, id := range ids {
		r := diagnostics.Result{ID: id, Status: diagnostics.Pass}
		if id == "disk.space" && (w.worse || room(w.t, w.dir) > 10<<20) {
			r.Status, r.Cause = diagnostics.Fail, "disk.space/full"
		}
		list = append(list, r)
	}
	return list, nil
}

func (w *systemWorld) State() string {
	return strings.Join(withoutFolderTimes(picture(w.t, w.dir)), "\n")
}

func (w *systemWorld) Worsen() { w.set(func() { w.worse = true }) }
func (w *systemWorld) Refuse() { w.set(func() { w.refuse = true }) }
func (w *systemWorld) Leave()  { w.leave() }
func (w *systemWorld) Hang()   { w.hang() }

func (w *systemWorld) Reopen() repairtest.World {
	w.answer()
	w.arrive()
	w.reset()
	return w
}

func TestCleanSystemKeepsItsPromises(t *testing.T) {
	for _, program := range []string{"/usr/bin/apt-get", "/usr/bin/journalctl"} {
		if _, err := os.Stat(program); err != nil {
			t.Skipf("this system has no %s", program)
		}
	}
	repairtest.Run(t, repairtest.Case{
		ID: diskCleanSystem, Choice: map[string][]string{"clean": {"all"}},
		Real: "the real apt-get on real files; systemd played on a real bus",
		New:  func(t *testing.T) repairtest.World { return newSystemWorld(t) },
		Without: map[repairtest.Property]string{
			repairtest.Worse:    "what the yes deletes is gone, and the user is told so before",
			repairtest.TakeBack: "what the yes deletes is gone, and the user is told so before",
		},
	})
}

func TestKernelsAreShownAndLeftAlone(t *testing.T) {
	w := newSystemWorld(t)
	must(t, os.WriteFile(filepath.Join(w.dir, "osrelease"), []byte("6.1.0-9-amd64\n"), 0o600))
	for _, v := range []string{"6.1.0-9-amd64", "6.1.0-37-amd64", "6.1.0-10-amd64", "5.10.0-30-amd64"} {
		w.file("boot/vmlinuz-"+v, 6<<20)
		w.file("boot/initrd.img-"+v, 6<<20)
	}
	w.file("journal/abc/system.journal", 150<<20)
	w.file("journal/abc/system@old.journal", 80<<20)
	bad, _ := w.Test(t.Context(), []string{"disk.space"})
	step := w.fixer().Look(t.Context(), bad).Steps["clean"]
	var items, choices []string
	for _, it := range step.Items {
		items = append(items, fmt.Sprintf("%s %d %d", it.Label, it.Files, it.Bytes>>20))
	}
	for _, c := range step.Choices {
		choices = append(choices, c.ID)
	}
	// Neither the running kernel nor the newest: 37 is newer than 10 and 9.
	if want := []string{"packages 2 13", "journal 2 30", "kernels 2 24"}; !slices.Equal(items, want) {
		t.Errorf("shown: %q, want %q", items, want)
	}
	if want := []string{packagesBucket, journalBucket}; !slices.Equal(choices, want) {
		t.Errorf("offered: %q, want %q", choices, want)
	}
	e := repair.New(repair.Params{
		Journal: filepath.Join(t.TempDir(), "repairs.jsonl"), Fixers: []repair.Fixer{w.Fixer()}, Verify: w.Test,
	})
	w.worse = true
	a, err := e.Run(t.Context(), repair.Request{ID: diskCleanSystem, Consent: true}, nil)
	must(t, err)
	if a.State != repair.NeedsUser || a.Pending == nil || !a.Pending.Elevated || len(w.did()) != 0 {
		t.Fatalf("before the yes of its own: %+v, ran %q", a, w.did())
	}
	if _, err := e.Choose(t.Context(), a.Ref, []string{kernelsBucket}, true, nil); err == nil {
		t.Error("kernels could be chosen")
	}
	a, err = e.Choose(t.Context(), a.Ref, []string{journalBucket}, true, nil)
	must(t, err)
	if ran := w.did(); len(ran) != 1 || ran[0][0] != "/usr/bin/journalctl" {
		t.Errorf("chosen: the log; ran %q", ran)
	}
	if kernels, _ := filepath.Glob(filepath.Join(w.dir, "boot/*")); len(kernels) != 8 {
		t.Errorf("of the kernels' files are left: %q", kernels)
	}
}
