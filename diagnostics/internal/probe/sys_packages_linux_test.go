package probe

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func plant(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadPackages(t *testing.T) {
	idle := func() (bool, error) { return false, nil }
	busy := func() (bool, error) { return true, nil }
	root := t.TempDir()
	if _, err := readPackages(t.Context(), root, idle); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without dpkg: %v", err)
	}
	plant(t, root, map[string]string{"var/lib/dpkg/status": dpkgHealthy, "var/lib/dpkg/updates/tmp.i": ""})
	if p, err := readPackages(t.Context(), root, busy); err != nil || p.Journal || p.Unfinished > 0 {
		t.Errorf("healthy: %+v %v", p, err)
	}
	plant(t, root, map[string]string{"var/lib/dpkg/updates/0001": "x"})
	if p, err := readPackages(t.Context(), root, idle); err != nil || !p.Journal {
		t.Errorf("interrupted: %+v %v", p, err)
	}
	if _, err := readPackages(t.Context(), root, busy); !errors.Is(err, ErrBusy) {
		t.Errorf("at work: %v", err)
	}
}

func TestReadUpdates(t *testing.T) {
	root := t.TempDir()
	if _, err := readUpdates(root); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("nobody looks for updates: %v", err)
	}
	plant(t, root, map[string]string{updateStamps[0]: "", updateStamps[1]: ""})
	old, older := time.Now().Add(-40*time.Hour).Truncate(time.Second), time.Now().Add(-90*time.Hour)
	for i, at := range []time.Time{old, older} {
		if err := os.Chtimes(filepath.Join(root, updateStamps[i]), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if u, err := readUpdates(root); err != nil || !u.Checked.Equal(old) {
		t.Errorf("%+v %v", u, err)
	}
}

func TestReadCrashes(t *testing.T) {
	root := t.TempDir()
	if _, err := readCrashes(t.Context(), root, 1000); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("nothing keeps crashes: %v", err)
	}
	const boot = "0123456789abcdef0123456789abcdef"
	plant(t, root, map[string]string{
		"var/crash/_usr_bin_evolution.1000.crash": "",
		"var/crash/_usr_bin_other.1001.crash":     "", // somebody else's
		"var/crash/_usr_sbin_cupsd.0.crash":       "",
		"var/crash/linux-image-6.1.0-18.0.crash":  "",
		"var/crash/kexec_cmd":                     "",
		"var/crash/..crash":                       "",
		"var/lib/systemd/coredump/core.gnome\\x2dshell.1000." + boot + ".312.1795340000000000.zst": "",
		"var/lib/systemd/coredump/core.my.prog.1000." + boot + ".313.1795340000000000":             "",
		"var/lib/systemd/coredump/core.evil.2000." + boot + ".314.1795340000000000.lz4":            "",
		"var/lib/systemd/coredump/core.":        "",
		"var/lib/systemd/coredump/core." + boot: "",
		"sys/fs/pstore/dmesg-efi-1":             "", "sys/fs/pstore/console-ramoops-0": "",
	})
	c, err := readCrashes(t.Context(), root, 1000)
	var names []string
	for _, one := range c.Programs {
		names = append(names, one.Program)
	}
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"cupsd", "evolution", "gnome-shell", "my.prog"}) || len(c.Kernel) != 2 {
		t.Errorf("%v %d %v", names, len(c.Kernel), err)
	}
}

func TestProgramRuns(t *testing.T) {
	self, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	name := string(self[:len(self)-1])
	if runs, err := programRuns("no-such-program", name); err != nil || !runs {
		t.Errorf("this test itself (%s) does not run: %v", name, err)
	}
	if runs, err := programRuns("no-such-program"); err != nil || runs {
		t.Errorf("a program that does not exist runs: %v", err)
	}
}
