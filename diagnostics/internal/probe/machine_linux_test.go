package probe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/godbus/dbus/v5"
)

// tree makes a file tree of the kernel's kind.
func tree(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return out
}

// half is the same tree as a reader may find it while the kernel is building it: every second file is empty,
// or is not there.
func half(files fstest.MapFS, seed int) fstest.MapFS {
	out, i := fstest.MapFS{}, seed
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range files {
			if !yield(n) {
				return
			}
		}
	}) {
		switch i++; i % 3 {
		case 0:
			out[name] = &fstest.MapFile{}
		case 1:
			out[name] = files[name]
		}
	}
	return out
}

func laptop() fstest.MapFS {
	const s = "sys/class/power_supply/"
	return tree(map[string]string{
		s + "BAT0/type": "Battery", s + "BAT0/status": "Discharging", s + "BAT0/capacity": "41",
		s + "BAT0/energy_full": "27500000", s + "BAT0/energy_full_design": "50000000", s + "BAT0/present": "1",
		s + "BAT0/cycle_count": "612",
		s + "AC/type":          "Mains", s + "AC/online": "1",
		s + "ucsi-source-psy-1/type": "USB", s + "ucsi-source-psy-1/online": "0",
		s + "hidpp_battery_0/type": "Battery", s + "hidpp_battery_0/scope": "Device", s + "hidpp_battery_0/capacity": "3",
	})
}

func TestKernelSupplies(t *testing.T) {
	s, err := kernelSupplies(laptop())
	if err != nil || len(s.Batteries) != 1 || s.Chargers != 2 || s.Online != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	b := s.Batteries[0]
	if w, _ := b.Wear(); math.Round(w) != 45 || b.Percent != 41 || b.Cycles != 612 || b.State != "discharging" {
		t.Errorf("%+v", b)
	}
	if s, err := kernelSupplies(fstest.MapFS{}); err != nil || len(s.Batteries) != 0 {
		t.Errorf("a desktop: %+v %v", s, err)
	}
	for seed := range 3 {
		s, _ := kernelSupplies(half(laptop(), seed))
		for _, b := range s.Batteries {
			if w, ok := b.Wear(); ok && math.Round(w) != 45 || b.Percent != -1 && b.Percent != 41 {
				t.Errorf("half-written: %+v", b)
			}
		}
	}
}

func TestKernelHeat(t *testing.T) {
	const z, h, c = "sys/class/thermal/thermal_zone0/", "sys/class/hwmon/hwmon0/", "sys/devices/system/cpu/"
	all := tree(map[string]string{
		z + "type": "x86_pkg_temp", z + "temp": "97000",
		z + "trip_point_0_type": "passive", z + "trip_point_0_temp": "85000",
		z + "trip_point_1_type": "critical", z + "trip_point_1_temp": "100000",
		h + "name": "nvme", h + "temp1_input": "41850", h + "temp1_crit": "84850", h + "temp2_input": "-274000",
		c + "cpu0/thermal_throttle/core_throttle_count": "12",
		c + "cpu1/thermal_throttle/core_throttle_count": "3",
	})
	got := kernelHeat(all)
	if len(got.Sensors) != 2 || got.Silent != 1 || got.Throttled != 15 || !got.Counts {
		t.Fatalf("%+v", got)
	}
	if s := got.Sensors[0]; s.Name != "x86_pkg_temp" || s.Temp != 97 || s.Critical != 100 {
		t.Errorf("%+v", s)
	}
	for _, nonsense := range []string{"0", "-274000", "127000", "", "x", "255000", "NaN"} {
		got := kernelHeat(tree(map[string]string{z + "type": "acpitz", z + "temp": nonsense}))
		if len(got.Sensors) != 0 || got.Silent != 1 {
			t.Errorf("%q: %+v", nonsense, got)
		}
	}
	for seed := range 3 {
		for _, s := range kernelHeat(half(all, seed)).Sensors {
			if !saneTemp(s.Temp) || s.Critical != 0 && !saneCritical(s.Critical) {
				t.Errorf("half-written: %+v", s)
			}
		}
	}
}

