package machine

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// finish brings an interrupted installation to its end: dpkg first, then what is missing. Systems with rpm are out
// of its reach and say so: there an interrupted installation is taken back or finished by dnf itself.
type finish struct{ env }

// ID is the repair's.
func (*finish) ID() string { return "updates.finish" }

// The steps.
const (
	stepConfigure = "configure"
	stepComplete  = "complete"
	stepOpen      = "open" // a page of the settings, where Balise does not do it itself
	stepRefresh   = "refresh"
	stepInstall   = "install"
)

// unfinished is what is to be finished.
type unfinished struct {
	Packages []string `json:"packages,omitempty"` // the first few
	Count    int      `json:"count"`
	// Install is what the second step will fetch, as apt said before.
	Install []string `json:"install,omitempty"`
}

// Look says what was interrupted and what finishing it takes.
func (r *finish) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	p, why := r.interrupted(ctx)
	look := repair.Look{Why: why}
	if why != "" {
		return look
	}
	first := repair.StepLook{Elevated: true}
	for _, name := range p.Names {
		first.Items = append(first.Items, repair.Item{Label: name})
	}
	second := repair.StepLook{Elevated: true}
	s, err := r.simulate(ctx)
	if err == nil && len(s.Install) == 0 {
		look.Skip = []string{stepComplete}
	}
	if err == nil && len(s.Remove) > 0 {
		// The first step may be enough; what would cost a program is for somebody who can judge it.
		look.Skip = []string{stepComplete}
	}
	for _, name := range s.Install {
		second.Items = append(second.Items, repair.Item{Label: name})
	}
	look.Steps = map[string]repair.StepLook{stepConfigure: first, stepComplete: second}
	return look
}

func (r *finish) interrupted(ctx context.Context) (probe.Packages, string) {
	p, err := r.packages(ctx)
	switch {
	case errors.Is(err, probe.ErrBusy):
		return p, "busy_packages"
	case errors.Is(err, errors.ErrUnsupported) && runtime.GOOS == "linux":
		return p, "other_packages"
	case err != nil:
		return p, "no_packages"
	case p.Unfinished == 0 && !p.Journal:
		return p, "nothing_to_do"
	}
	return p, ""
}

// Prepare keeps what was interrupted. What dpkg did to each package stands in its own log.
func (r *finish) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	p, err := r.packages(ctx)
	if errors.Is(err, probe.ErrBusy) {
		return nil, repair.Because("busy_packages", err)
	}
	if err != nil {
		return nil, repair.Because("no_packages", err)
	}
	u := unfinished{Packages: p.Names, Count: p.Unfinished}
	if job.Step == stepComplete {
		s, err := r.simulate(ctx)
		if err != nil {
			return nil, repair.Because("packages_error", err)
		}
		if len(s.Remove) > 0 {
			return nil, &repair.StepError{Reason: "would_remove", Admin: true}
		}
		u.Install = s.Install
	}
	return json.Marshal(u)
}

// Run does one of the two steps.
func (r *finish) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	u, err := read[unfinished](job.Saved)
	if err != nil {
		return nil, err
	}
	// Another installation may have begun since: two at once would make it worse.
	if _, err := r.packages(ctx); errors.Is(err, probe.ErrBusy) {
		return nil, &repair.StepError{Reason: "busy_packages", Untouched: true, Err: err}
	}
	job.Progress(-1, "installing")
	switch job.Step {
	case stepConfigure:
		err = act.Elevate(ctx, act.ConfigurePackages())
		var failed *act.FailedError
		if errors.As(err, &failed) && failed.Result == "exit-code" && r.couldComplete(ctx) {
			err = nil // what is missing comes with the next step
		}
	case stepComplete:
		if len(u.Install) == 0 {
			return nil, nil
		}
		err = act.Elevate(ctx, act.CompletePackages())
	default:
		return nil, repair.Because("unknown_step", nil)
	}
	if err != nil {
		e := stepError(err, job.Step == stepComplete)
		var step *repair.StepError
		if errors.As(e, &step) && step.Reason == "service_failed" {
			step.Reason = "packages_error"
		}
		return nil, e
	}
	return []diagnostics.Fact{diagnostics.Int("programs_finished", int64(u.Count), "")}, nil
}

// couldComplete tells whether packages that are missing explain why dpkg could not finish by itself.
func (r *finish) couldComplete(ctx context.Context) bool {
	s, err := r.simulate(ctx)
	return err == nil && len(s.Install) > 0 && len(s.Remove) == 0
}

// Show lists what the second step would fetch, as apt says after the first.
func (r *finish) Show(ctx context.Context, step repair.Step, _ json.RawMessage) repair.Step {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	s, err := r.simulate(ctx)
	if step.ID != stepComplete || err != nil {
		return step
	}
	step.Items = nil
	for _, name := range s.Install {
		step.Items = append(step.Items, repair.Item{Label: name})
	}
	return step
}

// Undo has nothing to put back: an installation that is half done is what is being repaired.
func (*finish) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
