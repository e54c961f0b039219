package probe

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
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

// TestConditionsOnABus asks services of our own on a bus of our own.
func TestConditionsOnABus(t *testing.T) {
	conn := privateBus(t)
	if c := ReadConditions(t.Context()); c.Metered || c.Saver {
		t.Errorf("nobody answers, and it is %+v", c)
	}
	var values sync.Map
	for name, v := range map[string]any{"Metered": uint32(2), "ActiveProfile": "balanced", "WarningLevel": uint32(1)} {
		values.Store(name, v)
	}
	get := map[string]map[string]any{propsInterface: {
		"Get": func(_, name string) (dbus.Variant, *dbus.Error) {
			v, ok := values.Load(name)
			if !ok {
				return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
			}
			return dbus.MakeVariant(v), nil
		},
	}}
	for name, path := range map[string]dbus.ObjectPath{
		"org.freedesktop.NetworkManager": "/org/freedesktop/NetworkManager",
		"net.hadess.PowerProfiles":       "/net/hadess/PowerProfiles",
		"org.freedesktop.UPower":         "/org/freedesktop/UPower/devices/DisplayDevice",
	} {
		own(t, conn, name, map[dbus.ObjectPath]map[string]map[string]any{path: get})
	}
	for _, c := range []struct {
		name  string
		value any
		want  Conditions
	}{
		{"Metered", uint32(2), Conditions{}},
		{"Metered", uint32(1), Conditions{Metered: true}},
		{"Metered", uint32(3), Conditions{Metered: true}},
		{"Metered", "yes", Conditions{}}, // not what it should be
		{"ActiveProfile", "power-saver", Conditions{Saver: true}},
		{"ActiveProfile", "performance", Conditions{}},
		{"WarningLevel", uint32(4), Conditions{LowBattery: true}},
		{"WarningLevel", uint32(2), Conditions{}},
	} {
		values.Store(c.name, c.value)
		have := ReadConditions(t.Context())
		have.LowBattery = have.LowBattery && !batteryLow("/") // this computer's own is not the question
		if have != c.want {
			t.Errorf("%s %v: %+v", c.name, c.value, have)
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
