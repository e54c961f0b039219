package probe

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	nmName   = "org.freedesktop.NetworkManager"
	nmPath   = "/org/freedesktop/NetworkManager"
	nmDevice = nmName + ".Device"
	nmWifi   = 2 // DeviceType
)

// managerPatience is what the whole conversation with NetworkManager may take. It lives on this computer;
// when it takes longer it is stuck, and then it has told nothing.
const managerPatience = 400 * time.Millisecond

// nmProps are the properties of one of NetworkManager's objects.
type nmProps map[string]dbus.Variant

func readNM(ctx context.Context, b bus, path dbus.ObjectPath, iface string) (nmProps, error) {
	var props nmProps
	err := b.call(ctx, nmName, path, "org.freedesktop.DBus.Properties.GetAll", []any{iface}, &props)
	return props, err
}

// value reads one property of whatever type; the zero value when it is missing or of another.
func value[T any](props nmProps, key string) (v T, ok bool) {
	v, ok = props[key].Value().(T)
	return v, ok
}

// manager is NetworkManager's own view, read in one conversation.
type manager struct {
	radioOn, hardwareOn bool
	wifi                []managedWifi
	tunnels             []Tunnel
}

type managedWifi struct {
	iface    string
	state    uint32
	strength int // of the access point in use; -1 without one
	mhz      int
}

// readManager asks NetworkManager. Nothing that names a network (SSID, BSSID) is ever read.
func readManager(ctx context.Context) (manager, error) {
	ctx, cancel := context.WithTimeout(ctx, managerPatience)
	defer cancel()
	b, err := openSystemBus(ctx)
	if err != nil {
		return manager{}, err
	}
	defer b.close()
	props, err := readNM(ctx, b, nmPath, nmName)
	if err != nil {
		return manager{}, err
	}
	m := manager{radioOn: true, hardwareOn: true}
	if on, ok := value[bool](props, "WirelessEnabled"); ok {
		m.radioOn = on
	}
	if on, ok := value[bool](props, "WirelessHardwareEnabled"); ok {
		m.hardwareOn = on
	}
	const most = 32 // devices and connections; a machine with more has other worries
	devices, _ := value[[]dbus.ObjectPath](props, "AllDevices")
	if len(devices) == 0 {
		devices, _ = value[[]dbus.ObjectPath](props, "Devices")
	}
	for _, path := range devices[:min(len(devices), most)] {
		if w, ok := readWifi(ctx, b, path); ok {
			m.wifi = append(m.wifi, w)
		}
	}
	active, _ := value[[]dbus.ObjectPath](props, "ActiveConnections")
	for _, path := range active[:min(len(active), most)] {
		if t, ok := readTunnel(ctx, b, path); ok {
			m.tunnels = append(m.tunnels, t)
		}
	}
	return m, nil
}

func readWifi(ctx context.Context, b bus, path dbus.ObjectPath) (managedWifi, bool) {
	dev, err := readNM(ctx, b, path, nmDevice)
	if err != nil {
		return managedWifi{}, false
	}
	if kind, _ := value[uint32](dev, "DeviceType"); kind != nmWifi {
		return managedWifi{}, false
	}
	w := managedWifi{strength: -1}
	w.iface, _ = value[string](dev, "Interface")
	w.state, _ = value[uint32](dev, "State")
	radio, err := readNM(ctx, b, path, nmDevice+".Wireless")
	if err != nil {
		return w, true
	}
	point, _ := value[dbus.ObjectPath](radio, "ActiveAccessPoint")
	if point == "" || point == "/" {
		return w, true
	}
	// One property at a time: the others name the network.
	const iface = nmName + ".AccessPoint"
	if v, err := b.property(ctx, nmName, point, iface, "Strength"); err == nil {
		if n, ok := v.(byte); ok {
			w.strength = int(n)
		}
	}
	if v, err := b.property(ctx, nmName, point, iface, "Frequency"); err == nil {
		if n, ok := v.(uint32); ok {
			w.mhz = int(n)
		}
	}
	return w, true
}

func readTunnel(ctx context.Context, b bus, path dbus.ObjectPath) (Tunnel, bool) {
	const active = nmName + ".Connection.Active"
	props, err := readNM(ctx, b, path, active)
	if err != nil {
		return Tunnel{}, false
	}
	kind, _ := value[string](props, "Type")
	isVPN, _ := value[bool](props, "Vpn")
	if kind != "vpn" && kind != "wireguard" && !isVPN {
		return Tunnel{}, false
	}
	t := Tunnel{Kind: kind, Source: "manager"}
	t.Name, _ = value[string](props, "Id")
	state, _ := value[uint32](props, "State")
	t.State = activeState(state)
	if kind == "vpn" || isVPN {
		if vpn, err := readNM(ctx, b, path, nmName+".VPN.Connection"); err == nil {
			if n, ok := value[uint32](vpn, "VpnState"); ok {
				t.State = vpnState(n, t.State)
			}
		}
	}
	return t, true
}

// activeState puts NMActiveConnectionState into a word.
func activeState(n uint32) TunnelState {
	switch n {
	case 1:
		return TunnelConnecting
	case 2:
		return TunnelUp
	case 3:
		return TunnelDisconnecting
	case 4:
		return TunnelDown
	}
	return TunnelUnknown
}

// vpnState puts NMVpnConnectionState into a word; otherwise is for numbers that it does not know.
func vpnState(n uint32, otherwise TunnelState) TunnelState {
	switch n {
	case 1, 3, 4:
		return TunnelConnecting
	case 2:
		return TunnelSignIn
	case 5:
		return TunnelUp
	case 6:
		return TunnelFailed
	case 7:
		return TunnelDown
	}
	return otherwise
}
