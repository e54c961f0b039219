package probe

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(target, name)
		} else {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPackageLogs(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip(err)
	}
	dpkg := parseDpkgLog(strings.NewReader(`2026-11-20 06:10:00 startup packages configure
2026-11-20 06:10:01 upgrade libcups2:amd64 2.4.2-3 2.4.2-4
2026-11-20 06:10:02 status half-installed libcups2:amd64 2.4.2-3
2026-11-20 06:10:03 status installed libcups2:amd64 2.4.2-4
2026-11-21 09:00:00 status not-installed old-driver:all <none>
2026-11-21 10:00:00 status installed libcups2:amd64 2.4.2-5
torn li`), paris)
	dnf := parseDnfLog(strings.NewReader(`2026-11-21T10:00:00+0100 SUBDEBUG Upgraded: cups-libs-1:2.4.11-2.fc41.x86_64
2026-11-21T10:00:00+0100 INFO --- logging initialized ---
2026-11-21T10:00:01+0100 SUBDEBUG Installed: kernel-6.11.5-300.fc41.x86_64`))
	pacman := parsePacmanLog(strings.NewReader(`[2026-11-21T10:00:00+0100] [ALPM] upgraded cups (2.4.1 -> 2.4.2)
[2026-11-21T10:00:00+0100] [ALPM] transaction completed
[2026-11-21T10:00:00+0100] [PACMAN] Running 'pacman -Syu'`))
	for name, c := range map[string]struct {
		have []Installed
		want string
	}{
		"dpkg": {dpkg, "old-driver libcups2"}, "dnf": {dnf, "cups-libs kernel"}, "pacman": {pacman, "cups"},
	} {
		var names []string
		for _, p := range c.have {
			names = append(names, p.Name)
		}
		if strings.Join(names, " ") != c.want {
			t.Errorf("%s: have %q, want %q", name, names, c.want)
			continue
		}
		last := c.have[len(c.have)-1].At
		if want := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC); last.Sub(want).Abs() > time.Second {
			t.Errorf("%s: at %s", name, last.UTC())
		}
	}
}

func TestReadPackagesFindsTheManager(t *testing.T) {
	root := t.TempDir()
	if _, err := readInstalls(root); err == nil {
		t.Error("no manager, and no error")
	}
	put(t, root, map[string]string{
		"var/lib/dpkg/status":          "Package: a\n",
		"var/lib/dpkg/info/a.list":     "/.\n",
		"var/lib/dpkg/info/a.postinst": "",
		"var/log/dpkg.log":             "2026-11-21 10:00:00 status installed a:all 1\n",
	})
	p, err := readInstalls(root)
	if err != nil || p.Count != 1 || len(p.Recent) != 1 || p.Changed.IsZero() {
		t.Errorf("%+v %v", p, err)
	}
}

func TestDeviceDrivers(t *testing.T) {
	root := t.TempDir()
	put(t, root, map[string]string{
		"sys/class/net/eth0/device/driver":  "->../../../../bus/pci/drivers/e1000e",
		"sys/class/drm/card0/device/driver": "->../../../../bus/pci/drivers/i915",
		"sys/class/drm/card1/device/driver": "->../../../../bus/pci/drivers/i915",
		"proc/modules": "loop 32768 0 - Live 0x0000000000000000\n" +
			"falcon_lsm 1 0 - Live 0x0000000000000000 (POE)\nhalf",
	})
	have, err := deviceDrivers(root)
	if err != nil || !slices.Equal(have, []string{"e1000e", "falcon_lsm", "i915"}) {
		t.Errorf("%q %v", have, err)
	}
	if _, err := deviceDrivers(t.TempDir()); err == nil {
		t.Error("nothing to read, and no error")
	}
}

func TestTrustAndUSB(t *testing.T) {
	root := t.TempDir()
	if _, _, err := trustStore(root); err == nil {
		t.Error("no bundle, and no error")
	}
	put(t, root, map[string]string{
		"etc/ssl/certs/ca-certificates.crt":  strings.Repeat("-----BEGIN CERTIFICATE-----\nAA\n", 3),
		"sys/bus/usb/devices/usb1/idVendor":  "1d6b\n",
		"sys/bus/usb/devices/usb1/idProduct": "0002\n",
		"sys/bus/usb/devices/1-2/idVendor":   "046d\n",
		"sys/bus/usb/devices/1-2/idProduct":  "c52b\n",
		"sys/bus/usb/devices/1-2/serial":     "SECRET\n",
	})
	n, digest, err := trustStore(root)
	if err != nil || n != 3 || len(digest) != 16 {
		t.Errorf("%d %q %v", n, digest, err)
	}
	ids, err := usbDevices(root)
	if err != nil || !slices.Equal(ids, []string{"046d:c52b"}) {
		t.Errorf("%q %v", ids, err)
	}
}
