package network_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	nmName   = "org.freedesktop.NetworkManager"
	nmPath   = dbus.ObjectPath("/org/freedesktop/NetworkManager")
	nmDenied = nmName + ".PermissionDenied"
	nowhere  = dbus.ObjectPath("/")
)

// manager is NetworkManager, played: cards, profiles and what is active.
type manager struct {
	*desktop
	radio, hardware bool
	cards           map[dbus.ObjectPath]*card
	profiles        map[dbus.ObjectPath]profile
	actives         map[dbus.ObjectPath]*active
	last, tries     int
	waits           bool // what is activated waits for a password
	// asked is called, with the lock held, when a connection is being activated; false: it does not come up.
	asked func(p profile) bool
	// switched is called when Wi-Fi was switched.
	switched func()
}

type card struct {
	iface   string
	kind    uint32
	active  dbus.ObjectPath
	profile []dbus.ObjectPath
}

type profile struct{ uuid, name, kind string }

type active struct {
	profile dbus.ObjectPath
	card    *card
	state   uint32
	vpn     uint32
}

func newManager(d *desktop) *manager {
	m := &manager{
		desktop: d, radio: true, hardware: true, cards: map[dbus.ObjectPath]*card{},
		profiles: map[dbus.ObjectPath]profile{}, actives: map[dbus.ObjectPath]*active{},
		asked: func(profile) bool { return true }, switched: func() {},
	}
	d.object(nmPath, nmName, map[string]func() any{
		"WirelessEnabled":         func() any { return m.radio },
		"WirelessHardwareEnabled": func() any { return m.hardware },
		"Devices":                 func() any { return slices.Sorted(maps.Keys(m.cards)) },
		"AllDevices":              func() any { return slices.Sorted(maps.Keys(m.cards)) },
		"ActiveConnections":       func() any { return slices.Sorted(maps.Keys(m.actives)) },
	}, func(name string, v any) *dbus.Error {
		return m.do("Set "+name, nmDenied, func() *dbus.Error {
			m.radio = v.(bool)
			m.switched()
			return nil
		})
	})
	d.methods(nmPath, nmName, map[string]any{
		"ActivateConnection": m.activate, "DeactivateConnection": m.deactivate,
	})
	d.methods(nmPath+"/Settings", nmName+".Settings", map[string]any{
		"ListConnections": func() ([]dbus.ObjectPath, *dbus.Error) {
			m.waitIfSilent()
			m.mu.Lock()
			defer m.mu.Unlock()
			return slices.Sorted(maps.Keys(m.profiles)), nil
		},
		"GetConnectionByUuid": func(uuid string) (dbus.ObjectPath, *dbus.Error) {
			m.waitIfSilent()
			m.mu.Lock()
			defer m.mu.Unlock()
			for path, p := range m.profiles {
				if p.uuid == uuid {
					return path, nil
				}
			}
			return "/", dbus.NewError(nmName+".Settings.InvalidConnection", nil)
		},
	})
	d.own(nmName)
	return m
}

// succeeds tells whether a connection comes up: in a world without hope the first one that is asked for does not, but
// what was before can be had again.
func (m *manager) succeeds(hopeless bool) bool {
	m.tries++
	return !hopeless || m.tries > 1 || m.woken
}

// addCard puts in a card; kind is NMDeviceType.
func (m *manager) addCard(iface string, kind uint32, profiles ...dbus.ObjectPath) dbus.ObjectPath {
	path := nmPath + dbus.ObjectPath(fmt.Sprintf("/Devices/%d", len(m.cards)+1))
	c := &card{iface: iface, kind: kind, active: nowhere, profile: profiles}
	m.mu.Lock()
	m.cards[path] = c
	m.mu.Unlock()
	const dev = nmName + ".Device"
	m.object(path, dev, map[string]func() any{
		"Interface": func() any { return c.iface }, "DeviceType": func() any { return c.kind },
		"State": func() any {
			if c.active == nowhere {
				return uint32(30)
			}
			return uint32(100)
		},
		"ActiveConnection":     func() any { return c.active },
		"AvailableConnections": func() any { return c.profile },
	}, nil)
	if kind == 2 {
		m.object(path, dev+".Wireless", map[string]func() any{"ActiveAccessPoint": func() any { return nowhere }}, nil)
	}
	m.methods(path, dev, map[string]any{
		"Disconnect": func() *dbus.Error {
			return m.do("Disconnect "+iface, nmDenied, func() *dbus.Error { m.drop(c.active); return nil })
		},
	})
	return path
}

