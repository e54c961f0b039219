package machine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// unitRestart starts services that failed: the user's own freely, the system's if the settings name them.
type unitRestart struct{ env }

// ID is the repair's.
func (*unitRestart) ID() string { return "unit.restart" }

// unit is one that is to be started.
type unit struct {
	Full string `json:"full"` // as systemd knows it; stays on this computer
	Name string `json:"name"` // without what people chose
	User bool   `json:"user"`
}

// mostUnits keeps a step short: with more services down it is not these that are the cause.
const mostUnits = 5

// Look names the services that would be started.
func (r *unitRestart) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	units, why := r.targets(ctx)
	var step repair.StepLook
	for _, u := range units {
		step.Items = append(step.Items, repair.Item{Label: u.Name})
		step.Elevated = step.Elevated || !u.User
	}
	return repair.Look{Why: why, Steps: map[string]repair.StepLook{"restart": step}}
}

func (r *unitRestart) targets(ctx context.Context) (units []unit, why string) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	failed, err := r.failed(ctx)
	if err != nil {
		return nil, "no_service_manager"
	}
	if len(failed) == 0 {
		return nil, "nothing_to_do"
	}
	listed := r.units()
	for _, u := range failed {
		if (u.User || allowed(listed, u)) && len(units) < mostUnits && startable(u.Full) {
			units = append(units, unit{Full: u.Full, Name: u.Name, User: u.User})
		}
	}
	if len(units) == 0 {
		return nil, "not_listed"
	}
	return units, ""
}

// allowed compares as the service manager does: a name without a kind is a service's.
func allowed(listed []string, u probe.Unit) bool {
	return slices.ContainsFunc(listed, func(w string) bool {
		return strings.EqualFold(w, u.Full) || strings.EqualFold(w+".service", u.Full)
	})
}

// startable leaves out what is no program: a mount or a device fails for reasons that a start does not cure.
func startable(name string) bool {
	switch {
	case strings.HasSuffix(name, ".mount"), strings.HasSuffix(name, ".swap"), strings.HasSuffix(name, ".device"),
		strings.HasSuffix(name, ".scope"), strings.HasSuffix(name, ".slice"), strings.HasSuffix(name, ".target"):
		return false
	}
	return true
}

// Prepare keeps which services are meant.
func (r *unitRestart) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	units, why := r.targets(ctx)
	if why != "" {
		return nil, repair.Because(why, nil)
	}
	return json.Marshal(units)
}

// Run starts them and watches that they stay up.
func (r *unitRestart) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	units, err := read[[]unit](job.Saved)
	if err != nil {
		return nil, err
	}
	var names []string
	for i, u := range units {
		job.Progress(100*i/len(units), u.Name)
		if err := r.restart(ctx, u, i > 0); err != nil {
			return nil, err
		}
		names = append(names, u.Name)
	}
	job.Progress(-1, "watching")
	if err := r.staysUp(ctx, units); err != nil {
		return nil, err
	}
	return []diagnostics.Fact{{Key: "units", Value: names, Class: diagnostics.Plain}}, nil
}

func (r *unitRestart) restart(ctx context.Context, u unit, touched bool) error {
	s, err := r.services(ctx, u.User)
	if err != nil {
		return stepError(err, touched)
	}
	defer s.Close()
	state, err := s.State(ctx, u.Full)
	if err != nil {
		return stepError(err, touched)
	}
	if up(state) {
		return nil // it came back by itself, or this is the second time
	}
	err = s.Restart(ctx, u.Full)
	var failed *act.FailedError
	if errors.As(err, &failed) {
		// It may only have been started too often: systemd then refuses, and keeps the older failure as the result.
		// Only now, because a failure that is forgotten without a start would make the self-test pass for nothing.
		if err = s.Forget(ctx, u.Full); err == nil {
			err = s.Restart(ctx, u.Full)
		}
	}
	if err != nil {
		return stepError(err, touched)
	}
	return nil
}

// up tells whether a service runs, or did its one task well.
func up(s act.UnitState) bool {
	return s.Good() || s.Active == "inactive" && s.Result == "success" && s.Load == "loaded"
}

// staysUp looks at them for a while: a service that fails again after ten seconds was not repaired.
func (r *unitRestart) staysUp(ctx context.Context, units []unit) error {
	until := r.now().Add(r.steady)
	for {
		for _, u := range units {
			if err := r.isUp(ctx, u); err != nil {
				return err
			}
		}
		if !r.now().Before(until) {
			return nil
		}
		if err := pause(ctx, r.look); err != nil {
			return err
		}
	}
}

func (r *unitRestart) isUp(ctx context.Context, u unit) error {
	s, err := r.services(ctx, u.User)
	if err != nil {
		return stepError(err, true)
	}
	defer s.Close()
	state, err := s.State(ctx, u.Full)
	if err != nil {
		return stepError(err, true)
	}
	if !up(state) && state.Active != "activating" {
		return repair.Because("failed_again", nil)
	}
	return nil
}

// Undo has nothing to put back: nobody wants a service that failed to fail again.
func (*unitRestart) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
