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

// vpn connects a VPN of the user's anew.
type vpn struct{ name func() string }

// ID is the repair's.
func (vpn) ID() string { return "vpn.reconnect" }

type vpnSaved struct {
	UUID string `json:"uuid"`
	Was  bool   `json:"was,omitempty"` // it was active, or on its way
}

// Look says which VPN would be connected; where there are several, the user picks.
func (v vpn) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	list, err := v.candidates(ctx)
	switch {
	case err != nil:
		return repair.Look{Why: why(err, "no_network_manager")}
	case len(list) == 0:
		return repair.Look{Why: "no_vpn"}
	}
	var choices []repair.Choice
	for i, t := range list {
		choices = append(choices, repair.Choice{ID: t.UUID, Label: t.Name, Chosen: i == 0})
	}
	return repair.Look{Steps: map[string]repair.StepLook{"reconnect": {Choices: choices}}}
}

// candidates are the VPN of the settings, or those that are active, or all.
func (v vpn) candidates(ctx context.Context) ([]act.Tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	all, err := onNetworks(ctx, func(n act.Networks) ([]act.Tunnel, error) { return n.Tunnels(ctx) })
	if err != nil {
		return nil, err
	}
	if v.name != nil && v.name() != "" {
		return slices.DeleteFunc(all, func(t act.Tunnel) bool { return t.Name != v.name() }), nil
	}
	if slices.ContainsFunc(all, func(t act.Tunnel) bool { return t.Active }) {
		return slices.DeleteFunc(all, func(t act.Tunnel) bool { return !t.Active }), nil
	}
	return all, nil
}

// Prepare notes which one, and whether it was active.
func (v vpn) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	list, err := v.candidates(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	for _, t := range list {
		if len(job.Choice) == 0 || slices.Contains(job.Choice, t.UUID) {
			return save(vpnSaved{UUID: t.UUID, Was: t.Active})
		}
	}
	return nil, repair.Because("nothing_to_do", nil)
}

// Run disconnects it where it is active, and connects it.
func (vpn) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s vpnSaved
	if err := load(job.Saved, &s); err != nil {
		return nil, err
	}
	return onNetworks(ctx, func(n act.Networks) ([]diagnostics.Fact, error) {
		t, err := n.Tunnel(ctx, s.UUID)
		if err != nil {
			return nil, failed(err, false)
		}
		if t.Active {
			if err := n.Lower(ctx, t); err != nil {
				return nil, changed(err)
			}
		}
		if err := n.Raise(ctx, t); err != nil {
			return nil, failed(err, t.Active || !errors.Is(err, act.ErrDenied))
		}
		return []diagnostics.Fact{diagnostics.Bool("was_on", s.Was)}, nil
	})
}

// Undo disconnects one that was not connected, and connects one that was.
func (vpn) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	var s vpnSaved
	if err := load(saved, &s); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, undoTime)
	defer cancel()
	_, err := onNetworks(ctx, func(n act.Networks) (bool, error) {
		t, err := n.Tunnel(ctx, s.UUID)
		switch {
		case errors.Is(err, act.ErrAbsent) && !s.Was:
			return false, nil // the user deleted it: it is not connected
		case err != nil || t.Active == s.Was:
			return false, err
		case s.Was:
			return true, n.Raise(ctx, t)
		}
		return true, n.Lower(ctx, t)
	})
	if err != nil {
		return nil, 1, fmt.Errorf("put the VPN back: %w", failed(err, true))
	}
	return nil, 0, nil
}
