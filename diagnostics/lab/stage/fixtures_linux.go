package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel's own figures of a machine at rest. The processors' pressure is not among them: the real
// machine's load is what tells a true busy alarm from a false one.
const (
	restMemory = `MemTotal:       16303172 kB
MemFree:         7234012 kB
MemAvailable:   11472380 kB
Buffers:          412004 kB
Cached:          4322112 kB
SwapCached:            0 kB
Active:          4120012 kB
Inactive:        3022112 kB
SwapTotal:       4194300 kB
SwapFree:        4194300 kB
Dirty:              1120 kB
Slab:             512004 kB
SReclaimable:     380112 kB
SUnreclaim:       131892 kB
Shmem:            220112 kB
`
	restPressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12034\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9011\n"
)

// restDisk is a disk that has done some work and does none now: the real one belongs to the real machine.
const restDisk = "   8       0 sda 120345 2201 8801234 40112 90120 30112 5512340 71230 0 60112 111342 0 0 0 0 0 0\n"

// dress makes the files that a desktop has and this container has not, by the hand.
func (m *machine) dress() error {
	now := time.Now()
	files := map[string]string{
		"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/nonexistent:/bin/false\n" +
			"lp:x:7:7::/var/spool/lpd:/bin/false\nnobody:x:65534:65534::/nonexistent:/bin/false\n" +
			user + ":x:1000:1000:Camille:" + homeDir + ":/bin/sh\n",
		"/etc/group": "root:x:0:\nlp:x:7:\nlpadmin:x:20:\nmessagebus:x:100:\naudio:x:29:\nshadow:x:42:\nvideo:x:44:\nnogroup:x:65534:\n" +
			user + ":x:1000:\n",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
		"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 poste-lab\n",
		"/etc/hostname":      "poste-lab\n",
		"/etc/resolv.conf":   "nameserver " + DNS1 + "\nnameserver " + DNS2 + "\n",
		"/etc/os-release":    "ID=debian\nNAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n",
		"/etc/machine-id":    "b08dfa6083e7567a1921a715000001fb\n",
		"/etc/fstab":         "/dev/sda2 / ext4 defaults 0 1\n/dev/sda3 /home ext4 defaults 0 2\n",
		"/etc/timezone":      "Europe/Paris\n",
		// A package database at rest, whose lists were fetched this morning.
		"/var/lib/dpkg/status":                            "Package: coreutils\nStatus: install ok installed\nArchitecture: amd64\nVersion: 9.1-1\n\n",
		"/var/lib/apt/periodic/update-success-stamp":      "",
		"/var/lib/apt/periodic/update-stamp":              "",
		"/var/lib/apt/lists/deb.debian.test_InRelease":    "Origin: Debian\n",
		"/var/lib/apt/lists/partial/.keep":                "",
		"/var/cache/apt/pkgcache.bin":                     "",
		"/var/log/dpkg.log":                               "",
		"/var/lib/systemd/timesync/clock":                 "",
		"/run/systemd/timesync/synchronized":              "",
		"/var/crash/.keep":                                "",
		"/var/lib/systemd/coredump/.keep":                 "",
		homeDir + "/.config/.keep":                        "",
		homeDir + "/.local/state/balise/.keep":            "", // the client has run here before
		homeDir + "/.cache/.keep":                         "",
		"/tmp/.keep":                                      "",
		runUser + "/.keep":                                "",
		"/mnt/.keep":                                      "",
		"/var/spool/cups/.keep":                           "",
		"/var/lib/update-notifier/updates-available.keep": "",
	}
	for name, text := range files {
		if err := put(name, text); err != nil {
			return err
		}
	}
	if err := os.Symlink("/proc/self/mounts", "/etc/mtab"); err != nil { // fusermount3 reads it
		return err
	}
	morning := now.Add(-3 * time.Hour)
	for _, dir := range []string{"/var/lib/apt/periodic", "/var/lib/apt/lists", "/var/cache/apt"} {
		err := filepath.Walk(dir, func(name string, _ os.FileInfo, err error) error {
			return errors.Join(err, os.Chtimes(name, morning, morning))
		})
		if err != nil {
			return err
		}
	}
	if err := shadow(99999); err != nil {
		return err
	}
	kernel, err := release()
	if err != nil {
		return err
	}
	if err := errors.Join(
		put("/boot/vmlinuz-"+kernel, ""), os.Chmod("/tmp", 0o1777), os.Symlink("/run", "/var/run"),
		os.MkdirAll("/var/tmp", 0o755), os.Chmod("/var/tmp",
			0o1777), own(homeDir), own(runUser), os.Chmod(runUser, 0o700),
	); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"/proc/diskstats": restDisk, "/proc/meminfo": restMemory,
		"/proc/pressure/memory": restPressure, "/proc/pressure/io": restPressure,
	} {
		if _, err := os.Stat(name); err != nil {
			continue // a kernel without it: the client does without it too
		}
		if err := cover(name, text); err != nil {
			return err
		}
	}
	return dressSys()
}

