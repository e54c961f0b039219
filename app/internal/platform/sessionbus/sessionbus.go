// Package sessionbus finds the user's D-Bus session bus and connects to it with a deadline.
//
// It never starts one: without an address the D-Bus library would launch a daemon of its own, on which nobody
// else is.
package sessionbus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// ErrNone says that this session has no bus.
var ErrNone = errors.New("no session bus")

// connectTimeout bounds the connection: the bus is a local socket and answers in milliseconds or not at all.
const connectTimeout = 3 * time.Second

// Address is where the session bus listens; empty where there is none.
func Address() string {
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" && !strings.HasPrefix(a, "autolaunch:") {
		return a
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		return ""
	}
	socket := filepath.Join(dir, "bus")
	if info, err := os.Stat(socket); err != nil || info.Mode()&os.ModeSocket == 0 {
		return ""
	}
	return "unix:path=" + socket
}

// Connect opens a private connection. It ends with Close, not with ctx, which bounds the connecting only.
func Connect(ctx context.Context) (*dbus.Conn, error) {
	address := Address()
	if address == "" {
		return nil, ErrNone
	}
	type result struct {
		conn *dbus.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		conn, err := dbus.Connect(address)
		done <- result{conn, err}
	}()
	timer := time.NewTimer(connectTimeout)
	defer timer.Stop()
	var late error
	select {
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNone, r.err)
		}
		return r.conn, nil
	case <-ctx.Done():
		late = ctx.Err()
	case <-timer.C:
		late = context.DeadlineExceeded
	}
	go func() { // a bus that accepts and says nothing: let go of it whenever it wakes up
		if r := <-done; r.conn != nil {
			r.conn.Close()
		}
	}()
	return nil, fmt.Errorf("%w: %w", ErrNone, late)
}

// HasOwner tells whether a name is taken on the bus.
func HasOwner(ctx context.Context, conn *dbus.Conn, name string) bool {
	var yes bool
	err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&yes)
	return err == nil && yes
}
