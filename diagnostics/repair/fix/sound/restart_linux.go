package sound

import (
	"context"
	"errors"
	"slices"

	"balise/diagnostics/internal/act"
)

// stacks are the sound servers that a session can run, each in the order in which its parts start; the last part is
// the one that programs talk to. The names are those of the projects' own unit files.
var stacks = [...][]string{
	{"pipewire.service", "wireplumber.service", "pipewire-media-session.service", "pipewire-pulse.service"},
	{"pulseaudio.service"},
}

// findServer decides what to start again: the stack that runs or has failed, else the first that is installed, else
// PulseAudio without any service manager.
func findServer(ctx context.Context) (restarted, string) {
	units, err := act.OpenUnits(ctx, true)
	if err == nil {
		defer units.Close()
		var found []string
		if found, err = installed(ctx, units); len(found) > 0 {
			return restarted{Units: found}, ""
		}
	}
	switch {
	case errors.Is(err, act.ErrDenied):
		return restarted{}, "not_allowed"
	case err != nil && !errors.Is(err, act.ErrAbsent):
		return restarted{}, "sound_error"
	case act.PulseInstalled():
		return restarted{}, ""
	}
	return restarted{}, "sound_gone"
}

func installed(ctx context.Context, units *act.Units) ([]string, error) {
	var first []string
	for _, stack := range stacks {
		var parts []string
		in := false
		for _, name := range stack {
			s, err := units.State(ctx, name)
			if err != nil {
				return nil, err
			}
			if s.Load != "loaded" {
				continue
			}
			parts = append(parts, name)
			in = s.Active != "inactive"
		}
		// What nobody can talk to is no sound server: PipeWire alone serves screens.
		if !slices.Contains(parts, stack[len(stack)-1]) {
			continue
		}
		if in {
			return parts, nil
		}
		if first == nil {
			first = parts
		}
	}
	return first, nil
}

// startServer starts again what Prepare found.
func startServer(ctx context.Context, s restarted, progress func(int, string)) error {
	if len(s.Units) == 0 {
		if err := act.EndPulse(ctx); err != nil {
			return failed(err, false)
		}
		if err := act.StartPulse(ctx); err != nil {
			return failed(err, true)
		}
		return nil
	}
	units, err := act.OpenUnits(ctx, true)
	if err != nil {
		return failed(err, false)
	}
	defer units.Close()
	for i, name := range s.Units {
		progress(100*i/len(s.Units), name)
		// What failed too often is not started before that is forgotten. Where it cannot be, starting says why.
		_ = units.Forget(ctx, name)
		if err := units.Restart(ctx, name); err != nil {
			return failed(err, i > 0)
		}
	}
	return nil
}
