package network_test

import (
	"context"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
)

// looks asks a repair why it cannot be run.
func looks(t *testing.T, id, want string) {
	t.Helper()
	if got := fixer(t, id, network.Params{}).Look(t.Context(), nil).Why; got != want {
		t.Errorf("%s: %q, want %q", id, got, want)
	}
}

func TestWithoutTheServicesNothingIsOffered(t *testing.T) {
	newDesktop(t)
	for id, want := range map[string]string{
		"net.reconnect": "no_network_manager", "dhcp.renew": "no_network_manager", "vpn.reconnect": "no_network_manager",
		"wifi.rejoin": "no_network_manager", "dns.flush": "no_name_cache", "time.resync": "no_time_service",
	} {
		looks(t, id, want)
	}
	if got := network.NewRadio(act.Switches{Class: t.TempDir()}).Look(t.Context(), nil).Why; got != "no_network_manager" {
		t.Errorf("net.radio_on: %q", got)
	}
}

func TestWithoutABusNothingIsOffered(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+t.TempDir()+"/none")
	looks(t, "net.reconnect", "no_network_manager")
	looks(t, "dns.flush", "no_name_cache")
	looks(t, "time.resync", "no_time_service")
}

func TestNothingToConnectTo(t *testing.T) {
	m := newManager(newDesktop(t))
	m.addCard("eth0", 1)
	m.addCard("lo", 32)
	looks(t, "net.reconnect", "no_connection")
	looks(t, "dhcp.renew", "no_connection")
	looks(t, "vpn.reconnect", "no_vpn")
	looks(t, "wifi.rejoin", "no_wifi")
	m.addCard("wlan0", 2, m.addProfile(profile{"u", "Home", "802-11-wireless"}))
	looks(t, "net.reconnect", "")
	looks(t, "dhcp.renew", "")
	looks(t, "wifi.rejoin", "")
}

func TestASwitchOfTheComputerIsTheUsers(t *testing.T) {
	m := newManager(newDesktop(t))
	look := func() string { return network.NewRadio(act.Switches{Class: t.TempDir()}).Look(t.Context(), nil).Why }
	if got := look(); got != "nothing_to_do" {
		t.Errorf("on: %q", got)
	}
	m.with(func() { m.radio, m.hardware = false, false })
	if got := look(); got != "radio_switch" {
		t.Errorf("switched off: %q", got)
	}
}

// A card whose connection was on its way is on its way again afterwards; that it comes up is not asked for.
func TestWhatWasOnItsWayIsPutBackSo(t *testing.T) {
	m := newManager(newDesktop(t))
	home := m.addProfile(profile{"uuid-home", "Home", "802-3-ethernet"})
	eth := m.addCard("eth0", 1, home)
	m.with(func() {
		m.waits = true
		m.up(home, m.cards[eth], true)
	})
	f := fixer(t, "dhcp.renew", network.Params{})
	saved, err := f.Prepare(t.Context(), repair.Job{})
	if err != nil {
		t.Fatal(err)
	}
	_, left, err := f.Undo(t.Context(), saved)
	m.with(func() {
		if err != nil || left != 0 || len(m.deeds) != 0 {
			t.Errorf("nothing was done yet: %v, %d left, %v", err, left, m.deeds)
		}
		m.waits, m.asked = false, func(profile) bool { return false }
	})
	if _, err := f.Run(t.Context(), repair.Job{Saved: saved}); err == nil {
		t.Error("it did not come up, and is said to")
	}
	if _, left, err := f.Undo(t.Context(), saved); err != nil || left != 0 {
		t.Errorf("%v, %d left", err, left)
	}
}