// addProfile keeps a connection's settings.
func (m *manager) addProfile(p profile) dbus.ObjectPath {
	path := nmPath + dbus.ObjectPath(fmt.Sprintf("/Settings/%d", len(m.profiles)+1))
	m.mu.Lock()
	m.profiles[path] = p
	m.mu.Unlock()
	m.methods(path, nmName+".Settings.Connection", map[string]any{
		"GetSettings": func() (map[string]map[string]dbus.Variant, *dbus.Error) {
			m.waitIfSilent()
			return map[string]map[string]dbus.Variant{"connection": {
				"id": dbus.MakeVariant(p.name), "uuid": dbus.MakeVariant(p.uuid), "type": dbus.MakeVariant(p.kind),
			}}, nil
		},
	})
	return path
}

func (m *manager) activate(connection, device, specific dbus.ObjectPath) (dbus.ObjectPath, *dbus.Error) {
	var path dbus.ObjectPath
	err := m.do("Activate", nmDenied, func() *dbus.Error {
		c := m.cards[device]
		if connection == nowhere && c != nil && len(c.profile) > 0 {
			connection = c.profile[0] // the manager's own choice
		}
		p, known := m.profiles[connection]
		switch {
		case !known:
			return dbus.NewError(nmName+".UnknownConnection", nil)
		case specific != nowhere:
			return dbus.NewError(nmName+".Failed", nil)
		case c == nil && device != nowhere, c == nil && p.kind != "vpn" && p.kind != "wireguard":
			return dbus.NewError(nmName+".UnknownDevice", nil)
		}
		for at, a := range m.actives { // a profile is active once, and a card has one
			if a.profile == connection || c != nil && a.card == c {
				m.drop(at)
			}
		}
		path = m.up(connection, c, m.asked(p))
		return nil
	})
	if err != nil {
		return nowhere, err
	}
	return path, nil
}

// up puts an active connection on the bus; the lock is held. One that does not come up is seen once, with its
// state, before it goes.
func (m *manager) up(at dbus.ObjectPath, c *card, well bool) dbus.ObjectPath {
	m.last++
	path := nmPath + dbus.ObjectPath(fmt.Sprintf("/ActiveConnection/%d", m.last))
	p := m.profiles[at]
	a := &active{profile: at, card: c, state: 2, vpn: 5}
	if !well {
		a.state, a.vpn = 4, 6
	}
	if m.waits {
		a.state, a.vpn = 1, 2
	}
	m.actives[path] = a
	if c != nil && well {
		c.active = path
	}
	const iface = nmName + ".Connection.Active"
	m.mu.Unlock()
	m.object(path, iface, map[string]func() any{
		"State": func() any {
			if a.state == 4 {
				delete(m.actives, path)
			}
			return a.state
		},
		"Uuid": func() any { return p.uuid }, "Id": func() any { return p.name }, "Type": func() any { return p.kind },
		"Vpn": func() any { return p.kind == "vpn" }, "Default": func() any { return c != nil },
	}, nil)
	if p.kind == "vpn" {
		m.object(path, nmName+".VPN.Connection", map[string]func() any{"VpnState": func() any { return a.vpn }}, nil)
	}
	m.mu.Lock()
	return path
}

func (m *manager) deactivate(path dbus.ObjectPath) *dbus.Error {
	return m.do("Deactivate", nmDenied, func() *dbus.Error {
		if m.actives[path] == nil {
			return dbus.NewError(nmName+".ConnectionNotActive", nil)
		}
		m.drop(path)
		return nil
	})
}

// drop ends an active connection; the lock is held.
func (m *manager) drop(path dbus.ObjectPath) {
	a := m.actives[path]
	if a == nil {
		return
	}
	delete(m.actives, path)
	if a.card != nil {
		a.card.active = nowhere
	}
	m.remove(path)
}

// connected is what is active, as text: card and profile, without the numbers that change each time.
func (m *manager) connected() string {
	var lines []string
	for _, a := range m.actives {
		iface := "-"
		if a.card != nil {
			iface = a.card.iface
		}
		if a.state == 2 {
			lines = append(lines, iface+"="+m.profiles[a.profile].uuid)
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("radio=%v %s", m.radio, strings.Join(lines, " "))
}
