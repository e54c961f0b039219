package act

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// deeds are all that can ever be done with an administrator's rights.
func deeds() map[string]Deed {
	return map[string]Deed{
		"configure": ConfigurePackages(), "complete": CompletePackages(), "clean": CleanPackages(),
		"vacuum": VacuumJournal(200), "kernels": RemoveKernels([]string{"linux-image-6.1.0-25-amd64"}),
		"detach": DetachMount("/mnt/team"),
	}
}

func TestDeedsAreClosed(t *testing.T) {
	want := map[string]string{
		"configure": "/usr/bin/dpkg --force-confdef --force-confold --configure -a",
		"complete": "/usr/bin/apt-get -y --no-remove -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold " +
			"-o APT::Get::AllowUnauthenticated=false -o DPkg::Lock::Timeout=0 -f install",
		"clean":  "/usr/bin/apt-get -o DPkg::Lock::Timeout=0 clean",
		"vacuum": "/usr/bin/journalctl --vacuum-size=200M",
		"kernels": "/usr/bin/apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold " +
			"-o APT::Get::AllowUnauthenticated=false -o DPkg::Lock::Timeout=0 purge -- linux-image-6.1.0-25-amd64",
		"detach": "/usr/bin/umount -l -- /mnt/team",
	}
	plain := regexp.MustCompile(`^[A-Za-z0-9/:=._+~-]+$`)
	for name, d := range deeds() {
		if got := strings.Join(d.argv, " "); got != want[name] {
			t.Errorf("%s: %s", name, got)
		}
		if d.missing != nil || d.atMost <= 0 || d.atMost > time.Hour || !filepath.IsAbs(d.argv[0]) {
			t.Errorf("%s: %+v", name, d)
		}
		for _, a := range d.argv { // systemd replaces $ and %, a shell much more
			if !plain.MatchString(a) {
				t.Errorf("%s: %q", name, a)
			}
		}
		switch base := filepath.Base(d.argv[0]); base {
		case "sh", "bash", "env", "python3", "perl", "pkexec", "sudo", "systemd-run":
			t.Errorf("%s runs %s", name, base)
		}
	}
}

func TestBadDeedsAreRefused(t *testing.T) {
	bad := []Deed{{}, VacuumJournal(0), VacuumJournal(-5), VacuumJournal(1 << 30), RemoveKernels(nil)}
	for _, p := range []string{
		"", "libc6", "linux-image-amd64", "linux-image-", "linux-image-6.1 -y", "linux-image-6.1;reboot", "-o", "linux-image-$HOME",
		"linux-image-6.1\nlibc6", "linux-image-6.1*",
	} {
		bad = append(bad, RemoveKernels([]string{"linux-image-6.1.0-25-amd64", p}))
	}
	for _, dir := range []string{"", "/", "mnt", "/mnt/../etc", "/mnt/", "/mnt/$HOME", "/mnt/%h", "/mnt\n/etc"} {
		bad = append(bad, DetachMount(dir))
	}
	for i, d := range bad {
		err := Elevate(t.Context(), d)
		if err == nil || errors.Is(err, ErrAbsent) || errors.Is(err, ErrDenied) {
			t.Errorf("%d %q: %v", i, d.argv, err)
		}
	}
}

func TestFences(t *testing.T) {
	for name, d := range deeds() {
		fenced := slices.ContainsFunc(d.properties(), func(p prop) bool { return p.Name == "ProtectSystem" })
		// What installs and removes programs must be able to write everywhere; nothing else may.
		if open := slices.Contains([]string{"configure", "complete", "kernels", "detach"}, name); fenced == open {
			t.Errorf("%s: fenced %v", name, fenced)
		}
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	d := ConfigurePackages()
	d.argv = []string{filepath.Join(t.TempDir(), "dpkg")}
	if err := Elevate(t.Context(), d); !errors.Is(err, ErrAbsent) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestUnitNames(t *testing.T) {
	for name, want := range map[string]bool{
		"cups.service": true, "vpn@acme.service": true, "cups.socket": true, "mnt-team.mount": true, "a\\x20b.mount": true,
		"": false, ".service": false, "cups": false, "/etc/x.service": false, "-x.service": false, "*.service": false,
		"reboot.target": false, "a b.service": false, "x.service\n": false, "init.scope": false,
	} {
		if unitName(name) != want {
			t.Errorf("%q", name)
		}
	}
}

func TestWindowsRestartArguments(t *testing.T) {
	for in, want := range map[time.Duration]string{
		2 * time.Minute: "/r /t 120 /d p:4:1", -time.Second: "/r /t 0 /d p:4:1",
		24 * time.Hour: "/r /t 86400 /d p:4:1", 200 * 365 * 24 * time.Hour: "/r /t 315360000 /d p:4:1",
	} {
		args := windowsRestart(in)
		if got := strings.Join(args, " "); got != want {
			t.Errorf("%s: %s", in, got)
		}
		if slices.Contains(args, "/f") {
			t.Error("a program with unsaved work would be ended")
		}
	}
	if !slices.Equal(windowsKeep(), []string{"/a"}) {
		t.Errorf("%q", windowsKeep())
	}
	if windowsDenied != 5 || windowsScheduled != 1190 || windowsNothingSet != 1116 {
		t.Error("the numbers of winerror.h")
	}
}

func TestParseSimulation(t *testing.T) {
	s := ParseSimulation([]byte("NOTE: This is only a simulation!\nInst lib [1.0] (2.0 Debian:12 [amd64])\nConf lib\nRemv old [1]\nPurg older [1]\nInst\n"))
	if !slices.Equal(s.Install, []string{"lib"}) || !slices.Equal(s.Remove, []string{"old", "older"}) {
		t.Errorf("%+v", s)
	}
}
