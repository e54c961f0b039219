package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

// printResume lets a paused queue go on and a queue that rejects jobs take them again.
const printResume = "print.resume"

// printer is the part of the printing service that this repair needs.
type printer interface {
	Queues(ctx context.Context) (probe.Queues, error)
	Manage(ctx context.Context, verb probe.QueueVerb, queue string) error
}

type resume struct {
	find func() (printer, bool) // false: no printing service here
}

func newResume(Params) *resume {
	return &resume{find: func() (printer, bool) {
		p := probe.NewPrinting(probe.NewPrintEnv())
		return p, p.Server.Expected
	}}
}

func (r *resume) rules() rules {
	return rules{
		every: 2 * time.Second, within: 10 * time.Second,
		cooldown: 2 * time.Minute, undoUnsolved: true,
		// After a crash hours may have passed: pausing a printer that has printed since would be a new
		// fault.
		undoAtStart: false,
	}
}

// resumed is what undo needs.
type resumed struct {
	Queue     string `json:"queue"`
	Paused    bool   `json:"paused"`
	Rejecting bool   `json:"rejecting"`
}

func (r *resume) describe(ctx context.Context, results []diagnostics.Result) Info {
	info := Info{
		ID: printResume, Verifies: []string{"print.queue"}, Risk: WithUndo, CostS: 5,
		Steps: []Step{{ID: "resume", Kind: Auto, Risk: WithUndo}},
	}
	if seen := pick(results, info.Verifies); len(seen) > 0 && !anyBad(seen) {
		info.Why = "not_needed"
		return info
	}
	q, why := r.standing(ctx)
	if why != "" {
		info.Why = why
		return info
	}
	info.Available = true
	info.Steps[0].Items = []Item{{Label: q.Name}}
	return info
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

func (r *resume) prepare(ctx context.Context, _, _ string, _ json.RawMessage) (json.RawMessage, error) {
	q, why := r.standing(ctx)
	if why != "" {
		return nil, &stepError{reason: why}
	}
	return json.Marshal(resumed{Queue: q.Name, Paused: q.Paused(), Rejecting: !q.Accepting})
}

func (r *resume) run(ctx context.Context, _ string, saved json.RawMessage) ([]diagnostics.Fact, error) {
	s, p, err := r.open(saved)
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
		return s, nil, errNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil || s.Queue == "" {
		return s, nil, fmt.Errorf("read what was saved: %w", errors.Join(err, errNothingSaved))
	}
	p, ok := r.find()
	if !ok {
		return s, nil, &stepError{reason: "no_printer"}
	}
	return s, p, nil
}

// printError gives an error of the printing service its code. touched says that something was changed
// before.
func printError(err error, touched bool) error {
	e := &stepError{reason: "print_error", err: err}
	switch {
	case errors.Is(err, probe.ErrPrintDenied):
		e.reason, e.admin, e.untouched = "not_allowed", true, !touched
	case errors.Is(err, probe.ErrPrintDown):
		e.reason = "spooler_down"
	}
	return e
}

func (r *resume) pending(_ context.Context, s Step, _ json.RawMessage) Step { return s }

func (r *resume) undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
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
