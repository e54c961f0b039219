package verb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/pack"
	"balise/diagnostics/repair"
)

// Fixer makes a repair of a pack's steps.
func Fixer(r pack.Repair, p Params) repair.Fixer {
	f := &fixer{id: r.ID, steps: r.Steps, deeds: map[string]deed{}}
	for _, s := range r.Steps {
		f.deeds[s.ID] = newDeed(r.ID+"."+s.ID, s, p)
	}
	return f
}

// deed is one step's verb with its arguments.
type deed interface {
	// look says why the step cannot be done here, and what it would touch.
	look(ctx context.Context) (why string, step repair.StepLook)
	// prepare, run and undo are a Fixer's, with what the step itself saved.
	prepare(ctx context.Context, job repair.Job) (json.RawMessage, error)
	run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error)
	undo(ctx context.Context, saved json.RawMessage) (facts []diagnostics.Fact, left int, err error)
}

type fixer struct {
	id    string
	steps []pack.Step
	deeds map[string]deed
}

// ID is the repair's.
func (f *fixer) ID() string { return f.id }

// step is what one step saved.
type step struct {
	ID   string          `json:"id"`
	Do   string          `json:"do"`
	Data json.RawMessage `json:"data,omitempty"`
}

// saved is what all steps so far saved, in the order in which they were done.
type saved struct {
	Steps []step `json:"steps"`
}

// Look asks every step.
func (f *fixer) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	look := repair.Look{Steps: map[string]repair.StepLook{}}
	for _, s := range f.steps {
		if !here(s.Do) {
			look.Why = "platform"
			return look
		}
		why, more := f.deeds[s.ID].look(ctx)
		if why != "" && look.Why == "" {
			look.Why = why
		}
		look.Steps[s.ID] = more
	}
	return look
}

// Prepare keeps what the steps before saved, and adds this one's.
func (f *fixer) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	d, ok := f.deeds[job.Step]
	if !ok {
		return nil, repair.Because("unknown_step", nil)
	}
	all, err := read(job.Saved)
	if err != nil {
		return nil, err
	}
	all.Steps = slices.DeleteFunc(all.Steps, func(s step) bool { return s.ID == job.Step })
	job.Saved = nil
	data, err := d.prepare(ctx, job)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(f.steps, func(s pack.Step) bool { return s.ID == job.Step })
	all.Steps = append(all.Steps, step{ID: job.Step, Do: f.steps[i].Do, Data: data})
	return json.Marshal(all)
}

func read(raw json.RawMessage) (saved, error) {
	var all saved
	if len(raw) == 0 {
		return all, nil
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return all, fmt.Errorf("read what was saved: %w", err)
	}
	return all, nil
}

// Run does one step.
func (f *fixer) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	d, ok := f.deeds[job.Step]
	if !ok {
		return nil, repair.Because("unknown_step", nil)
	}
	all, err := read(job.Saved)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all.Steps, func(s step) bool { return s.ID == job.Step })
	if i < 0 {
		return nil, repair.ErrNothingSaved
	}
	job.Saved = all.Steps[i].Data
	facts, err := d.run(ctx, job)
	var failed *repair.StepError
	if errors.As(err, &failed) && len(all.Steps) > 1 {
		failed.Untouched = false // the steps before may have done something
	}
	return facts, err
}

// Undo puts back what the steps did, the last first. A step that the pack has changed or dropped since is put
// back all the same: what it needs is in what it saved.
func (f *fixer) Undo(ctx context.Context, raw json.RawMessage) (facts []diagnostics.Fact, left int, err error) {
	all, err := read(raw)
	if err != nil {
		return nil, 0, err
	}
	var problems []error
	for _, s := range slices.Backward(all.Steps) {
		d, ok := f.deeds[s.ID]
		if i := slices.IndexFunc(f.steps, func(o pack.Step) bool { return o.ID == s.ID }); !ok || f.steps[i].Do != s.Do {
			d = newDeed(f.id+"."+s.ID, pack.Step{ID: s.ID, Do: s.Do}, Params{})
		}
		more, n, err := d.undo(ctx, s.Data)
		facts, left = append(facts, more...), left+n
		if err != nil {
			problems = append(problems, err)
		}
	}
	return facts, left, errors.Join(problems...)
}
