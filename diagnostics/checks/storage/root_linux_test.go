package storage

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

const childEnv = "BALISE_TEST_STORAGE_CHILD"

// On real file systems, in a mount namespace of its own: a home that is full, one without inodes, one that
// the kernel holds read-only, the same home seen read-only by a sandbox, and disks that fail or hang.
func TestRealFileSystems(t *testing.T) {
	if os.Getenv("BALISE_TEST_ROOT") != "1" {
		t.Skip("mounts file systems: as root, BALISE_TEST_ROOT=1 go test ./diagnostics/checks/storage")
	}
	for _, c := range []string{"healthy", "full", "inodes", "readonly", "sandbox", "eio", "silent"} {
		t.Run(c, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0], "-test.run=^TestStorageChild$", "-test.v")
			cmd.Env = append(os.Environ(), childEnv+"="+c, "HOME="+dir)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestStorageChild is the process in the namespace; see TestRealFileSystems.
func TestStorageChild(t *testing.T) {
	kind, home := os.Getenv(childEnv), os.Getenv("HOME")
	if kind == "" {
		return
	}
	must(t, unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	want := map[string]diagnostics.Cause{}
	switch kind {
	case "healthy":
		must(t, unix.Mount("tmpfs", home, "tmpfs", 0, "size=8m"))
	case "full":
		must(t, unix.Mount("tmpfs", home, "tmpfs", 0, "size=8m"))
		fillUp(t, home)
		want["disk.space"] = SpaceFull
	case "inodes":
		must(t, unix.Mount("tmpfs", home, "tmpfs", 0, "size=8m,nr_inodes=64"))
		for i := 0; ; i++ {
			if err := os.WriteFile(filepath.Join(home, strings.Repeat("x", i+1)), nil, 0o600); err != nil {
				break
			}
		}
		want["disk.inodes"] = InodesFull
	case "readonly":
		image := filepath.Join(t.TempDir(), "disk")
		must(t, os.WriteFile(image, make([]byte, 16<<20), 0o600))
		run1(t, "mkfs.ext4", "-q", image)
		run1(t, "mount", "-o", "loop", image, home)
		run1(t, "mount", "-o", "remount,ro", home)
		want["disk.readonly"] = ReadOnly
	case "eio":
		brokenDisk(t, home, false)
		want["disk.health"] = Unreadable
	case "silent":
		brokenDisk(t, home, true)
		want["disk.health"] = Silent
	case "sandbox":
		must(t, unix.Mount(home, home, "", unix.MS_BIND, ""))
		must(t, unix.Mount("", home, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	}
	for _, c := range Checks(catalogue.Catalogue{}) {
		o := c.Run(t.Context(), 0)
		if o.Cause != want[c.ID] {
			t.Errorf("%s: %s %q, want %q: %+v", c.ID, o.Status, o.Cause, want[c.ID], o.Facts)
		}
		if v, _ := (diagnostics.Result{Facts: o.Facts}).Fact("volume"); o.Status.Bad() && v.Value != "home" {
			t.Errorf("%s: the volume is %v", c.ID, v.Value)
		}
	}
}

func fillUp(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "ballast"))
	must(t, err)
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

func run1(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
