package network_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
	"balise/diagnostics/repair/repairtest"
)

// world is a computer on whose bus services are played.
type world struct {
	*desktop
	id    string
	fixer func() repair.Fixer
	test  func(ctx context.Context, id string) diagnostics.Status
	state func() string
	worse func()
}

func (w *world) Fixer() repair.Fixer {
	if w.fixer != nil {
		return w.fixer()
	}
	return fixer(w.t, w.id, network.Params{VPN: func() string { return "" }})
}

func (w *world) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, id := range ids {
		r := diagnostics.Result{ID: id, Status: w.test(ctx, id)}
		if r.Status.Bad() {
			r.Cause = diagnostics.Cause(id + "/played")
		}
		list = append(list, r)
	}
	return list, nil
}

func (w *world) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state()
}

func (w *world) Worsen() { w.with(w.worse) }

func (w *world) Reopen() repairtest.World {
	w.wake()
	return w
}

// pass is what a self-test says that asks one question.
func pass(well bool) diagnostics.Status {
	if well {
		return diagnostics.Pass
	}
	return diagnostics.Fail
}

// reconnectWorld has a connection that is stuck: its card is connected, and nothing answers until it is connected anew.
func reconnectWorld(t *testing.T) repairtest.World {
	m := newManager(newDesktop(t))
	home := m.addProfile(profile{"uuid-home", "Home", "802-11-wireless"})
	m.addCard("eth0", 1)
	m.addCard("wlan0", 2, home)
	m.mu.Lock()
	for _, c := range m.cards {
		if c.iface == "wlan0" {
			m.up(home, c, true)
		}
	}
	m.mu.Unlock()
	stuck, hopeless := true, false
	m.asked = func(profile) bool {
		stuck = hopeless
		return m.succeeds(hopeless) // the first try leaves the computer off the network
	}
	return &world{
		desktop: m.desktop, id: "net.reconnect", state: m.connected,
		test: func(_ context.Context, id string) diagnostics.Status {
			m.mu.Lock()
			defer m.mu.Unlock()
			on := strings.Contains(m.connected(), "wlan0=")
			switch id {
			case "net.radio":
				return diagnostics.Pass
			case "net.link", "net.addr":
				return pass(on)
			}
			return pass(on && !stuck)
		},
		worse: func() { hopeless = true },
	}
}

// offlineWorld is a card that is on no network although one is known.
func offlineWorld(t *testing.T) repairtest.World {
	m := newManager(newDesktop(t))
	m.addCard("wlan0", 2, m.addProfile(profile{"uuid-home", "Home", "802-11-wireless"}))
	dead := false
	return &world{
		desktop: m.desktop, id: "net.reconnect", state: m.connected,
		test: func(_ context.Context, id string) diagnostics.Status {
			m.mu.Lock()
			defer m.mu.Unlock()
			on := strings.Contains(m.connected(), "wlan0=")
			switch id {
			case "net.radio":
				return diagnostics.Pass
			case "net.link":
				return pass(on)
			}
			if !on {
				return diagnostics.Skip
			}
			return pass(!dead)
		},
		worse: func() { dead = true },
	}
}

// renewWorld has a card that is on its network and got no address.
func renewWorld(t *testing.T) repairtest.World {
	m := newManager(newDesktop(t))
	office := m.addProfile(profile{"uuid-office", "Office", "802-3-ethernet"})
	eth := m.addCard("eth0", 1, office)
	m.with(func() { m.up(office, m.cards[eth], true) })
	address, hopeless := false, false
	m.asked = func(profile) bool {
		address = !hopeless
		return m.succeeds(hopeless)
	}
	return &world{
		desktop: m.desktop, id: "dhcp.renew", state: m.connected,
		test: func(_ context.Context, id string) diagnostics.Status {
			m.mu.Lock()
			defer m.mu.Unlock()
			return pass(id != "net.addr" || address)
		},
		worse: func() { hopeless = true },
	}
}

// radioWorld has NetworkManager and the kernel hold Wi-Fi off. The kernel's switch is a folder and a file that the
// world reads as the kernel would.
func radioWorld(t *testing.T) repairtest.World {
	m := newManager(newDesktop(t))
	m.addCard("wlan0", 2)
	dir := t.TempDir()
	k := kernel{act.Switches{Class: filepath.Join(dir, "class"), Device: filepath.Join(dir, "rfkill")}}
	k.set(t, true)
	m.radio, m.switched = false, func() { k.set(t, !m.radio) }
	return &world{
		desktop: m.desktop, id: "net.radio_on",
		fixer: func() repair.Fixer { return network.NewRadio(k.Switches) },
		state: func() string { return fmt.Sprintf("%s soft=%v", m.connected(), k.soft(t)) },
		test: func(context.Context, string) diagnostics.Status {
			m.mu.Lock()
			defer m.mu.Unlock()
			return pass(m.radio && m.hardware && !k.soft(t))
		},
		// Another fault comes: somebody moves the computer's own switch, which no repair touches.
		worse: func() {
			m.switched = func() { k.set(t, !m.radio); m.hardware = false }
		},
	}
}

