package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// The answers of a bus that say nothing about what was asked.
var (
	// ErrNoBus says that there is no message bus here: a container, another system.
	ErrNoBus = errors.New("no message bus")
	// ErrNoService says that nobody on the bus offers what was asked for.
	ErrNoService = errors.New("no such service on the message bus")
)

// busPatience bounds one look at a bus: a service on this computer answers within milliseconds.
const busPatience = 900 * time.Millisecond

// bus is one of the two message buses.
type bus int

const (
	systemBus bus = iota
	sessionBus
)

// ask connects, hands the connection to f and closes it. No service is ever started for a question: one that
// does not run has nothing to say about the computer.
func (b bus) ask(ctx context.Context, f func(ctx context.Context, conn *dbus.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	connect := dbus.ConnectSystemBus
	if b == sessionBus {
		if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
			return ErrNoBus // godbus would start one
		}
		connect = dbus.ConnectSessionBus
	}
	conn, err := connect(dbus.WithContext(ctx))
	if err != nil {
		return busError(ctx, err)
	}
	defer conn.Close()
	return busError(ctx, f(ctx, conn))
}

// properties reads every property of one interface of an object.
func (b bus) properties(ctx context.Context, name, path, iface string) (map[string]dbus.Variant, error) {
	var all map[string]dbus.Variant
	err := b.ask(ctx, func(ctx context.Context, conn *dbus.Conn) error {
		return conn.Object(name, dbus.ObjectPath(path)).CallWithContext(ctx,
			"org.freedesktop.DBus.Properties.GetAll", dbus.FlagNoAutoStart, iface).Store(&all)
	})
	return all, err
}

// objects are what a service manages: path, interface, property.
type objects map[dbus.ObjectPath]map[string]map[string]dbus.Variant

// objects asks a service for all that it manages in one call.
func (b bus) objects(ctx context.Context, name, path string) (objects, error) {
	var all objects
	err := b.ask(ctx, func(ctx context.Context, conn *dbus.Conn) error {
		return conn.Object(name, dbus.ObjectPath(path)).CallWithContext(ctx,
			"org.freedesktop.DBus.ObjectManager.GetManagedObjects", dbus.FlagNoAutoStart).Store(&all)
	})
	return all, err
}

// busError tells apart that there is no bus, that nobody offers the service, and that an answer did not come.
func busError(ctx context.Context, err error) error {
	var answer dbus.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoBus), errors.Is(err, ErrNoService):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("ask the message bus: %w", context.DeadlineExceeded)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", ErrNoBus, err)
	case errors.As(err, &answer):
		switch answer.Name {
		case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
			return fmt.Errorf("%w: %w", ErrNoService, err)
		}
	}
	return fmt.Errorf("ask the message bus: %w", err)
}

// busValue reads a property of the type that it should have; another type, or none, is not ok.
func busValue[T any](all map[string]dbus.Variant, name string) (T, bool) {
	v, ok := all[name].Value().(T)
	return v, ok
}
