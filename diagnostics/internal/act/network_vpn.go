package act

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// Tunnel is a VPN profile of NetworkManager.
type Tunnel struct {
	UUID, Name string
	// Active says that it is up, or on its way.
	Active bool

	path, active dbus.ObjectPath
}

// Tunnels are the VPN profiles that this user may see, with what is active of them.
func (n Networks) Tunnels(ctx context.Context) ([]Tunnel, error) {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var paths []dbus.ObjectPath
	if err := n.b.Do(asking, nmName, nmSettings, nmName+".Settings.ListConnections", nil, &paths); err != nil {
		return nil, err
	}
	active, err := n.activeByUUID(ctx)
	if err != nil {
		return nil, err
	}
	var list []Tunnel
	for _, path := range paths[:min(len(paths), nmMost)] {
		t, ok, err := n.tunnel(ctx, path)
		if err != nil {
			return nil, err
		}
		if ok {
			t.active, t.Active = active[t.UUID], active[t.UUID] != ""
			list = append(list, t)
		}
	}
	return list, nil
}

// tunnel reads a profile; ok is false when it is none of a VPN. Secrets are not in what GetSettings answers.
func (n Networks) tunnel(ctx context.Context, path dbus.ObjectPath) (t Tunnel, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all map[string]map[string]dbus.Variant
	err = n.b.Do(ctx, nmName, path, nmProfile+".GetSettings", nil, &all)
	if errors.Is(err, ErrDenied) || errors.Is(err, ErrAbsent) {
		return Tunnel{}, false, nil // somebody else's, or deleted meanwhile
	}
	if err != nil {
		return Tunnel{}, false, err
	}
	kind, _ := all["connection"]["type"].Value().(string)
	t.path = path
	t.UUID, _ = all["connection"]["uuid"].Value().(string)
	t.Name, _ = all["connection"]["id"].Value().(string)
	return t, (kind == "vpn" || kind == "wireguard") && t.UUID != "", nil
}

// activeByUUID are the active connections, also those on their way up or down; what is over is listed a moment longer.
func (n Networks) activeByUUID(ctx context.Context) (map[string]dbus.ObjectPath, error) {
	paths, err := read[[]dbus.ObjectPath](ctx, n.b, nmName, nmPath, nmName, "ActiveConnections")
	if err != nil {
		return nil, err
	}
	all := map[string]dbus.ObjectPath{}
	for _, path := range paths[:min(len(paths), nmMost)] {
		uuid, err := read[string](ctx, n.b, nmName, path, nmActive, "Uuid")
		state := nmDeactivated
		if err == nil {
			state, err = read[uint32](ctx, n.b, nmName, path, nmActive, "State")
		}
		switch {
		case errors.Is(err, ErrAbsent):
		case err != nil:
			return nil, err
		case state < nmDeactivated:
			all[uuid] = path
		}
	}
	return all, nil
}

// Tunnel finds a VPN profile by its UUID.
func (n Networks) Tunnel(ctx context.Context, uuid string) (Tunnel, error) {
	all, err := n.Tunnels(ctx)
	if err != nil {
		return Tunnel{}, err
	}
	for _, t := range all {
		if t.UUID == uuid {
			return t, nil
		}
	}
	return Tunnel{}, fmt.Errorf("%w: the VPN profile is gone", ErrAbsent)
}

// Raise connects a tunnel. The user's own agent asks for what is missing (a password, a code); ctx bounds that too.
func (n Networks) Raise(ctx context.Context, t Tunnel) error { return n.activate(ctx, t.path, nobody) }

// Lower disconnects a tunnel and returns when it is gone.
func (n Networks) Lower(ctx context.Context, t Tunnel) error {
	asking, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	err := n.b.Do(asking, nmName, nmPath, nmName+".DeactivateConnection", []any{t.active})
	var e dbus.Error
	if errors.As(err, &e) && e.Name == nmName+".ConnectionNotActive" {
		return nil // it went by itself
	}
	if err != nil {
		return undecided(asking, err)
	}
	return n.await(ctx, t.active, func(state uint32) (bool, error) { return state == nmDeactivated, nil }, nil)
}
