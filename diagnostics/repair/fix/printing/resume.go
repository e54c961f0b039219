package printing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// printResume lets a paused queue go on and a queue that rejects jobs take them again.
const printResume = "print.resume"

// printer is the part of the printing service that this repair needs.
type printer interface {
	Queues(ctx context.Context) (probe.Queues, error)
	Manage(ctx context.Context, verb probe.QueueVerb, queue string) error
}

type resume struct {
	p    Params
	find func() (printer, bool) // false: no printing service here
}

func newResume(params Params) *resume {
	return &resume{p: params, find: func() (printer, bool) {
		p := probe.NewPrinting(probe.NewPrintEnv())
		return p, p.Server.Expected
	}}
}

// ID is the repair's.
func (r *resume) ID() string { return printResume }

// resumed is what undo needs.
type resumed struct {
	Queue     string `json:"queue"`
	Paused    bool   `json:"paused"`
	Rejecting bool   `json:"rejecting"`
	Page      bool   `json:"page,omitempty"`
}

// byHand says that the user does it himself: Windows has no way to resume a printer for this user that IPP's would be
// the same as.
const byHand = runtime.GOOS == "windows"

// Look names the queue that stands still.
func (r *resume) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	if byHand {
		look := r.p.page()
		look.Skip = []string{"resume"}
		return look
	}
	q, why := r.standing(ctx)
	return repair.Look{
		Why: why, Skip: []string{stepPage},
		Steps: map[string]repair.StepLook{"resume": {Items: []repair.Item{{Label: q.Name}}}},
	}
}

// standing finds the user's queue that stands still, or says why there is none.
func (r *resume) standing(ctx context.Context) (probe.Queue, string) {
	p, ok := r.find()
	if !ok {
		return probe.Queue{}, "no_printer"
	}
	all, err := p.Queues(ctx)
	if err != nil {
		return probe.Queue{}, "spooler_down"
	}
	relevant := all.Relevant()
	if len(relevant) == 0 {
		return probe.Queue{}, "no_printer"
	}
	for _, q := range relevant {
		if q.Paused() || !q.Accepting {
			return q, ""
		}
	}
	return probe.Queue{}, "nothing_to_do"
}

// Prepare keeps how the queue stood.
func (r *resume) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step == stepPage {
		return json.Marshal(resumed{Page: true})
	}
	q, why := r.standing(ctx)
	if why != "" {
		return nil, repair.Because(why, nil)
	}
	return json.Marshal(resumed{Queue: q.Name, Paused: q.Paused(), Rejecting: !q.Accepting})
}

// Run sets the queue going.
func (r *resume) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	if job.Step == stepPage {
		return r.p.show(), nil
	}
	s, p, err := r.open(job.Saved)
	if err != nil {
		return nil, err
	}
	touched := false
	for _, todo := range []struct {
		needed bool
		verb   probe.QueueVerb
	}{{s.Rejecting, probe.QueueAccept}, {s.Paused, probe.QueueResume}} {
		if !todo.needed {
			continue
		}
		if err := p.Manage(ctx, todo.verb, s.Queue); err != nil {
			return nil, printError(err, touched)
		}
		touched = true
	}
	facts := []diagnostics.Fact{
		diagnostics.Identifier("printer", s.Queue, diagnostics.Infra, diagnostics.KindPrinter),
	}
	// Only what was done: "accepting again: no" of a queue that never refused would read as a failure.
	if s.Paused {
		facts = append(facts, diagnostics.Bool("resumed", true))
	}
	if s.Rejecting {
		facts = append(facts, diagnostics.Bool("accepting_again", true))
	}
	return facts, nil
}

func (r *resume) open(saved json.RawMessage) (resumed, printer, error) {
	var s resumed
	if len(saved) == 0 {
		return s, nil, repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil || s.Queue == "" {
		return s, nil, fmt.Errorf("read what was saved: %w", errors.Join(err, repair.ErrNothingSaved))
	}
	p, ok := r.find()
	if !ok {
		return s, nil, repair.Because("no_printer", nil)
	}
	return s, p, nil
}

// Undo stops the queue as it was.
func (r *resume) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
	}
	if page, err := read[resumed](saved); err != nil || page.Page {
		return nil, 0, err
	}
	s, p, err := r.open(saved)
	if err != nil {
		return nil, 0, err
	}
	all, err := p.Queues(ctx)
	if err != nil {
		return nil, 1, printError(err, true)
	}
	now, ok := all.Queue(s.Queue)
	if !ok {
		return nil, 0, nil // the queue is gone, and its state with it
	}
	if s.Paused && !now.Paused() {
		err = p.Manage(ctx, probe.QueuePause, s.Queue)
	}
	if s.Rejecting && now.Accepting {
		err = errors.Join(err, p.Manage(ctx, probe.QueueReject, s.Queue))
	}
	if err != nil {
		return nil, 1, printError(err, true)
	}
	return nil, 0, nil
}
