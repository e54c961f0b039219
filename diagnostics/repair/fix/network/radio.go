package network

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// radio switches Wi-Fi on where a program or a key switched it off. A switch of the computer itself is the user's.
type radio struct{ kernel act.Switches }

// ID is the repair's.
func (radio) ID() string { return "net.radio_on" }

// radioSaved is how the switches stood.
type radioSaved struct {
	// Manager says that NetworkManager held Wi-Fi off.
	Manager bool `json:"manager,omitempty"`
	// Off are the kernel's switches that were off by software.
	Off []uint32 `json:"off,omitempty"`
}

// radioView is how the switches stand.
type radioView struct {
	saved   radioSaved
	managed bool
	radios  int
	hard    bool
}

func (r radio) read(ctx context.Context) (radioView, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var v radioView
	list, err := r.kernel.Wifi()
	if err != nil {
		return v, err
	}
	held := 0
	for _, s := range list {
		v.radios++
		if s.Hard {
			held++
		}
		if s.Soft {
			v.saved.Off = append(v.saved.Off, s.Index)
		}
	}
	v.hard = v.radios > 0 && held == v.radios
	_, err = onNetworks(ctx, func(n act.Networks) (bool, error) {
		on, hardware, err := n.Wireless(ctx)
		v.managed, v.saved.Manager, v.hard = err == nil, !on, v.hard || !hardware
		return true, err
	})
	if errors.Is(err, act.ErrAbsent) {
		err = nil
	}
	return v, err
}

// Look says whether software holds Wi-Fi off.
func (r radio) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	v, err := r.read(ctx)
	switch {
	case err != nil:
		return repair.Look{Why: "service_silent"}
	case v.radios == 0 && !v.managed:
		return repair.Look{Why: "no_network_manager"}
	case v.hard:
		return repair.Look{Why: "radio_switch"}
	case !v.saved.Manager && len(v.saved.Off) == 0:
		return repair.Look{Why: "nothing_to_do"}
	}
	return repair.Look{}
}

// Prepare notes how the switches stand.
func (r radio) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	v, err := r.read(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	return save(v.saved)
}

// Run switches on what was off.
func (r radio) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s radioSaved
	if err := load(job.Saved, &s); err != nil {
		return nil, err
	}
	if s.Manager {
		if err := setWireless(ctx, true); err != nil {
			return nil, changed(err)
		}
	}
	now, err := r.kernel.Wifi()
	if err != nil {
		return nil, failed(err, s.Manager)
	}
	done := 0
	for _, sw := range now { // the manager has switched most of them on already
		if !sw.Soft || !slices.Contains(s.Off, sw.Index) {
			continue
		}
		if err := r.kernel.Set(ctx, sw.Index, false); err != nil {
			return nil, failed(err, s.Manager || done > 0)
		}
		done++
	}
	return []diagnostics.Fact{diagnostics.Int("radios", int64(max(1, len(s.Off))), "")}, nil
}

// Undo switches off what was off.
func (r radio) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	var s radioSaved
	if err := load(saved, &s); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, undoTime)
	defer cancel()
	left, errs := 0, []error(nil)
	note := func(err error) {
		if err != nil {
			left++
			errs = append(errs, err)
		}
	}
	for _, i := range s.Off {
		note(r.kernel.Set(ctx, i, true))
	}
	if s.Manager {
		note(setWireless(ctx, false))
	}
	return nil, left, failed(errors.Join(errs...), true)
}

// setWireless asks for it only where it is not so: a second run, or a second undo, changes nothing.
func setWireless(ctx context.Context, on bool) error {
	_, err := onNetworks(ctx, func(n act.Networks) (bool, error) {
		now, _, err := n.Wireless(ctx)
		if err != nil || now == on {
			return false, err
		}
		return true, n.SetWireless(ctx, on)
	})
	return err
}
