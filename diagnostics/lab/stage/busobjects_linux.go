package stage

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

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
	resolveName  = "org.freedesktop.resolve1"
	resolvePath  = "/org/freedesktop/resolve1"
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
		return b.baseTime()
	case loginName:
		return b.baseLogin()
	case resolveName:
		return b.baseResolve()
	case kitName:
		return b.baseKit()
	case portalName:
		return errors.Join(b.proxies(0, "direct://"), b.privacy(false, false))
	}
	return nil
}

// proxies is what the desktop says of the way to any address.
func (b *bus) proxies(late time.Duration, answer ...string) error {
	return b.answer(func() []string {
		time.Sleep(late)
		return answer
	})
}

func (b *bus) answer(proxies func() []string) error {
	return b.names[portalName].ExportMethodTable(map[string]any{
		"Lookup": func(string) ([]string, *dbus.Error) {
			b.asked.Add(1)
			return proxies(), nil
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
		"ActiveConnection": dbus.ObjectPath(active), "AvailableConnections": []dbus.ObjectPath{wiredProfile},
	})
	if err != nil {
		return err
	}
	return errors.Join(b.put(nmName, active, nmName+".Connection.Active", map[string]any{
		"Type": "802-3-ethernet", "Id": "Wired", "State": uint32(2), "Vpn": false, "Default": true, "Uuid": wiredUUID,
	}), b.nmDeeds())
}

// unit is one line of systemd's list.
type unit struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

// noJob is what a unit says of its job where there is none: (uo).
type noJob struct {
	ID   uint32
	Path dbus.ObjectPath
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

// unit makes a unit stand in a state.
func (b *bus) unit(name, load, active, result string) error {
	path := string(unitPath(name))
	fragment := ""
	if load == "loaded" {
		fragment = "/usr/lib/systemd/system/" + name
	}
	sub := map[string]string{"active": "running", "failed": "failed", "inactive": "dead"}[active]
	err := b.put(systemdName, path, systemdName+".Unit", map[string]any{
		"Id": name, "LoadState": load, "ActiveState": active, "SubState": sub, "Description": name,
		"Job": noJob{Path: "/"}, "FragmentPath": fragment,
	})
	if err != nil {
		return err
	}
	return b.put(systemdName, path, systemdName+".Service", map[string]any{
		"Result":         result,
		"ExecMainStatus": int32(0),
	})
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
	methods := b.systemdDeeds()
	maps.Copy(methods, map[string]any{
		"ListUnitsFiltered": func(states []string) ([]unit, *dbus.Error) { return b.units(states), nil },
		"ListUnits":         func() ([]unit, *dbus.Error) { return b.units(nil), nil },
		"LoadUnit":          func(name string) (dbus.ObjectPath, *dbus.Error) { return b.load(name) },
		"GetUnit":           func(name string) (dbus.ObjectPath, *dbus.Error) { return b.load(name) },
	})
	return b.names[systemdName].ExportMethodTable(methods, systemdPath, systemdName+".Manager")
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
			Active: props["ActiveState"].(string), Sub: props["SubState"].(string), Path: dbus.ObjectPath(path),
			JobPath: "/",
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
	err := b.put(udisksName, udisksPath+"/drives/disk", udisksName+".Drive", map[string]any{
		"Removable": false,
		"Size":      uint64(5e11),
	})
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