type kernel struct{ act.Switches }

// set writes what the kernel says of its one switch.
func (k kernel) set(t *testing.T, off bool) {
	t.Helper()
	dir := filepath.Join(k.Class, "rfkill0")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	word := map[bool]string{true: "1\n", false: "0\n"}
	for name, text := range map[string]string{"type": "wlan\n", "index": "7\n", "soft": word[off], "hard": "0\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(k.Device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// soft obeys what was written to the device, and says how the switch stands.
func (k kernel) soft(t *testing.T) bool {
	t.Helper()
	event, err := os.ReadFile(k.Device)
	if err != nil {
		t.Fatal(err)
	}
	if len(event) == 8 && binary.NativeEndian.Uint32(event) == 7 && event[4] == 1 && event[5] == 2 {
		k.set(t, event[6] == 1)
	} else if len(event) > 0 {
		t.Errorf("the kernel does not know the event %x", event)
	}
	list, err := k.Wifi()
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	return list[0].Soft
}

// namesWorld has systemd-resolved remember a wrong answer.
func namesWorld(t *testing.T) repairtest.World {
	d := newDesktop(t)
	stale, hopeless := true, false
	method := func(name string) func() *dbus.Error {
		return func() *dbus.Error {
			return d.do(name, "org.freedesktop.DBus.Error.AccessDenied", func() *dbus.Error {
				stale = stale && (name != "FlushCaches" || hopeless)
				return nil
			})
		}
	}
	const name = "org.freedesktop.resolve1"
	d.methods("/org/freedesktop/resolve1", name+".Manager", map[string]any{
		"FlushCaches": method("FlushCaches"), "ResetServerFeatures": method("ResetServerFeatures"),
		"SetLinkDNS": method("SetLinkDNS"), "RevertLink": method("RevertLink"),
	})
	d.own(name)
	return &world{
		desktop: d, id: "dns.flush", worse: func() { hopeless = true },
		// What the repair must never do; what was remembered is no state that anybody misses.
		state: func() string {
			return strings.NewReplacer("FlushCaches", "", "ResetServerFeatures", "", " ", "").
				Replace(strings.Join(d.deeds, " "))
		},
		test: func(_ context.Context, id string) diagnostics.Status {
			d.mu.Lock()
			defer d.mu.Unlock()
			return pass(id != "net.dns.system" || !stale)
		},
	}
}

// vpnWorld has a VPN that is up and lets nothing through. The tunnel's state is read by the real probe.
func vpnWorld(t *testing.T, up bool) repairtest.World {
	m := newManager(newDesktop(t))
	office := m.addProfile(profile{"uuid-vpn", "Office VPN", "vpn"})
	m.addProfile(profile{"uuid-home", "Home", "802-11-wireless"})
	if up {
		m.with(func() { m.up(office, nil, true) })
	}
	through, hopeless := false, false
	m.asked = func(profile) bool {
		through = !hopeless
		return m.succeeds(hopeless)
	}
	return &world{
		desktop: m.desktop, id: "vpn.reconnect", state: m.connected, worse: func() { hopeless = true },
		test: func(ctx context.Context, id string) diagnostics.Status {
			if id != "net.vpn" {
				return diagnostics.Pass
			}
			tunnels, managed, err := probe.Tunnels(ctx)
			if err != nil || !managed {
				return diagnostics.Unknown
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, t := range tunnels {
				if t.Name == "Office VPN" && t.State == probe.TunnelUp {
					return pass(through)
				}
			}
			return diagnostics.Fail
		},
	}
}

// clockWorld has timedated keep a clock that it has not set. What the repair proves is read by the real probe.
func clockWorld(t *testing.T, on bool) repairtest.World {
	d := newDesktop(t)
	const name, path = "org.freedesktop.timedate1", "/org/freedesktop/timedate1"
	synced, hopeless := false, false
	d.object(path, name, map[string]func() any{
		"NTP": func() any { return on }, "CanNTP": func() any { return true },
		"NTPSynchronized": func() any { return synced },
	}, nil)
	d.methods(path, name, map[string]any{
		"SetNTP": func(use, interactive bool) *dbus.Error {
			return d.do(fmt.Sprint("SetNTP ", use), "org.freedesktop.DBus.Error.AccessDenied", func() *dbus.Error {
				synced = use && !on && !hopeless // only a service that starts asks at once
				on = use
				return nil
			})
		},
	})
	d.own(name)
	return &world{
		desktop: d, id: "time.resync", worse: func() { hopeless = true },
		state: func() string { return fmt.Sprintf("ntp=%v", on) },
		test: func(ctx context.Context, id string) diagnostics.Status {
			s, err := probe.ReadSync(ctx)
			switch {
			case err != nil || s.Source != "timedate":
				return diagnostics.Unknown
			case s.Synced:
				return diagnostics.Pass
			case id == "time.sync":
				return diagnostics.Warn
			}
			return diagnostics.Fail
		},
	}
}
