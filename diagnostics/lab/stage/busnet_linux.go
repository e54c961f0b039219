package stage

import (
	"errors"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The profiles that the played NetworkManager has.
const (
	wiredUUID, vpnUUID       = "5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03", "0b6f1c0e-7a52-4a55-9c2c-2b7f3d1f6a11"
	wiredProfile, vpnProfile = nmPath + "/Settings/1", nmPath + "/Settings/2"
	wiredActive, vpnActive   = nmPath + "/ActiveConnection/1", nmPath + "/ActiveConnection/2"
	nmAdapter                = nmPath + "/Devices/1"
)

// nmDeeds are NetworkManager's methods that change something, and its profiles.
func (b *bus) nmDeeds() error {
	conn := b.names[nmName]
	b.set(nmName+nmPath, nmName, "WirelessEnabled", func(v any) *dbus.Error {
		if err := b.stage.called("nm.wireless", nmDeniedName); err != nil {
			return err
		}
		return failed(b.put(nmName, nmPath, nmName, map[string]any{"WirelessEnabled": v}))
	})
	profiles := map[dbus.ObjectPath][3]string{
		wiredProfile: {wiredUUID, "Wired", "802-3-ethernet"}, vpnProfile: {vpnUUID, vpnName, "vpn"},
	}
	var errs []error
	for path, p := range profiles {
		errs = append(errs, conn.ExportMethodTable(map[string]any{
			"GetSettings": func() (map[string]map[string]dbus.Variant, *dbus.Error) {
				return map[string]map[string]dbus.Variant{"connection": {
					"uuid": dbus.MakeVariant(p[0]), "id": dbus.MakeVariant(p[1]), "type": dbus.MakeVariant(p[2]),
				}}, nil
			},
		}, path, nmName+".Settings.Connection"))
	}
	return errors.Join(append(errs, conn.ExportMethodTable(map[string]any{
		"ListConnections": func() ([]dbus.ObjectPath, *dbus.Error) {
			return []dbus.ObjectPath{wiredProfile, vpnProfile}, nil
		},
		"GetConnectionByUuid": func(uuid string) (dbus.ObjectPath, *dbus.Error) {
			for path, p := range profiles {
				if p[0] == uuid {
					return path, nil
				}
			}
			return "/", dbus.NewError(nmName+".Settings.InvalidConnection", nil)
		},
	}, nmPath+"/Settings", nmName+".Settings"), conn.ExportMethodTable(map[string]any{
		"ActivateConnection":   b.activate,
		"DeactivateConnection": b.deactivate,
	}, nmPath, nmName), conn.ExportMethodTable(map[string]any{
		"Disconnect": func() *dbus.Error { return b.deactivate(wiredActive) },
	}, nmAdapter, nmName+".Device"))...)
}

func (b *bus) activate(profile, _, _ dbus.ObjectPath) (dbus.ObjectPath, *dbus.Error) {
	if err := b.stage.called("nm.activate", nmDeniedName); err != nil {
		return "/", err
	}
	if profile == vpnProfile {
		err := errors.Join(b.active(vpnActive, true, map[string]any{
			"Type": "vpn", "Id": vpnName, "State": uint32(2), "Vpn": true, "Default": false, "Uuid": vpnUUID,
		}), b.put(nmName, vpnActive, nmName+".VPN.Connection", map[string]any{"VpnState": uint32(5)}))
		return vpnActive, failed(err)
	}
	err := errors.Join(b.active(wiredActive, true, map[string]any{
		"Type": "802-3-ethernet", "Id": "Wired", "State": uint32(2), "Vpn": false, "Default": true, "Uuid": wiredUUID,
	}), b.put(nmName, nmAdapter, nmName+".Device", map[string]any{
		"State": uint32(100), "ActiveConnection": dbus.ObjectPath(wiredActive),
	}))
	return wiredActive, failed(err)
}

func (b *bus) deactivate(path dbus.ObjectPath) *dbus.Error {
	if b.stage.refuses() {
		return dbus.NewError(nmDeniedName, nil)
	}
	err := b.active(string(path), false, map[string]any{"State": uint32(4)})
	if path == wiredActive {
		err = errors.Join(err, b.put(nmName, nmAdapter, nmName+".Device", map[string]any{
			"State": uint32(30), "ActiveConnection": dbus.ObjectPath("/"),
		}))
	}
	return failed(err)
}

// active says how a connection stands, and puts it on the manager's list or takes it off.
func (b *bus) active(path string, on bool, props map[string]any) error {
	list, _ := b.property(nmName+nmPath, nmName, "ActiveConnections").([]dbus.ObjectPath)
	list = slices.DeleteFunc(slices.Clone(list), func(p dbus.ObjectPath) bool { return string(p) == path })
	if on {
		list = append(list, dbus.ObjectPath(path))
		slices.SortFunc(list, func(a, b dbus.ObjectPath) int { return strings.Compare(string(a), string(b)) })
	}
	return errors.Join(b.put(nmName, path, nmName+".Connection.Active", props),
		b.put(nmName, nmPath, nmName, map[string]any{"ActiveConnections": list}))
}

// set lets a property be written.
func (b *bus) set(key, iface, name string, write func(v any) *dbus.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.writes == nil {
		b.writes = map[string]func(any) *dbus.Error{}
	}
	b.writes[key+" "+iface+"."+name] = write
}

func (b *bus) write(key, iface, name string, v dbus.Variant) *dbus.Error {
	b.mu.Lock()
	write := b.writes[key+" "+iface+"."+name]
	b.mu.Unlock()
	if write == nil {
		return denied()
	}
	return write(v.Value())
}
