package machine

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// install looks for updates, shows them and installs them through PackageKit. Where the system has its own page
// for that, it opens the page.
type install struct{ env }

// ID is the repair's.
func (*install) ID() string { return "updates.install" }

// pending is what the step will install: what was shown, and nothing else.
type pending struct {
	IDs      []string `json:"ids,omitempty"`
	Security int      `json:"security"`
}

// mostItems are as many as anybody reads; the rest is counted.
const mostItems = 200

// Look lists what waits. When that was last looked up long ago, the list is shown after the first step.
func (r *install) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	if runtime.GOOS != "linux" {
		return repair.Look{
			Skip:  []string{stepRefresh, stepInstall},
			Steps: map[string]repair.StepLook{stepOpen: {Page: "updates"}},
		}
	}
	look := repair.Look{Skip: []string{stepOpen}}
	list, err := act.PendingUpdates(ctx)
	switch {
	case errors.Is(err, act.ErrAbsent):
		look.Why = "no_packagekit"
	case err != nil:
		// It may be long to answer the first time; the first step asks again, in its own time.
	}
	look.Steps = map[string]repair.StepLook{stepInstall: {Items: items(list)}}
	return look
}

func items(list []act.Update) []repair.Item {
	var out []repair.Item
	for _, u := range list[:min(len(list), mostItems)] {
		label := u.Name + " " + u.Version
		if u.Security {
			label = u.Name + " " + u.Version + " *"
		}
		out = append(out, repair.Item{Label: label, Bytes: u.Bytes})
	}
	return out
}

// Show lists what waits now, after the lists were renewed.
func (r *install) Show(ctx context.Context, step repair.Step, _ json.RawMessage) repair.Step {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	if step.ID != stepInstall {
		return step
	}
	list, err := act.PendingUpdates(ctx)
	if err != nil {
		return step
	}
	if len(list) == 0 {
		return repair.Step{} // nothing to ask a yes for: the self-test tells the rest
	}
	step.Items = items(list)
	return step
}

// Prepare keeps exactly what waits.
func (r *install) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step != stepInstall {
		return json.Marshal(pending{})
	}
	list, err := act.PendingUpdates(ctx)
	if err != nil {
		return nil, stepError(err, false)
	}
	var p pending
	for _, u := range list {
		p.IDs = append(p.IDs, u.ID)
		if u.Security {
			p.Security++
		}
	}
	return json.Marshal(p)
}

// Run does one step.
func (r *install) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	p, err := read[pending](job.Saved)
	if err != nil {
		return nil, err
	}
	switch job.Step {
	case stepOpen:
		return nil, r.page("updates")
	case stepRefresh:
		if err := act.RefreshUpdates(ctx, act.Told(job.Progress)); err != nil {
			return nil, stepError(err, false)
		}
		return nil, nil
	case stepInstall:
		return r.install(ctx, job, p)
	}
	return nil, repair.Because("unknown_step", nil)
}

func (r *install) install(ctx context.Context, job repair.Job, p pending) ([]diagnostics.Fact, error) {
	restart, err := act.InstallUpdates(ctx, p.IDs, act.Told(job.Progress))
	var kit *act.KitError
	if errors.As(err, &kit) && kit.Code == "nothing_to_do" {
		err = nil // somebody else was faster, or this is the second time
	}
	if err != nil {
		return nil, stepError(err, true)
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("updates_installed", int64(len(p.IDs)), ""),
		diagnostics.Int("security_updates", int64(p.Security), ""),
	}
	if restart != "" {
		facts = append(facts, diagnostics.Text("restart_needed", restart))
	}
	return facts, nil
}

// Undo has nothing to put back: an older version with known holes is no state to return to.
func (*install) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
