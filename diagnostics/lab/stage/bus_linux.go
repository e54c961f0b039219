package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus is one of the machine's message buses: a real dbus-daemon, and behind it objects that this process plays.
type bus struct {
	stop func() error

	mu    sync.Mutex
	names map[string]*dbus.Conn
	tree  map[string]object // by service and path
	asked atomic.Int64
}

// object is interface, property, value.
type object map[string]map[string]any

const busPolicy = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>%s</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/></policy></busconfig>
`

const (
	systemBus  = "system"
	sessionBus = "session"
)

func busSocket(kind string) string {
	if kind == sessionBus {
		return runUser + "/bus"
	}
	return "/run/dbus/system_bus_socket"
}

// bus starts a message bus unless it runs.
func (s *Stage) bus(kind string) (*bus, error) {
	if b := s.buses[kind]; b != nil {
		return b, nil
	}
	socket, conf := busSocket(kind), "/etc/dbus-"+kind+".conf"
	if err := s.machine.write(conf, fmt.Sprintf(busPolicy, kind, socket)); err != nil {
		return nil, err
	}
	if err := s.machine.write(socket+".keep", ""); err != nil {
		return nil, err
	}
	b := &bus{names: map[string]*dbus.Conn{}, tree: map[string]object{}}
	var err error
	b.stop, err = s.machine.daemon(exec.Command("dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--config-file="+conf))
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, b.stop)
	err = s.machine.wait(socket, func(path string) error {
		c, err := net.Dial("unix", path)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start the %s bus: %w", kind, err)
	}
	if s.buses == nil {
		s.buses = map[string]*bus{}
	}
	s.buses[kind] = b
	return b, nil
}

// wait tries until something of the machine is there.
func (m *machine) wait(name string, try func(path string) error) error {
	const patience, again = 3 * time.Second, 3 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(again) {
		err := try(m.path(name))
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// path is where a file of the machine is seen from outside it.
func (m *machine) path(name string) string {
	return fmt.Sprintf("/proc/self/task/%d/root%s", m.tid, name)
}

// own gives a service of the bus to this process.
func (s *Stage) service(kind, name string) (*bus, error) {
	b, err := s.bus(kind)
	if err != nil || b.names[name] != nil {
		return b, err
	}
	conn, err := dbus.Dial("unix:path=" + s.machine.path(busSocket(kind)))
	if err != nil {
		return nil, fmt.Errorf("join the %s bus: %w", kind, err)
	}
	if err := conn.Auth([]dbus.Auth{dbus.AuthExternal("0")}); err != nil {
		return nil, fmt.Errorf("join the %s bus: %w", kind, err)
	}
	if err := conn.Hello(); err != nil {
		return nil, fmt.Errorf("join the %s bus: %w", kind, err)
	}
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		return nil, fmt.Errorf("own %s: %w", name, err)
	}
	s.closers = append(s.closers, conn.Close)
	b.names[name] = conn
	return b, b.base(name)
}

// drop takes a service off the bus.
func (b *bus) drop(name string) error {
	conn := b.names[name]
	if conn == nil {
		return nil
	}
	_, err := conn.ReleaseName(name)
	return err
}

// put sets properties of an object, and makes the object.
func (b *bus) put(service, path, iface string, props map[string]any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := service + path
	if b.tree[key] == nil {
		b.tree[key] = object{}
		conn := b.names[service]
		err := conn.ExportMethodTable(map[string]any{
			"Get":    func(iface, name string) (dbus.Variant, *dbus.Error) { return b.get(key, iface, name) },
			"GetAll": func(iface string) (map[string]dbus.Variant, *dbus.Error) { return b.all(key, iface) },
			"Set":    func(string, string, dbus.Variant) *dbus.Error { return denied() },
		}, dbus.ObjectPath(path), "org.freedesktop.DBus.Properties")
		if err != nil {
			return err
		}
	}
	if b.tree[key][iface] == nil {
		b.tree[key][iface] = map[string]any{}
	}
	for name, v := range props {
		b.tree[key][iface][name] = v
	}
	return nil
}

func denied() *dbus.Error { return dbus.NewError("org.freedesktop.DBus.Error.AccessDenied", nil) }

func (b *bus) get(key, iface, name string) (dbus.Variant, *dbus.Error) {
	all, err := b.all(key, iface)
	v, ok := all[name]
	if err == nil && !ok {
		err = dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return v, err
}

func (b *bus) all(key, iface string) (map[string]dbus.Variant, *dbus.Error) {
	b.asked.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	props, ok := b.tree[key][iface]
	if !ok {
		return nil, dbus.NewError("org.freedesktop.DBus.Error.UnknownInterface", nil)
	}
	out := map[string]dbus.Variant{}
	for name, v := range props {
		out[name] = dbus.MakeVariant(v)
	}
	return out, nil
}

// managed is the answer of an object manager: everything of a service below a path.
func (b *bus) managed(service, below string) (map[dbus.ObjectPath]map[string]map[string]dbus.Variant, *dbus.Error) {
	b.asked.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[dbus.ObjectPath]map[string]map[string]dbus.Variant{}
	for key, obj := range b.tree {
		path, ok := strings.CutPrefix(key, service)
		if !ok || !strings.HasPrefix(path, below+"/") {
			continue
		}
		out[dbus.ObjectPath(path)] = map[string]map[string]dbus.Variant{}
		for iface, props := range obj {
			out[dbus.ObjectPath(path)][iface] = map[string]dbus.Variant{}
			for name, v := range props {
				out[dbus.ObjectPath(path)][iface][name] = dbus.MakeVariant(v)
			}
		}
	}
	return out, nil
}

// The services that a desktop has.
const (
	nmName       = "org.freedesktop.NetworkManager"
	nmPath       = "/org/freedesktop/NetworkManager"
	systemdName  = "org.freedesktop.systemd1"
	systemdPath  = "/org/freedesktop/systemd1"
	udisksName   = "org.freedesktop.UDisks2"
	udisksPath   = "/org/freedesktop/UDisks2"
	timedateName = "org.freedesktop.timedate1"
	timedatePath = "/org/freedesktop/timedate1"
	portalName   = "org.freedesktop.portal.Desktop"
	portalPath   = "/org/freedesktop/portal/desktop"
	loginName    = "org.freedesktop.login1"
	loginPath    = "/org/freedesktop/login1"
)

// base is what a service is like when all is well.
func (b *bus) base(name string) error {
	switch name {
	case nmName:
		return b.baseNM()
	case systemdName:
		return b.baseSystemd()
	case udisksName:
		return b.baseUDisks()
	case timedateName:
		return b.put(name, timedatePath, name, map[string]any{
			"NTP": true, "CanNTP": true, "NTPSynchronized": true, "Timezone": "Europe/Paris", "LocalRTC": false,
		})
	case loginName:
		return b.put(name, loginPath, name+".Manager", map[string]any{"IdleHint": false, "OnExternalPower": true})
	case portalName:
		return errors.Join(b.proxies(0, "direct://"), b.privacy(false, false))
	}
	return nil
}

// proxies is what the desktop says of the way to any address.
func (b *bus) proxies(late time.Duration, answer ...string) error {
	return b.names[portalName].ExportMethodTable(map[string]any{
		"Lookup": func(string) ([]string, *dbus.Error) {
			b.asked.Add(1)
			time.Sleep(late)
			return answer, nil
		},
	}, portalPath, "org.freedesktop.portal.ProxyResolver")
}

// privacy is what the desktop's settings say of the microphone and the camera.
func (b *bus) privacy(noMicrophone, noCamera bool) error {
	off := map[string]bool{"disable-microphone": noMicrophone, "disable-camera": noCamera}
	return b.names[portalName].ExportMethodTable(map[string]any{
		"ReadOne": func(_, key string) (dbus.Variant, *dbus.Error) {
			b.asked.Add(1)
			v, ok := off[key]
			if !ok {
				return dbus.MakeVariant(false), dbus.NewError("org.freedesktop.portal.Error.NotFound", nil)
			}
			return dbus.MakeVariant(v), nil
		},
	}, portalPath, "org.freedesktop.portal.Settings")
}

func (b *bus) baseNM() error {
	const dev, active = nmPath + "/Devices/1", nmPath + "/ActiveConnection/1"
	err := b.put(nmName, nmPath, nmName, map[string]any{
		"WirelessEnabled": true, "WirelessHardwareEnabled": true, "NetworkingEnabled": true, "State": uint32(70),
		"Connectivity": uint32(4), "AllDevices": []dbus.ObjectPath{dev}, "Devices": []dbus.ObjectPath{dev},
		"ActiveConnections": []dbus.ObjectPath{active}, "Version": "1.42.4",
	})
	if err != nil {
		return err
	}
	err = b.put(nmName, dev, nmName+".Device", map[string]any{
		"DeviceType": uint32(1), "Interface": "eth0", "State": uint32(100), "Managed": true,
	})
	if err != nil {
		return err
	}
	return b.put(nmName, active, nmName+".Connection.Active", map[string]any{
		"Type": "802-3-ethernet", "Id": "Wired", "State": uint32(2), "Vpn": false, "Default": true,
	})
}

// unit is one line of systemd's list.
type unit struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

func unitPath(name string) dbus.ObjectPath {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
	return dbus.ObjectPath(systemdPath + "/unit/" + clean)
}

// set makes a unit stand in a state.
func (b *bus) unit(name, load, active, result string) error {
	path := string(unitPath(name))
	sub := map[string]string{"active": "running", "failed": "failed", "inactive": "dead"}[active]
	err := b.put(systemdName, path, systemdName+".Unit", map[string]any{
		"Id": name, "LoadState": load, "ActiveState": active, "SubState": sub, "Description": name,
	})
	if err != nil {
		return err
	}
	return b.put(systemdName, path, systemdName+".Service", map[string]any{"Result": result, "ExecMainStatus": int32(0)})
}

func (b *bus) baseSystemd() error {
	const second = uint64(1e6)
	err := b.put(systemdName, systemdPath, systemdName+".Manager", map[string]any{
		"Version": "252.30", "SystemState": "running", "NFailedUnits": uint32(0),
		"FirmwareTimestampMonotonic": 9 * second, "LoaderTimestampMonotonic": 4 * second,
		"KernelTimestampMonotonic": uint64(0), "InitRDTimestampMonotonic": uint64(0),
		"UserspaceTimestampMonotonic": 3 * second, "FinishTimestampMonotonic": 14 * second,
	})
	if err != nil {
		return err
	}
	for _, name := range []string{"cups.service", "NetworkManager.service", "cron.service"} {
		if err := b.unit(name, "loaded", "active", "success"); err != nil {
			return err
		}
	}
	return b.names[systemdName].ExportMethodTable(map[string]any{
		"ListUnitsFiltered": func(states []string) ([]unit, *dbus.Error) { return b.units(states), nil },
		"ListUnits":         func() ([]unit, *dbus.Error) { return b.units(nil), nil },
		"LoadUnit":          func(name string) (dbus.ObjectPath, *dbus.Error) { return b.load(name) },
		"GetUnit":           func(name string) (dbus.ObjectPath, *dbus.Error) { return b.load(name) },
	}, systemdPath, systemdName+".Manager")
}

func (b *bus) units(states []string) []unit {
	b.asked.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	list := []unit{}
	for key, obj := range b.tree {
		props, ok := obj[systemdName+".Unit"]
		path, mine := strings.CutPrefix(key, systemdName)
		if !ok || !mine || len(states) > 0 && !slices.Contains(states, props["ActiveState"].(string)) ||
			props["LoadState"] == "not-found" {
			continue
		}
		list = append(list, unit{
			Name: props["Id"].(string), Description: props["Id"].(string), Load: props["LoadState"].(string),
			Active: props["ActiveState"].(string), Sub: props["SubState"].(string), Path: dbus.ObjectPath(path), JobPath: "/",
		})
	}
	return list
}

func (b *bus) load(name string) (dbus.ObjectPath, *dbus.Error) {
	path := unitPath(name)
	b.mu.Lock()
	_, known := b.tree[systemdName+string(path)]
	b.mu.Unlock()
	if !known {
		if err := b.unit(name, "not-found", "inactive", "success"); err != nil {
			return "/", dbus.MakeFailedError(err)
		}
	}
	return path, nil
}

func (b *bus) baseUDisks() error {
	now := uint64(time.Now().Unix() - 600)
	err := b.put(udisksName, udisksPath+"/drives/disk", udisksName+".Drive", map[string]any{"Removable": false, "Size": uint64(5e11)})
	if err != nil {
		return err
	}
	err = b.put(udisksName, udisksPath+"/drives/disk", udisksName+".Drive.Ata", map[string]any{
		"SmartSupported": true, "SmartEnabled": true, "SmartFailing": false, "SmartUpdated": now,
		"SmartTemperature": 308.15, "SmartNumBadSectors": int64(0), "SmartNumAttributesFailing": int32(0),
	})
	if err != nil {
		return err
	}
	err = b.put(udisksName, udisksPath+"/drives/nvme", udisksName+".NVMe.Controller", map[string]any{
		"SmartCriticalWarning": []string{}, "SmartUpdated": now, "SmartTemperature": uint16(310),
	})
	if err != nil {
		return err
	}
	return b.names[udisksName].ExportMethodTable(map[string]any{
		"GetManagedObjects": func() (map[dbus.ObjectPath]map[string]map[string]dbus.Variant, *dbus.Error) {
			return b.managed(udisksName, udisksPath)
		},
	}, udisksPath, "org.freedesktop.DBus.ObjectManager")
}

// services are the short names of the actions.
var services = map[string][2]string{
	"nm": {systemBus, nmName}, "systemd": {systemBus, systemdName}, "udisks": {systemBus, udisksName},
	"timedate": {systemBus, timedateName}, "login": {systemBus, loginName}, "user": {sessionBus, systemdName},
	"portal": {sessionBus, portalName},
}

func busActions() []action {
	return []action{
		{
			Action{
				Name: "bus.start", Doc: "The desktop's services are on the message buses, and all is well.",
				Args: []Arg{opt("services", "list", []string{"nm", "systemd", "udisks", "timedate", "login", "user", "portal"}, "which")},
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
				return plain(func() error { return b.unit(a.str("name"), "loaded", "failed", a.str("result")) },
					all(forget, func() error { return b.unit(a.str("name"), "loaded", "active", "success") }), b.wasAsked())
			},
		},
		{
			Action{
				Name: "agent.stop", Doc: "A security agent that the settings name does not run.",
				Args: []Arg{opt("name", "string", "sentinelle.service", "a unit"), opt("runs", "bool", false, "it does run: nothing is wrong")},
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
				return plain(func() error { return b.unit(a.str("name"), "loaded", state, "success") }, forget, b.wasAsked())
			},
		},
		{
			Action{
				Name: "disk.fail", Doc: "The disk says that it is failing.",
				Args: []Arg{opt("kind", "string", "ata", "ata or nvme"), opt("warning", "string", "spare", "of an nvme: spare, temperature, degraded, readonly, volatile_mem")},
			},
			diskFail,
		},
		{
			Action{
				Name: "time.sync", Doc: "How the system says that it keeps its clock.",
				Args: []Arg{opt("on", "bool", false, "the service is on"), opt("synced", "bool", false, "it has succeeded")},
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
					opt("answers", "list", []string{"http://" + ProxyIP + ":3128"}, "as the desktop gives them; nobody is there"),
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
				Args: []Arg{opt("state", "string", "failed", "connecting, sign_in, failed or up (and nothing comes through)")},
			},
			vpnState,
		},
	}
}

func vpnState(_ context.Context, s *Stage, a args) (deed, error) {
	// NMActiveConnectionState, NMVpnConnectionState.
	states, ok := map[string][2]uint32{"connecting": {1, 3}, "sign_in": {1, 2}, "failed": {4, 6}, "up": {2, 5}}[a.str("state")]
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
			"Type": "vpn", "Id": vpnName, "State": states[0], "Vpn": true, "Default": false,
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
