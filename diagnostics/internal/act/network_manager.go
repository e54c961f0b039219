package act

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

// NetworkManager's names and numbers, from its D-Bus reference
// (https://networkmanager.dev/docs/api/latest/spec.html) and libnm's NMDeviceType, NMDeviceState and
// NMActiveConnectionState. Activating, deactivating and the Wi-Fi switch are allowed to whoever sits at
// the computer (polkit: network-control, enable-disable-wifi); anybody else gets
// org.freedesktop.NetworkManager.PermissionDenied.
const (
	nmName     = "org.freedesktop.NetworkManager"
	nmPath     = "/org/freedesktop/NetworkManager"
	nmSettings = nmPath + "/Settings"
	nmDevice   = nmName + ".Device"
	nmActive   = nmName + ".Connection.Active"
	nmProfile  = nmName + ".Settings.Connection"

	nmEthernet, nmWifi = uint32(1), uint32(2)

	nmDisconnected = uint32(30) // below it a device is unmanaged or cannot be used

	nmActivated, nmDeactivating, nmDeactivated = uint32(2), uint32(3), uint32(4)

	nobody = dbus.ObjectPath("/") // "none", where NetworkManager wants an object
)

// nmMost is how many devices, profiles or connections are looked at.
const nmMost = 64

// ErrNotConnected says that a connection was asked for and did not come up.
var ErrNotConnected = errors.New("the connection did not come up")

// Networks is NetworkManager, for one repair's step: Close it. Nothing that names a network is read of it but
// the names of VPN profiles, which the user gave.
type Networks struct{ b Bus }

// OpenNetworks connects to NetworkManager. ErrAbsent: it does not run here; it is not started.
func OpenNetworks(ctx context.Context) (Networks, error) {
	b, err := openOwned(ctx, nmName)
	return Networks{b}, err
}

// openOwned connects to the system's bus where a service is running.
func openOwned(ctx context.Context, name string) (Bus, error) {
	b, err := SystemBus(ctx)
	if err != nil {
		return Bus{}, err
	}
	there, err := b.owned(ctx, name)
	if err == nil && !there {
		err = fmt.Errorf("%w: %s does not run", ErrAbsent, name)
	}
	if err != nil {
		b.Close()
		return Bus{}, err
	}
	return b, nil
}

// owned asks the bus itself whether somebody answers to a name, and starts nobody.
func (b Bus) owned(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var there bool
	err := b.Do(ctx, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
		[]any{name}, &there)
	return there, err
}

// Close ends the connection.
func (n Networks) Close() { n.b.Close() }

// read is one property of the type that it should have.
func read[T any](ctx context.Context, b Bus, name string, path dbus.ObjectPath, iface, property string) (T, error) {
	v, err := b.Get(ctx, name, path, iface, property)
	if err != nil {
		var none T
		return none, err
	}
	t, ok := v.(T)
	if !ok {
		return t, fmt.Errorf("read %s: it is a %T", property, v)
	}
	return t, nil
}

// Wireless tells whether NetworkManager lets Wi-Fi send, and whether the computer's own switch does.
func (n Networks) Wireless(ctx context.Context) (on, hardware bool, err error) {
	if on, err = read[bool](ctx, n.b, nmName, nmPath, nmName, "WirelessEnabled"); err != nil {
		return false, false, err
	}
	hardware, err = read[bool](ctx, n.b, nmName, nmPath, nmName, "WirelessHardwareEnabled")
	return on, hardware, err
}

// SetWireless switches Wi-Fi on or off. NetworkManager takes the kernel's soft switches with it.
func (n Networks) SetWireless(ctx context.Context, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	return undecidedIf(ctx, n.b.Set(ctx, nmName, nmPath, nmName, "WirelessEnabled", on))
}

// Adapter is a network card that NetworkManager may use.
type Adapter struct {
	Iface string
	Wifi  bool
	// Profile is the UUID of the profile that is active on it, or is being activated; empty for none.
	Profile string
	// Up says that the profile is active. Default says that the way out leads through it.
	Up, Default bool
	// Profiles is how many profiles it could use.
	Profiles int

	path, active dbus.ObjectPath
}

// Adapters are the cards, wired and wireless, in the manager's order.
func (n Networks) Adapters(ctx context.Context) ([]Adapter, error) {
	paths, err := read[[]dbus.ObjectPath](ctx, n.b, nmName, nmPath, nmName, "Devices")
	if err != nil {
		return nil, err
	}
	var list []Adapter
	for _, path := range paths[:min(len(paths), nmMost)] {
		a, err := n.adapter(ctx, path)
		switch {
		case errors.Is(err, ErrAbsent): // it was pulled out meanwhile
		case err != nil:
			return nil, err
		case a.Iface != "":
			list = append(list, a)
		}
	}
	return list, nil
}