// edid is a screen's description with a right checksum.
func edid() []byte {
	e := make([]byte, 128)
	copy(e, []byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0})
	e[18], e[19] = 1, 4
	var sum byte
	for _, b := range e {
		sum += b
	}
	e[127] = -sum
	return e
}

func TestKernelConnectors(t *testing.T) {
	const d = "sys/class/drm/"
	files := tree(map[string]string{
		d + "card1-eDP-1/status": "connected", d + "card1-eDP-1/enabled": "enabled",
		d + "card1-HDMI-A-1/status": "connected", d + "card1-HDMI-A-1/enabled": "disabled",
		d + "card1-DP-2/status": "disconnected", d + "card1-DP-2/enabled": "disabled",
		d + "card1-DP-3/status": "", d + "version": "drm 1.1.0", d + "renderD128/dev": "226:128",
	})
	files[d+"card1-HDMI-A-1/edid"] = &fstest.MapFile{Data: edid()}
	list, err := kernelConnectors(files)
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v %v", list, err)
	}
	for _, c := range list {
		switch c.Kind {
		case "edp":
			if !c.Internal || !c.Enabled {
				t.Errorf("%+v", c)
			}
		case "hdmi":
			if c.Internal || !c.Connected || c.Enabled || !c.EnabledKnown || EDIDState(c.EDID) != "ok" {
				t.Errorf("%+v", c)
			}
		}
	}
	bad := edid()
	bad[30]++
	for state, e := range map[string][]byte{
		"ok": append(edid(), 1, 2, 3), "empty": nil, "broken": bad,
	} {
		if got := EDIDState(e); got != state {
			t.Errorf("%s: %s", state, got)
		}
	}
	if got := EDIDState(edid()[:100]); got != "broken" {
		t.Errorf("cut: %s", got)
	}
}