func release() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("read kernel version: %w", err)
	}
	return unix.ByteSliceToString(u.Release[:]), nil
}

// own gives a tree to the stage's user.
func own(dir string) error {
	return filepath.Walk(dir, func(name string, _ os.FileInfo, err error) error {
		return errors.Join(err, os.Lchown(name, userID, userID))
	})
}

// dressSys replaces /sys/class: the network adapters stay the kernel's, all else is the stage's.
func dressSys() error {
	const class, kept = "/sys/class", "/run/.stage/class-net"
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(class+"/net", kept, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("keep the adapters: %w", err)
	}
	if err := unix.Mount("tmpfs", class, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
		return fmt.Errorf("dress /sys/class: %w", err)
	}
	for _, dir := range []string{
		"net", "block", "thermal", "hwmon", "power_supply", "drm", "rfkill", "sound",
		"video4linux", "dmi/id", "tty",
	} {
		if err := os.MkdirAll(filepath.Join(class, dir), 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount(kept, class+"/net", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("put the adapters back: %w", err)
	}
	// The disk that /proc/diskstats speaks of.
	if err := put(class+"/block/sda/removable", "0\n"); err != nil {
		return err
	}
	return errors.Join(
		put(class+"/dmi/id/chassis_type", "10\n"), put(class+"/dmi/id/sys_vendor", "Lab\n"),
		put(class+"/dmi/id/product_name", "Poste\n"), putAll(class, laptop))
}

// laptop is what a healthy portable computer has in /sys/class: a mains adapter, a battery with some wear,
// two warm sensors, a panel, an adapter for nothing else.
var laptop = map[string]string{
	"power_supply/AC/type":                    "Mains",
	"power_supply/AC/online":                  "1",
	"power_supply/BAT0/type":                  "Battery",
	"power_supply/BAT0/present":               "1",
	"power_supply/BAT0/status":                "Full",
	"power_supply/BAT0/capacity":              "97",
	"power_supply/BAT0/capacity_level":        "Normal",
	"power_supply/BAT0/technology":            "Li-ion",
	"power_supply/BAT0/scope":                 "System",
	"power_supply/BAT0/energy_full":           "46000000",
	"power_supply/BAT0/energy_full_design":    "50000000",
	"power_supply/BAT0/energy_now":            "44600000",
	"power_supply/BAT0/power_now":             "0",
	"power_supply/BAT0/voltage_now":           "12300000",
	"power_supply/BAT0/cycle_count":           "210",
	"thermal/thermal_zone0/type":              "x86_pkg_temp",
	"thermal/thermal_zone0/temp":              "47000",
	"thermal/thermal_zone0/mode":              "enabled",
	"thermal/thermal_zone0/trip_point_0_type": "critical",
	"thermal/thermal_zone0/trip_point_0_temp": "100000",
	"hwmon/hwmon0/name":                       "coretemp",
	"hwmon/hwmon0/temp1_label":                "Package id 0",
	"hwmon/hwmon0/temp1_input":                "47000",
	"hwmon/hwmon0/temp1_crit":                 "100000",
	"hwmon/hwmon0/temp1_max":                  "90000",
	"hwmon/hwmon0/temp1_crit_alarm":           "0",
	"drm/card0-eDP-1/status":                  "connected",
	"drm/card0-eDP-1/enabled":                 "enabled",
	"drm/card0-eDP-1/dpms":                    "On",
	"drm/card0-eDP-1/modes":                   "1920x1080",
	"drm/card0-HDMI-A-1/status":               "disconnected",
	"drm/card0-HDMI-A-1/enabled":              "disabled",
	"drm/card0-HDMI-A-1/dpms":                 "Off",
	"drm/card0-HDMI-A-1/modes":                "",
	"rfkill/rfkill0/type":                     "bluetooth",
	"rfkill/rfkill0/name":                     "hci0",
	"rfkill/rfkill0/state":                    "1",
	"rfkill/rfkill0/soft":                     "0",
	"rfkill/rfkill0/hard":                     "0",
}

// putAll writes short kernel-like files, each with the line end that the kernel gives it.
func putAll(dir string, files map[string]string) error {
	var errs []error
	for name, text := range files {
		errs = append(errs, put(filepath.Join(dir, name), strings.TrimSuffix(text, "\n")+"\n"))
	}
	return errors.Join(errs...)
}
