package probe

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// systemPatience bounds all questions of one look at the system's bus together.
const systemPatience = 900 * time.Millisecond

// onSystemBus hands a connection to the system's bus to f and closes it.
func onSystemBus(ctx context.Context, f func(ctx context.Context, b bus) error) error {
	ctx, cancel := context.WithTimeout(ctx, systemPatience)
	defer cancel()
	b, err := openSystemBus(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	return f(ctx, b)
}

// busProps are an interface's properties by name.
type busProps map[string]dbus.Variant

// allProperties reads every property of one interface of an object.
func (b bus) allProperties(ctx context.Context, name string, path dbus.ObjectPath, iface string,
) (busProps, error) {
	var all busProps
	err := b.call(ctx, name, path, "org.freedesktop.DBus.Properties.GetAll", []any{iface}, &all)
	return all, err
}

// managed are the objects of a service: path, interface, property.
type managed map[dbus.ObjectPath]map[string]busProps

// managedObjects asks a service for all that it manages in one call.
func (b bus) managedObjects(ctx context.Context, name string, path dbus.ObjectPath) (managed, error) {
	// The library fills maps of exactly the types of the wire, not of types named after them.
	var wire map[dbus.ObjectPath]map[string]map[string]dbus.Variant
	err := b.call(ctx, name, path, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", nil, &wire)
	all := make(managed, len(wire))
	for at, interfaces := range wire {
		all[at] = make(map[string]busProps, len(interfaces))
		for iface, props := range interfaces {
			all[at][iface] = props
		}
	}
	return all, err
}

// busValue reads a property of the type that it should have; another type, or none, is not ok.
func busValue[T any](all busProps, name string) (T, bool) {
	v, ok := all[name].Value().(T)
	return v, ok
}
