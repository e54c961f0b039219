package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus is a connection to a message bus that is kept for several questions. Nothing is ever started by asking.
type bus struct{ conn *dbus.Conn }

// systemSocket is where the system's bus listens when the environment does not say otherwise.
const systemSocket = "/run/dbus/system_bus_socket"

// ErrNoBus says that there is no message bus here, or nobody on it who offers what was asked for.
var ErrNoBus = errors.New("nobody on the message bus answers for this")

// openSystemBus connects to the system's bus.
func openSystemBus(ctx context.Context) (bus, error) {
	if os.Getenv("DBUS_SYSTEM_BUS_ADDRESS") == "" && !there(systemSocket) && !there("/var"+systemSocket) {
		return bus{}, fmt.Errorf("%w: no system bus", ErrNoBus)
	}
	return openBus(ctx, dbus.ConnectSystemBus)
}

// openUserBus connects to the user's bus. Without an address in the environment there is none: the library would
// start one.
func openUserBus(ctx context.Context) (bus, error) {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		return bus{}, fmt.Errorf("%w: no session bus", ErrNoBus)
	}
	return openBus(ctx, dbus.ConnectSessionBus)
}

// openBus gives up with the context, also when the bus accepts the connection and then stays silent, or floods
// us with a greeting that never ends: the library reads that into memory and copies it before it notices.
func openBus(
	ctx context.Context, connect func(...dbus.ConnOption) (*dbus.Conn, error),
) (bus, error) {
	type answer struct {
		conn *dbus.Conn
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		conn, err := connect(dbus.WithContext(ctx))
		done <- answer{conn, err}
	}()
	var a answer
	select {
	case a = <-done:
	case <-ctx.Done(): // a connection that comes later is closed by its context
	}
	if ctx.Err() != nil {
		return bus{}, fmt.Errorf("connect to the bus: %w", ctx.Err())
	}
	if a.err != nil {
		return bus{}, fmt.Errorf("%w: %w", ErrNoBus, a.err)
	}
	return bus{a.conn}, nil
}

func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func (b bus) close() { _ = b.conn.Close() }

// call asks once and reads the answer into out. An error wraps ErrNoBus where
// nobody of that name is there.
func (b bus) call(
	ctx context.Context, name string, path dbus.ObjectPath, method string, args []any, out ...any,
) error {
	call := b.conn.Object(name, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
	if call.Err != nil {
		return fmt.Errorf("ask %s: %w", method, busError(call.Err))
	}
	if err := call.Store(out...); err != nil {
		return fmt.Errorf("read %s: %w", method, err)
	}
	return nil
}

// property reads one property.
func (b bus) property(
	ctx context.Context, name string, path dbus.ObjectPath, iface, property string,
) (any, error) {
	var v dbus.Variant
	err := b.call(ctx, name, path, "org.freedesktop.DBus.Properties.Get", []any{iface, property}, &v)
	return v.Value(), err
}

// busError tells apart that nobody offers what was asked for and that we may not ask.
func busError(err error) error {
	var e dbus.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Name {
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownObject",
		"org.freedesktop.DBus.Error.UnknownInterface":
		return fmt.Errorf("%w: %s", ErrNoBus, e.Name)
	case "org.freedesktop.DBus.Error.AccessDenied":
		return fmt.Errorf("%w: %s", os.ErrPermission, e.Name)
	}
	return fmt.Errorf("%s: %w", e.Name, err)
}

// callPatience is how long a service of this very computer may take for one answer.
const callPatience = 500 * time.Millisecond

// SystemBus and UserBus connect to a message bus for whoever changes something (package act): the same care when
// opening, another kind of question. The caller closes the connection.
func SystemBus(ctx context.Context) (*dbus.Conn, error) { return keep(openSystemBus(ctx)) }

// UserBus is the session's bus.
func UserBus(ctx context.Context) (*dbus.Conn, error) { return keep(openUserBus(ctx)) }

func keep(b bus, err error) (*dbus.Conn, error) { return b.conn, err }
