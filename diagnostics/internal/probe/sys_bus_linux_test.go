package probe

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

func TestFailedUnitsOnABus(t *testing.T) {
	conn := privateBus(t)
	if _, err := failedUnits(t.Context()); !errors.Is(err, ErrNoBus) {
		t.Errorf("nobody there: %v", err)
	}
	if s, err := serviceState(t.Context(), "no-such-thing.service"); err != nil || s != ServiceAbsent {
		t.Errorf("without a service manager: %s %v", s, err)
	}
	v := func(x any) dbus.Variant { return dbus.MakeVariant(x) }
	row := func(name, active string, path dbus.ObjectPath) listedUnit {
		return listedUnit{Name: name, Load: "loaded", Active: active, Path: path, JobPath: "/"}
	}
	rows := []listedUnit{
		row("openvpn-client@acme.service", "failed", "/u1"), row("home-ana-Secret\\x20place.mount", "failed", "/u2"),
		row("run-r1234.service", "failed", "/u3"), row("app-gnome-ana.scope", "failed", "/u4"), row("ssh.service", "active", "/u5"),
	}
	states := map[string]string{"edr.service": "active", "broken.service": "failed", "idle.service": "inactive"}
	offers := map[dbus.ObjectPath]map[string]map[string]any{
		systemdPath: {systemdManager: {
			"ListUnitsFiltered": func(want []string) ([]listedUnit, *dbus.Error) {
				if !slices.Equal(want, []string{"failed"}) {
					t.Errorf("asks for %v", want)
				}
				return rows, nil
			},
			"LoadUnit": func(name string) (dbus.ObjectPath, *dbus.Error) {
				return dbus.ObjectPath("/unit_" + name[:3]), nil
			},
		}},
		"/u1": {propsInterface: {"Get": func(string, string) (dbus.Variant, *dbus.Error) { return v("exit-code"), nil }}},
	}
	for name, active := range states {
		offers[dbus.ObjectPath("/unit_"+name[:3])] = map[string]map[string]any{propsInterface: {
			"Get": func(_, prop string) (dbus.Variant, *dbus.Error) {
				if prop == "LoadState" {
					return v("loaded"), nil
				}
				return v(active), nil
			},
		}}
	}
	offers["/unit_gon"] = map[string]map[string]any{propsInterface: {
		"Get": func(_, prop string) (dbus.Variant, *dbus.Error) {
			return v(map[string]string{"LoadState": "not-found", "ActiveState": "inactive"}[prop]), nil
		},
	}}
	own(t, conn, systemdName, offers)
	units, err := failedUnits(t.Context())
	// The test's bus is both the system's and the user's.
	want := []Unit{
		{Name: "openvpn-client@.service", Full: "openvpn-client@acme.service", Result: "exit-code"},
		{Name: ".mount", Full: "home-ana-Secret\\x20place.mount"},
	}
	if err != nil || len(units) != 4 || !slices.Equal(units[:2], want) || !units[2].User {
		t.Errorf("%+v %v", units, err)
	}
	for name, want := range map[string]ServiceState{
		"edr.service": ServiceRuns, "broken.service": ServiceFailed, "idle.service": ServiceStopped, "gone.service": ServiceAbsent,
	} {
		if got, err := serviceState(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", name, got, err, want)
		}
	}
}

func TestUpdatesOnABus(t *testing.T) {
	conn := privateBus(t)
	if _, err := packageKit(t.Context()); !errors.Is(err, ErrNoBus) {
		t.Errorf("nobody there: %v", err)
	}
	var silent atomic.Bool
	own(t, conn, kitName, map[dbus.ObjectPath]map[string]map[string]any{
		kitPath: {kitName: {
			"GetTimeSinceAction": func(role uint32) (uint32, *dbus.Error) { return 3600 * 50, nil },
			"CreateTransaction":  func() (dbus.ObjectPath, *dbus.Error) { return "/1_abc", nil },
		}},
		"/1_abc": {kitTransaction: {"GetUpdates": func(uint64) *dbus.Error {
			for i, info := range []uint32{5, kitSecurity, kitSecurity, 2} {
				_ = conn.Emit("/1_abc", kitTransaction+".Package", info, string(rune('a'+i))+";1;x;y", "summary")
			}
			if !silent.Load() {
				_ = conn.Emit("/1_abc", kitTransaction+".Finished", uint32(1), uint32(5))
			}
			return nil
		}}},
	})
	u, err := packageKit(t.Context())
	if err != nil || !u.Counted || u.Security != 2 || time.Since(u.Checked).Round(time.Hour) != 50*time.Hour {
		t.Errorf("%+v %v", u, err)
	}
	silent.Store(true)
	if u, err := packageKit(t.Context()); err != nil || u.Counted || u.Checked.IsZero() {
		t.Errorf("one that does not come to an end: %+v %v", u, err)
	}
}