// The proprietary driver keeps which screens it feeds to itself: all its connectors say "disabled".
func TestNVIDIASaysNotWhatItFeeds(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "sys/class/drm")
	for _, p := range []string{"card0-HDMI-A-1", "card0/device", "drivers/nvidia"} {
		if err := os.MkdirAll(filepath.Join(dir, p), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"status": "connected", "enabled": "disabled"} {
		if err := os.WriteFile(filepath.Join(dir, "card0-HDMI-A-1", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../drivers/nvidia", filepath.Join(dir, "card0/device/driver")); err != nil {
		t.Fatal(err)
	}
	list, err := kernelConnectors(os.DirFS(root))
	if err != nil || len(list) != 1 || list[0].EnabledKnown {
		t.Errorf("%+v %v", list, err)
	}
}

func TestKernelCards(t *testing.T) {
	none, err := kernelCards(tree(map[string]string{"proc/asound/cards": "--- no soundcards ---"}))
	if err != nil || none.Cards != 0 {
		t.Errorf("%+v %v", none, err)
	}
	s, err := kernelCards(tree(map[string]string{
		"proc/asound/cards": " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xdf240000 irq 146\n" +
			" 1 [Headset        ]: USB-Audio - Jabra",
		"proc/asound/pcm": "00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n00-03: HDMI 0 : HDMI 0 : playback 1",
	}))
	if err != nil || s != (SoundCards{Cards: 2, Playback: 2, Capture: 1, Detailed: true}) {
		t.Errorf("%+v %v", s, err)
	}
}

func TestUSBCameras(t *testing.T) {
	const d = "sys/bus/usb/devices/"
	if n := untakenCameras(tree(map[string]string{
		d + "1-6:1.0/bInterfaceClass": "0e", d + "1-6:1.1/bInterfaceClass": "0e", d + "1-6/idVendor": "04f2",
		d + "1-7:1.0/bInterfaceClass": "03",
		d + "1-8:1.0/bInterfaceClass": "0e", d + "1-8:1.0/driver/module": "uvcvideo", d + "1-8:1.1/bInterfaceClass": "0e",
	})); n != 1 {
		t.Errorf("%d cameras", n)
	}
}

func TestDiskstats(t *testing.T) {
	const text = ` 254       0 vda 1053742 139385 31510978 1508911 1481156 525357 86025464 716425 0 246164 2314154 662711 99
   7       0 loop0 240 0 4104 104 18 0 24 17 0 112 131
 8 1 sda1 1 2 3
 8 0 sda 18446744073709551615 0 0 0 0 0 0 0 0 0 0
`
	list, err := ParseDiskstats(strings.NewReader(text), func(n string) bool { return !strings.HasPrefix(n, "loop") })
	want := Traffic{Disk: "vda", Done: 2534898, Took: 2225336 * time.Millisecond}
	if err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("%+v %v", list, err)
	}
	later := []Traffic{{Disk: "vda", Done: want.Done + 40, Took: want.Took + 8*time.Second}, {Disk: "new", Done: 900}}
	if d, ok := Await(list, later, 20); !ok || d != 200*time.Millisecond {
		t.Errorf("%v %v", d, ok)
	}
	if _, ok := Await(list, list, 1); ok {
		t.Error("an idle disk has no time a request takes")
	}
	if _, ok := Await(later, list, 1); ok {
		t.Error("a counter ran backwards")
	}
}

func FuzzDiskstats(f *testing.F) {
	f.Add(" 254 0 vda 1 2 3 4 5 6 7 8 9 10 11")
	f.Fuzz(func(t *testing.T, s string) {
		list, _ := ParseDiskstats(strings.NewReader(s), func(string) bool { return true })
		Await(list, list, 1)
		Await(nil, list, 0)
	})
}

func TestStat(t *testing.T) {
	p, ok := parseStat([]byte("42 (a ) b) R 1 42 42 0 -1 4194304 104 0 0 0 250 50 0 0 39 19 1 0 100 2 3"))
	if !ok || p.Name != "a ) b" || p.CPU != 3 {
		t.Errorf("%+v %v", p, ok)
	}
	for _, odd := range []string{"", "42", "42 (x", "42 (x) R 1", ")(", "42 () R 1 42 42 0 -1 4194304 104 0 0 0 a b"} {
		if _, ok := parseStat([]byte(odd)); ok {
			t.Errorf("%q was read", odd)
		}
	}
	list, err := ownProcesses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if int(p.PID) == os.Getpid() || p.Name == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestHog(t *testing.T) {
	before := []Process{{PID: 1, Name: "a", CPU: 10}, {PID: 2, Name: "b", CPU: 3}, {PID: 3, Name: "c", CPU: 1}}
	after := []Process{
		{PID: 1, Name: "a", CPU: 10.1}, {PID: 2, Name: "b", CPU: 5.9}, {PID: 3, Name: "d", CPU: 9}, {PID: 4, Name: "new", CPU: 3},
	}
	if name, p := Hog(before, after, 3*time.Second); name != "b" || math.Round(p) != 97 {
		t.Errorf("%s %v", name, p)
	}
	for _, own := range []Process{{PID: 5, Name: "balise"}, {PID: 5, Name: "balise-window"}, {PID: int32(os.Getpid()), Name: "x"}} {
		busy := own
		busy.CPU = 3
		if name, _ := Hog([]Process{own}, []Process{busy}, 3*time.Second); name != "" {
			t.Errorf("one of our own is the culprit: %s", name)
		}
	}
}

func TestBootFrom(t *testing.T) {
	v := func(us uint64) dbus.Variant { return dbus.MakeVariant(us) }
	b := bootFrom(busProps{
		"FirmwareTimestampMonotonic": v(9e6), "LoaderTimestampMonotonic": v(2e6), "InitRDTimestampMonotonic": v(1e6),
		"UserspaceTimestampMonotonic": v(31e6), "FinishTimestampMonotonic": v(61e6),
	})
	want := Boot{
		Firmware: 7 * time.Second, Loader: 2 * time.Second, Kernel: time.Second, Initrd: 30 * time.Second,
		User: 30 * time.Second, Finished: true,
	}
	if b != want {
		t.Errorf("%+v", b)
	}
	if b := bootFrom(busProps{"UserspaceTimestampMonotonic": v(31e6), "FinishTimestampMonotonic": v(0)}); b.Finished {
		t.Errorf("still starting: %+v", b)
	}
	if b := bootFrom(busProps{"FinishTimestampMonotonic": dbus.MakeVariant("soon")}); b.Finished {
		t.Errorf("garbage: %+v", b)
	}
}

func TestHealthFrom(t *testing.T) {
	v := func(x any) dbus.Variant { return dbus.MakeVariant(x) }
	all := managed{
		"/drives/a": {udisks + ".Drive.Ata": busProps{
			"SmartSupported": v(true), "SmartEnabled": v(true), "SmartUpdated": v(uint64(1700000000)),
			"SmartFailing": v(true), "SmartTemperature": v(314.15),
		}, udisks + ".Drive": busProps{"Serial": v("S3CR3T")}},
		"/drives/never": {udisks + ".Drive.Ata": busProps{
			"SmartSupported": v(true), "SmartEnabled": v(true), "SmartUpdated": v(uint64(0)), "SmartFailing": v(false),
		}},
		"/drives/n": {udisks + ".NVMe.Controller": busProps{
			"SmartUpdated": v(uint64(1700000000)), "SmartCriticalWarning": v([]string{"spare", "temperature"}), "SmartTemperature": v(uint16(345)),
		}},
		"/drives/odd": {udisks + ".NVMe.Controller": busProps{"SmartCriticalWarning": v("spare")}},
	}
	list := healthFrom(all)
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	for _, d := range list {
		if !d.Broken() || d.Kind == "ata" && math.Round(d.TempC) != 41 || d.Kind == "nvme" && math.Round(d.TempC) != 72 {
			t.Errorf("%+v", d)
		}
		if strings.Contains(fmt.Sprintf("%+v", d), "S3CR3T") {
			t.Error("a serial number came along")
		}
	}
	if (DriveHealth{Warnings: []string{"temperature"}}).Broken() {
		t.Error("heat alone passes")
	}
}

func TestPmsetTherm(t *testing.T) {
	hot := "Note: No thermal warning level has been recorded\n2026-11-22 09:00:00 +0100 CPU Power notify\n\tCPU_Scheduler_Limit \t= 100\n\tCPU_Available_CPUs \t= 8\n\tCPU_Speed_Limit \t= 62\n"
	cool := "Note: No thermal warning level has been recorded\nNote: No performance warning level has been recorded\n"
	for text, want := range map[string]float64{hot: 62, cool: 100, "": 0, "CPU_Speed_Limit = x": 0, "CPU_Speed_Limit = 900": 0} {
		if got := ParsePmsetTherm(text).SpeedLimit; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestSaysEIO(t *testing.T) {
	for text, want := range map[string]bool{
		"ls: reading directory '/home/anne': Input/output error\n":      true,
		"head: error reading '/home/anne/.profile': Input/output error": true,
		"head: /home/anne/.profile: I/O error\n":                        true,
		"ls: cannot open directory '/home/anne': Permission denied\n":   false,
		"head: cannot open 'x: Input/output error' for reading: denied": false,
		"": false,
	} {
		if got := saysEIO([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if code := tryRead(t.Context(), t.TempDir()); code != ReadOK {
		t.Errorf("a folder that is well: %q", code)
	}
	if code := tryRead(t.Context(), "/nonexistent"); code != ReadUnknown {
		t.Errorf("no folder: %q", code)
	}
}

func TestCommandEndsWithItsDeadline(t *testing.T) {
	started := time.Now()
	_, _, err := command(t.Context(), 50*time.Millisecond, "sleep", "20")
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
	if _, _, err := command(t.Context(), time.Second, "balise-no-such-program"); !errors.Is(err, ErrNoTool) {
		t.Error(err)
	}
}
