package machine

import (
	"context"
	"encoding/json"
	"errors"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// ours tells whether what is planned is what this repair planned.
func ours(planned act.Planned, p plan) bool {
	return planned.Kind == "reboot" && planned.At.Equal(p.At)
}

// Undo takes the restart back, if it is still to come and is ours.
func (r *restartPC) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
	}
	p, err := read[plan](saved)
	if err != nil {
		return nil, 0, err
	}
	if boot, err := r.boot(); err == nil && boot != p.Boot {
		return nil, 0, nil // it happened
	}
	s, err := r.restarts(ctx)
	if err != nil {
		return nil, 1, stepError(err, true)
	}
	defer s.Close()
	planned, err := s.Planned(ctx)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, 1, stepError(err, true)
	}
	if err == nil && !ours(planned, p) {
		return nil, 0, nil // nothing is planned, or somebody else's restart
	}
	if err := s.Cancel(ctx); err != nil {
		return nil, 1, stepError(err, true)
	}
	return nil, 0, nil
}

// Show says when it will happen: a restart in two minutes must not take anybody by surprise.
func (r *restartPC) Show(_ context.Context, step repair.Step, saved json.RawMessage) repair.Step {
	if p, err := read[plan](saved); err == nil && step.Kind == repair.Wait {
		step.Until = p.At
	}
	return step
}

// Awake says, at each start of Balise, whether the restart is over.
func (r *restartPC) Awake(ctx context.Context, saved json.RawMessage) (over bool, why string) {
	p, err := read[plan](saved)
	if err != nil {
		return true, "not_restarted"
	}
	boot, err := r.boot()
	switch {
	case err != nil:
		return false, ""
	case boot != p.Boot:
		return true, ""
	case r.now().After(p.At.Add(late)):
		return true, "not_restarted"
	}
	s, err := r.restarts(ctx)
	if err != nil {
		return false, ""
	}
	defer s.Close()
	if planned, err := s.Planned(ctx); err == nil && !ours(planned, p) && r.now().Before(p.At) {
		return true, "not_restarted" // somebody took it back
	}
	return false, ""
}