// Where the kernel's switch is all there is, it is used; who may not is told so.
func TestRadioWithoutAManager(t *testing.T) {
	newDesktop(t)
	dir := t.TempDir()
	k := kernel{act.Switches{Class: dir + "/class", Device: dir + "/rfkill"}}
	k.set(t, true)
	f := network.NewRadio(k.Switches)
	saved, err := f.Prepare(t.Context(), repair.Job{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := f.Run(t.Context(), repair.Job{Saved: saved}); err != nil || k.soft(t) {
			t.Fatalf("switched on: %v", err)
		}
	}
	if _, left, err := f.Undo(t.Context(), saved); err != nil || left != 0 || !k.soft(t) {
		t.Fatalf("put back: %v, %d left", err, left)
	}
}

// The settings' VPN is the one that is meant; without one the user picks.
func TestWhichVPN(t *testing.T) {
	m := newManager(newDesktop(t))
	first := m.addProfile(profile{"uuid-a", "A", "wireguard"})
	m.addProfile(profile{"uuid-b", "B", "vpn"})
	choices := func(name string) (ids string) {
		f := fixer(t, "vpn.reconnect", network.Params{VPN: func() string { return name }})
		for _, c := range f.Look(t.Context(), nil).Steps["reconnect"].Choices {
			ids += c.ID + " "
		}
		return ids
	}
	if got := choices(""); got != "uuid-a uuid-b " {
		t.Error(got)
	}
	if got := choices("B"); got != "uuid-b " {
		t.Error(got)
	}
	if got := choices("none of these"); got != "" {
		t.Error(got)
	}
	m.with(func() { m.up(first, nil, true) })
	if got := choices(""); got != "uuid-a " {
		t.Error(got)
	}
	f := fixer(t, "vpn.reconnect", network.Params{})
	if _, err := f.Prepare(t.Context(), repair.Job{Choice: []string{"uuid-x"}}); err == nil {
		t.Error("a VPN that was not offered was taken")
	}
}

// dnsmasq can be asked by NetworkManager only, with an administrator's yes.
func TestNamesThatDnsmasqKeeps(t *testing.T) {
	m := newManager(newDesktop(t))
	mode, flags := "dnsmasq", uint32(0)
	m.object(nmPath+"/DnsManager", nmName+".DnsManager", map[string]func() any{"Mode": func() any { return mode }}, nil)
	m.methods(nmPath, nmName, map[string]any{"Reload": func(f uint32) *dbus.Error {
		return m.do("Reload", nmDenied, func() *dbus.Error { flags = f; return nil })
	}})
	f := fixer(t, "dns.flush", network.Params{})
	if look := f.Look(t.Context(), nil); look.Why != "" || !look.Steps["flush"].Elevated {
		t.Errorf("%+v", look)
	}
	saved, err := f.Prepare(t.Context(), repair.Job{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Run(t.Context(), repair.Job{Saved: saved})
	m.with(func() {
		if err != nil || flags != 4 {
			t.Errorf("%v, flags %d", err, flags)
		}
		mode = "default"
	})
	looks(t, "dns.flush", "no_name_cache")
}

// A tunnel whose password nobody types is given up with the step's time.
func TestVPNThatWaitsForItsPasswordIsGivenUp(t *testing.T) {
	m := newManager(newDesktop(t))
	m.addProfile(profile{"uuid-vpn", "Office", "vpn"})
	m.with(func() { m.waits = true })
	f := fixer(t, "vpn.reconnect", network.Params{})
	saved, err := f.Prepare(t.Context(), repair.Job{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := f.Run(ctx, repair.Job{Saved: saved}); err == nil {
		t.Error("nobody signed in, and it is said to be connected")
	}
	if _, left, err := f.Undo(t.Context(), saved); err != nil || left != 0 {
		t.Errorf("%v, %d left", err, left)
	}
	m.with(func() {
		if len(m.actives) != 0 {
			t.Errorf("the tunnel still waits: %v", m.actives)
		}
	})
}

func TestOnlyWhatIsBadIsProved(t *testing.T) {
	d := newDesktop(t)
	d.object("/org/freedesktop/timedate1", "org.freedesktop.timedate1", map[string]func() any{
		"NTP": func() any { return false }, "CanNTP": func() any { return false },
	}, nil)
	d.own("org.freedesktop.timedate1")
	f := fixer(t, "time.resync", network.Params{})
	look := f.Look(t.Context(), []diagnostics.Result{
		{ID: "time.skew", Status: diagnostics.Fail}, {ID: "time.sync", Status: diagnostics.Pass},
	})
	if len(look.Verify) != 1 || look.Verify[0] != "time.skew" || look.Why != "no_time_service" {
		t.Errorf("%+v", look)
	}
}