// adapter reads one device; one without a name is none of ours.
func (n Networks) adapter(ctx context.Context, path dbus.ObjectPath) (Adapter, error) {
	kind, err := read[uint32](ctx, n.b, nmName, path, nmDevice, "DeviceType")
	if err != nil || kind != nmEthernet && kind != nmWifi {
		return Adapter{}, err
	}
	state, err := read[uint32](ctx, n.b, nmName, path, nmDevice, "State")
	if err != nil || state < nmDisconnected {
		return Adapter{}, err
	}
	a := Adapter{path: path, Wifi: kind == nmWifi}
	available, err := read[[]dbus.ObjectPath](ctx, n.b, nmName, path, nmDevice, "AvailableConnections")
	if err != nil {
		return Adapter{}, err
	}
	a.Profiles = len(available)
	if a.active, err = read[dbus.ObjectPath](ctx, n.b, nmName, path, nmDevice, "ActiveConnection"); err != nil {
		return Adapter{}, err
	}
	if a.active != nobody {
		if err := n.describe(ctx, &a); err != nil && !errors.Is(err, ErrAbsent) {
			return Adapter{}, err
		}
	}
	a.Iface, err = read[string](ctx, n.b, nmName, path, nmDevice, "Interface")
	return a, err
}

func (n Networks) describe(ctx context.Context, a *Adapter) error {
	state, err := read[uint32](ctx, n.b, nmName, a.active, nmActive, "State")
	if err != nil || state >= nmDeactivating {
		return err
	}
	uuid, err := read[string](ctx, n.b, nmName, a.active, nmActive, "Uuid")
	if err != nil {
		return err
	}
	a.Profile, a.Up = uuid, state == nmActivated
	a.Default, err = read[bool](ctx, n.b, nmName, a.active, nmActive, "Default")
	return err
}

// Adapter finds one by its name.
func (n Networks) Adapter(ctx context.Context, iface string) (Adapter, error) {
	all, err := n.Adapters(ctx)
	if err != nil {
		return Adapter{}, err
	}
	i := slices.IndexFunc(all, func(a Adapter) bool { return a.Iface == iface })
	if i < 0 {
		return Adapter{}, fmt.Errorf("%w: the network card is gone", ErrAbsent)
	}
	return all[i], nil
}

// Connect activates a profile on a card and returns when it is up: ErrNotConnected when it will not be. Without a
// profile the manager takes the best that it has for the card.
func (n Networks) Connect(ctx context.Context, a Adapter, uuid string) error {
	profile := nobody
	if uuid != "" {
		var err error
		if profile, err = n.profile(ctx, uuid); err != nil {
			return err
		}
	}
	return n.activate(ctx, profile, a.path)
}

func (n Networks) profile(ctx context.Context, uuid string) (dbus.ObjectPath, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var path dbus.ObjectPath
	err := n.b.Do(ctx, nmName, nmSettings, nmName+".Settings.GetConnectionByUuid", []any{uuid}, &path)
	return path, err
}

func (n Networks) activate(ctx context.Context, profile, device dbus.ObjectPath) error {
	var active dbus.ObjectPath
	asking, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	err := n.b.Do(asking, nmName, nmPath, nmName+".ActivateConnection", []any{profile, device, nobody}, &active)
	if err != nil {
		return undecided(asking, err)
	}
	return n.await(ctx, active, func(state uint32) (bool, error) {
		if state >= nmDeactivating {
			return true, ErrNotConnected
		}
		return state == nmActivated, nil
	}, ErrNotConnected)
}

// nmAgain is how often a connection is looked at while it comes up or goes down.
const nmAgain = 150 * time.Millisecond

// await looks at an active connection until over says that it is. gone is what it means when the object is not
// there any more.
func (n Networks) await(
	ctx context.Context, active dbus.ObjectPath, over func(state uint32) (bool, error), gone error,
) error {
	tick := time.NewTicker(nmAgain)
	defer tick.Stop()
	for {
		state, err := read[uint32](ctx, n.b, nmName, active, nmActive, "State")
		if errors.Is(err, ErrAbsent) {
			if there, err := n.b.owned(ctx, nmName); err != nil || !there {
				return fmt.Errorf("%w: NetworkManager is gone", ErrAbsent)
			}
			return gone
		}
		if err != nil {
			return err
		}
		if done, err := over(state); done {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Disconnect takes a card off its network; it stays off until somebody connects it.
func (n Networks) Disconnect(ctx context.Context, a Adapter) error {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	return undecidedIf(ctx, n.b.Do(ctx, nmName, a.path, nmDevice+".Disconnect", nil))
}
