package probe

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBatteryLow(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"nothing": {nil, false},
		"low":     {map[string]string{"BAT0/type": "Battery", "BAT0/capacity": "12", "BAT0/status": "Discharging"}, true},
		"charges": {map[string]string{"BAT0/type": "Battery", "BAT0/capacity": "12", "BAT0/status": "Charging"}, false},
		"full":    {map[string]string{"BAT0/type": "Battery", "BAT0/capacity": "90", "BAT0/status": "Discharging"}, false},
		"a mouse": {map[string]string{
			"hid/type": "Battery", "hid/scope": "Device", "hid/capacity": "3", "hid/status": "Discharging",
		}, false},
		"half written": {map[string]string{"BAT0/type": "Battery", "BAT0/status": "Discharging"}, false},
	} {
		root := t.TempDir()
		files := map[string]string{}
		for file, text := range c.files {
			files["sys/class/power_supply/"+file] = text + "\n"
		}
		put(t, root, files)
		if have := batteryLow(root); have != c.want {
			t.Errorf("%s: %v", name, have)
		}
	}
}

func TestDumps(t *testing.T) {
	root, now := t.TempDir(), time.Now()
	if _, known := dumps(root, now, now); known {
		t.Error("known without a folder")
	}
	put(t, root, map[string]string{"var/crash/a.crash": "", "var/lib/systemd/coredump/core.x": ""})
	old := now.Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(root, "var/crash/a.crash"), old, old); err != nil {
		t.Fatal(err)
	}
	n, known := dumps(root, now.Add(-time.Minute), now.Add(time.Minute))
	if n != 1 || !known {
		t.Errorf("%d %v", n, known)
	}
}

func TestNetworkDigestIsSteady(t *testing.T) {
	a, err := NetworkDigest()
	if err != nil {
		t.Skip(err)
	}
	if b, err := NetworkDigest(); err != nil || a != b {
		t.Errorf("%x and %x, %v", a, b, err)
	}
	if c := ReadConditions(t.Context()); c.LowBattery && c.Metered && c.Saver {
		t.Logf("%+v", c)
	}
}
