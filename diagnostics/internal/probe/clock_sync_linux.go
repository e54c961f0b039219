package probe

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// staUnsync is the kernel's flag for a clock that nobody keeps.
const staUnsync = 0x40

// ReadSync asks systemd's timedate service, and the kernel where that does not run: the kernel knows whether
// the clock is kept, but not whether somebody is meant to keep it.
func ReadSync(ctx context.Context) (Sync, error) {
	if s, err := timedate(ctx); err == nil {
		return s, nil
	}
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return Sync{}, fmt.Errorf("ask the kernel's clock: %w", err)
	}
	return Sync{Synced: t.Status&staUnsync == 0, Source: "kernel"}, nil
}

// timedate reads the service's properties. It is one of those that only run while they are asked, so unlike
// others it may be started by asking; a system without it says so at once.
func timedate(ctx context.Context) (Sync, error) {
	const name, path = "org.freedesktop.timedate1", "/org/freedesktop/timedate1"
	if os.Getenv("DBUS_SYSTEM_BUS_ADDRESS") == "" && !there(systemSocket) {
		return Sync{}, ErrNoBus
	}
	const patience = 450 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := openSystemBus(ctx)
	if err != nil {
		return Sync{}, err
	}
	defer b.close()
	var props map[string]dbus.Variant
	call := b.conn.Object(name, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, name)
	if err := call.Store(&props); err != nil {
		return Sync{}, fmt.Errorf("ask the time service: %w", err)
	}
	s := Sync{Source: "timedate"}
	var known bool
	if s.Synced, known = props["NTPSynchronized"].Value().(bool); !known {
		return s, fmt.Errorf("ask the time service: %w", ErrNoBus)
	}
	s.Service, _ = props["NTP"].Value().(bool)
	able, told := props["CanNTP"].Value().(bool)
	s.Able = able || !told && s.Service
	return s, nil
}
