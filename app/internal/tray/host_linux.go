package tray

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/app/internal/platform/sessionbus"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"
	// askTimeout bounds one question to the bus.
	askTimeout = 2 * time.Second
)

// HostPresent asks the session bus whether anything shows tray icons.
func HostPresent(ctx context.Context) bool {
	conn, err := sessionbus.Connect(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	return hostPresent(ctx, conn)
}

// hostPresent wants a watcher on the bus, and where it tells, one with a host behind it.
func hostPresent(ctx context.Context, conn *dbus.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if !sessionbus.HasOwner(ctx, conn, watcherName) {
		return false
	}
	var v dbus.Variant
	err := conn.Object(watcherName, watcherPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0,
		watcherName, "IsStatusNotifierHostRegistered").Store(&v)
	host, told := v.Value().(bool)
	return err != nil || !told || host
}

// watchHost follows the tray host until ctx ends. The channel closes when the bus itself goes away.
func (t *Tray) watchHost(ctx context.Context) (<-chan struct{}, error) {
	conn, err := sessionbus.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBus, err)
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	err = errors.Join(
		conn.AddMatchSignal(dbus.WithMatchSender("org.freedesktop.DBus"),
			dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, watcherName)),
		conn.AddMatchSignal(dbus.WithMatchInterface(watcherName), dbus.WithMatchMember("StatusNotifierHostRegistered")),
		conn.AddMatchSignal(dbus.WithMatchInterface(watcherName), dbus.WithMatchMember("StatusNotifierHostUnregistered")),
	)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w: watch the tray host: %w", ErrNoBus, err)
	}
	lost := make(chan struct{})
	go func() {
		defer conn.Close()
		t.followHost(ctx, conn, signals, lost)
	}()
	return lost, nil
}

func (t *Tray) followHost(ctx context.Context, conn *dbus.Conn, signals <-chan *dbus.Signal, lost chan<- struct{}) {
	told, have := false, false
	grace := time.NewTimer(t.p.HostGrace)
	defer grace.Stop()
	say := func(present bool) {
		if told && have == present {
			return
		}
		told, have = true, present
		t.p.Log.Info("tray host", "present", present)
		if t.p.OnHost != nil {
			t.p.OnHost(present)
		}
	}
	if hostPresent(ctx, conn) {
		say(true)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-conn.Context().Done():
			close(lost)
			return
		case _, open := <-signals:
			if !open {
				close(lost)
				return
			}
			if hostPresent(ctx, conn) {
				say(true)
			} else {
				grace.Reset(t.p.HostGrace) // a panel that restarts is not missed
			}
		case <-grace.C:
			say(hostPresent(ctx, conn))
		}
	}
}
