package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// reconnect connects the computer to its network anew, with the same profile on the same card. renew does it for a
// card that is on its network and has no address. NetworkManager's gentler Reapply would not do: of a profile that
// has not changed it asks for no address (check_and_reapply_connection in src/core/devices/nm-device.c).
type (
	reconnect struct{}
	renew     struct{}
)

// ID is the repair's.
func (reconnect) ID() string { return "net.reconnect" }

// ID is the repair's.
func (renew) ID() string { return "dhcp.renew" }

// linkSaved says which card is meant, and the profile that it had; none where it was off the network. Up is false
// for one that was on its way, as it is while no address comes.
type linkSaved struct {
	Iface string `json:"iface"`
	Was   string `json:"was,omitempty"`
	Up    bool   `json:"up,omitempty"`
}

// Look says whether there is a connection to be made anew.
func (reconnect) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	var look repair.Look
	if _, err := concerned(ctx); err != nil {
		look.Why = whyNoLink(err)
	}
	// Whoever was off the network is asked for the card too; the test of names and of the router say nothing then.
	look.Verify = slices.DeleteFunc([]string{"net.link", "net.addr", "net.gateway", "net.dns.system"},
		func(id string) bool { return id == "net.link" && !bad(results, id) })
	return look
}

// Look says whether there is a connection whose address can be asked for anew.
func (renew) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	if _, err := concerned(ctx); err != nil {
		return repair.Look{Why: whyNoLink(err)}
	}
	return repair.Look{}
}

func bad(results []diagnostics.Result, id string) bool {
	return slices.ContainsFunc(results, func(r diagnostics.Result) bool { return r.ID == id && r.Status.Bad() })
}

var errNoLink = errors.New("no card has a network to connect to")

func whyNoLink(err error) string {
	if errors.Is(err, errNoLink) {
		return "no_connection"
	}
	return why(err, "no_network_manager")
}

// concerned is the card that the complaint is about: the one that the way out leads through, else one that is on a
// network, else one that could be.
func concerned(ctx context.Context) (act.Adapter, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	all, err := onNetworks(ctx, func(n act.Networks) ([]act.Adapter, error) { return n.Adapters(ctx) })
	if err != nil {
		return act.Adapter{}, err
	}
	for _, fits := range []func(act.Adapter) bool{
		func(a act.Adapter) bool { return a.Default },
		func(a act.Adapter) bool { return a.Up },
		func(a act.Adapter) bool { return a.Profile != "" },
		func(a act.Adapter) bool { return a.Profiles > 0 },
	} {
		if i := slices.IndexFunc(all, fits); i >= 0 {
			return all[i], nil
		}
	}
	return act.Adapter{}, errNoLink
}

// Prepare notes the card and its profile.
func (reconnect) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	return prepareLink(ctx)
}

// Prepare notes the card and its profile.
func (renew) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	return prepareLink(ctx)
}

func prepareLink(ctx context.Context) (json.RawMessage, error) {
	a, err := concerned(ctx)
	if err != nil {
		if errors.Is(err, errNoLink) {
			return nil, repair.Because("nothing_to_do", err)
		}
		return nil, failed(err, false)
	}
	return save(linkSaved{Iface: a.Iface, Was: a.Profile, Up: a.Up})
}

// Run activates the profile.
func (reconnect) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	return runLink(ctx, job.Saved)
}

// Run activates the profile, which asks for an address.
func (renew) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	return runLink(ctx, job.Saved)
}

func runLink(ctx context.Context, raw json.RawMessage) ([]diagnostics.Fact, error) {
	var s linkSaved
	if err := load(raw, &s); err != nil {
		return nil, err
	}
	return onNetworks(ctx, func(n act.Networks) ([]diagnostics.Fact, error) {
		a, err := n.Adapter(ctx, s.Iface)
		if err != nil {
			return nil, failed(err, false)
		}
		if err := n.Connect(ctx, a, s.Was); err != nil {
			return nil, changed(err)
		}
		medium := "wired"
		if a.Wifi {
			medium = "wifi"
		}
		return []diagnostics.Fact{diagnostics.Text("medium", medium)}, nil
	})
}

// Undo connects the profile that was active, if it is not; a card that was off its network is taken off.
func (reconnect) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	return undoLink(ctx, saved)
}

// Undo connects the profile that was active, if it is not. An address that the network has given stays.
func (renew) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	return undoLink(ctx, saved)
}

func undoLink(ctx context.Context, raw json.RawMessage) ([]diagnostics.Fact, int, error) {
	var s linkSaved
	if err := load(raw, &s); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, undoTime)
	defer cancel()
	_, err := onNetworks(ctx, func(n act.Networks) (bool, error) {
		a, err := n.Adapter(ctx, s.Iface)
		switch {
		case err != nil:
			return false, err
		case a.Profile == s.Was && (a.Up || !s.Up):
			return false, nil
		case s.Was == "":
			return true, n.Disconnect(ctx, a)
		}
		err = n.Connect(ctx, a, s.Was)
		if errors.Is(err, act.ErrNotConnected) && !s.Up {
			err = nil // it was trying before, and in vain
		}
		return true, err
	})
	if err != nil {
		return nil, 1, fmt.Errorf("connect the network as it was: %w", failed(err, true))
	}
	return nil, 0, nil
}
