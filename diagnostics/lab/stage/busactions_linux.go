package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"
)

// services are the short names of the actions.
var services = map[string][2]string{
	"nm": {systemBus, nmName}, "systemd": {systemBus, systemdName}, "udisks": {systemBus, udisksName},
	"timedate": {systemBus, timedateName}, "login": {systemBus, loginName}, "user": {sessionBus, systemdName},
	"portal": {sessionBus, portalName}, "resolve": {systemBus, resolveName}, "packages": {systemBus, kitName},
}

func busActions() []action {
	return []action{
		{
			Action{
				Name: "bus.start", Doc: "The desktop's services are on the message buses, and all is well.",
				Args: []Arg{opt("services", "list", []string{
					"nm", "systemd", "udisks", "timedate", "login", "user",
					"portal",
				}, "which")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				for _, name := range a.list("services") {
					at, ok := services[name]
					if !ok {
						return deed{}, fmt.Errorf("%w service %q", ErrUnknown, name)
					}
					if _, err := s.service(at[0], at[1]); err != nil {
						return deed{}, err
					}
				}
				return deed{seen: s.buses[services[a.list("services")[0]][0]].wasAsked()}, nil
			},
		},
		{
			Action{
				Name: "bus.mute", Doc: "A message bus accepts connections and never answers.",
				Args: []Arg{opt("bus", "string", systemBus, "system or session")},
			},
			busMute,
		},
		{
			Action{
				Name: "unit.fail", Doc: "A service of the system, or of the user, has failed.",
				Args: []Arg{
					opt("name", "string", "colord.service", "a unit"), opt("user", "bool", false, "one of the user's own"),
					opt("result", "string", "exit-code", "exit-code, timeout, signal, oom-kill"),
					opt("listed", "bool", false, "the settings list it"),
					opt("for_good", "bool", false, "it fails again whenever it is started"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				b, err := s.service(systemBus, systemdName)
				if err == nil && a.flag("user") {
					b, err = s.service(sessionBus, systemdName)
				}
				if err != nil {
					return deed{}, err
				}
				forget := func() error { return nil }
				if a.flag("listed") {
					forget = s.set([]string{"probes", "units"}, []string{a.str("name")})
				}
				return plain(func() error {
					return errors.Join(b.unit(a.str("name"), "loaded", "failed", a.str("result")),
						b.put(systemdName, string(unitPath(a.str("name"))), systemdName+".Unit",
							map[string]any{"ForGood": a.flag("for_good")}))
				},
					all(forget, func() error { return b.unit(a.str("name"), "loaded", "active", "success") }), b.wasAsked())
			},
		},
		{
			Action{
				Name: "agent.stop", Doc: "A security agent that the settings name does not run.",
				Args: []Arg{opt("name", "string", "sentinelle.service", "a unit"), opt("runs", "bool", false,
					"it does run: nothing is wrong")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				b, err := s.service(systemBus, systemdName)
				if err != nil {
					return deed{}, err
				}
				state := "inactive"
				if a.flag("runs") {
					state = "active"
				}
				forget := s.set([]string{"probes", "agents"}, []string{a.str("name")})
				return plain(func() error { return b.unit(a.str("name"), "loaded", state, "success") }, forget,
					b.wasAsked())
			},
		},
		{
			Action{
				Name: "disk.fail", Doc: "The disk says that it is failing.",
				Args: []Arg{opt("kind", "string", "ata", "ata or nvme"), opt("warning", "string", "spare",
					"of an nvme: spare, temperature, degraded, readonly, volatile_mem")},
			},
			diskFail,
		},
		{
			Action{
				Name: "time.sync", Doc: "How the system says that it keeps its clock.",
				Args: []Arg{opt("on", "bool", false, "the service is on"), opt("synced", "bool", false,
					"it has succeeded")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				b, err := s.service(systemBus, timedateName)
				if err != nil {
					return deed{}, err
				}
				return b.change(timedateName, timedatePath, timedateName, map[string]any{
					"NTP": a.flag("on"), "NTPSynchronized": a.flag("synced"),
				})
			},
		},
	}
}

// desktopActions are what else a desktop's services can say.
func desktopActions() []action {
	return []action{
		{
			Action{
				Name: "boot.slow", Doc: "The last start took long.",
				Args: []Arg{opt("seconds", "int", 150, "until everything ran")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				b, err := s.service(systemBus, systemdName)
				if err != nil {
					return deed{}, err
				}
				return b.change(systemdName, systemdPath, systemdName+".Manager",
					map[string]any{"FinishTimestampMonotonic": uint64(a.num("seconds")) * 1e6})
			},
		},
		{
			Action{
				Name: "proxy.desktop", Doc: "The desktop's settings, or the page of automatic ones, name proxies.",
				Args: []Arg{
					opt("answers", "list", []string{"http://" + ProxyIP + ":3128"},
						"as the desktop gives them; nobody is there"),
					opt("late", "duration", "0s", "before each answer, as with a page that does not load"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				b, err := s.service(sessionBus, portalName)
				if err != nil {
					return deed{}, err
				}
				return plain(func() error { return b.proxies(a.dur("late"), a.list("answers")...) },
					func() error { return b.proxies(0, "direct://") }, b.wasAsked())
			},
		},
		{
			Action{
				Name: "privacy.set", Doc: "The desktop's settings switch the microphone or the camera off for programs.",
				Args: []Arg{opt("microphone", "bool", true, "off"), opt("camera", "bool", true, "off")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				b, err := s.service(sessionBus, portalName)
				if err != nil {
					return deed{}, err
				}
				const schema = "/usr/share/glib-2.0/schemas/org.gnome.desktop.privacy.gschema.xml"
				if err := s.machine.write(schema, "<schemalist/>\n"); err != nil {
					return deed{}, err
				}
				return plain(func() error { return b.privacy(a.flag("microphone"), a.flag("camera")) },
					func() error { return b.privacy(false, false) }, b.wasAsked())
			},
		},
		{
			Action{
				Name: "vpn.state", Doc: "The tunnel is needed, and the desktop's network service says how it stands; there is none.",
				Args: []Arg{opt("state", "string", "failed",
					"connecting, sign_in, failed or up (and nothing comes through)")},
			},
			vpnState,
		},
	}
}

func vpnState(_ context.Context, s *Stage, a args) (deed, error) {
	// NMActiveConnectionState, NMVpnConnectionState.
	states, ok := map[string][2]uint32{"connecting": {1, 3}, "sign_in": {1, 2}, "failed": {4, 6}, "up": {
		2,
		5,
	}}[a.str("state")]
	if !ok {
		return deed{}, fmt.Errorf("%w state %q", ErrUnknown, a.str("state"))
	}
	b, err := s.service(systemBus, nmName)
	if err != nil {
		return deed{}, err
	}
	const active = nmPath + "/ActiveConnection/2"
	err = errors.Join(
		b.put(nmName, active, nmName+".Connection.Active", map[string]any{
			"Type": "vpn", "Id": vpnName, "State": states[0], "Vpn": true, "Default": false, "Uuid": vpnUUID,
		}),
		b.put(nmName, active, nmName+".VPN.Connection", map[string]any{"VpnState": states[1]}))
	if err != nil {
		return deed{}, err
	}
	d, err := b.change(nmName, nmPath, nmName, map[string]any{
		"ActiveConnections": []dbus.ObjectPath{nmPath + "/ActiveConnection/1", active},
	})
	d.undo = all(d.undo, s.wantVPN())
	return d, err
}

// wasAsked sees that somebody asked the bus.
func (b *bus) wasAsked() func(context.Context) (bool, string) {
	before := b.asked.Load()
	return func(context.Context) (bool, string) {
		n := b.asked.Load() - before
		return n > 0, fmt.Sprintf("%d questions on the message bus", n)
	}
}

// change sets properties, and back.
func (b *bus) change(service, path, iface string, props map[string]any) (deed, error) {
	before := map[string]any{}
	b.mu.Lock()
	for name := range props {
		before[name] = b.tree[service+path][iface][name]
	}
	b.mu.Unlock()
	return plain(func() error { return b.put(service, path, iface, props) },
		func() error { return b.put(service, path, iface, before) }, b.wasAsked())
}

func diskFail(_ context.Context, s *Stage, a args) (deed, error) {
	b, err := s.service(systemBus, udisksName)
	if err != nil {
		return deed{}, err
	}
	switch a.str("kind") {
	case "ata":
		return b.change(udisksName, udisksPath+"/drives/disk", udisksName+".Drive.Ata", map[string]any{
			"SmartFailing": true, "SmartNumAttributesFailing": int32(1),
		})
	case "nvme":
		return b.change(udisksName, udisksPath+"/drives/nvme", udisksName+".NVMe.Controller", map[string]any{
			"SmartCriticalWarning": []string{a.str("warning")},
		})
	}
	return deed{}, fmt.Errorf("%w kind %q", ErrUnknown, a.str("kind"))
}

// busMute puts a socket that says nothing where the bus should be.
func busMute(_ context.Context, s *Stage, a args) (deed, error) {
	kind := a.str("bus")
	if kind != systemBus && kind != sessionBus || s.buses[kind] != nil {
		return deed{}, fmt.Errorf("%w bus %q, or it runs already", ErrUnknown, kind)
	}
	socket := busSocket(kind)
	if err := s.machine.write(socket+".keep", ""); err != nil {
		return deed{}, err
	}
	var ln net.Listener
	err := s.machine.do(func() (err error) {
		if ln, err = net.Listen("unix", socket); err == nil {
			err = os.Chmod(socket, 0o777)
		}
		return err
	})
	if err != nil {
		return deed{}, err
	}
	var calls atomic.Int64
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			go hold(c)
		}
	}()
	return deed{undo: ln.Close, stop: ln.Close, seen: func(context.Context) (bool, string) {
		return calls.Load() > 0, fmt.Sprintf("%d connections to the silent bus", calls.Load())
	}}, nil
}

// hold keeps a connection until the other side goes.
func hold(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}
