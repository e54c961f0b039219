package printing

import (
	"context"
	"encoding/json"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// printSetDefault makes another printer the one that is used when nobody says otherwise, for this user only. It leads
// round a printer that does not work, and sets a wrong one right.
const printSetDefault = "print.set_default"

const stepChoose = "choose"

type setDefault struct{}

// ID is the repair's.
func (s *setDefault) ID() string { return printSetDefault }

// Look shows the printers to choose from.
func (s *setDefault) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	q, why := queues(ctx)
	look := repair.Look{Why: why, Verify: failing(results)}
	if why != "" {
		return look
	}
	list, first := others(q)
	switch {
	case act.PrintDefaultFixed():
		look.Why = "printer_fixed"
	case first == "":
		look.Why = "no_other_printer"
	}
	look.Steps = map[string]repair.StepLook{stepChoose: {Choices: list}}
	return look
}

// failing are the self-tests that are bad, which must turn; the queue's where nobody knows.
func failing(results []diagnostics.Result) (ids []string) {
	for _, r := range results {
		if (r.ID == "print.queue" || r.ID == "print.device") && r.Status.Bad() {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// others lists every printer but the one in use, and names the first that takes documents and prints them.
func others(q probe.Queues) (list []repair.Choice, first string) {
	for _, one := range q.All {
		if one.Name == q.Default {
			continue
		}
		c := repair.Choice{ID: one.Name, Label: one.Name}
		switch {
		case one.Paused():
			c.Detail = "paused"
		case !one.Accepting:
			c.Detail = "rejecting"
		case first == "":
			first, c.Chosen = one.Name, true
		}
		list = append(list, c)
	}
	return list, first
}

// Prepare keeps the user's settings as they are, and as they will be.
func (s *setDefault) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	q, why := queues(ctx)
	if why != "" {
		return nil, repair.Because(why, nil)
	}
	_, queue := others(q)
	if len(job.Choice) > 0 {
		queue = job.Choice[0]
	}
	if _, ok := q.Queue(queue); !ok {
		return nil, repair.Because("no_printer", nil)
	}
	d, err := act.PlanPrintDefault(ctx, queue)
	if err != nil {
		return nil, printError(err, false)
	}
	return json.Marshal(d)
}

// Run writes the settings.
func (s *setDefault) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	d, err := read[act.PrintDefault](job.Saved)
	if err != nil {
		return nil, err
	}
	if err := d.Do(ctx); err != nil {
		return nil, printError(err, false)
	}
	return []diagnostics.Fact{
		diagnostics.Identifier("printer", d.Queue, diagnostics.Infra, diagnostics.KindPrinter),
	}, nil
}

// Undo puts the settings back as they were.
func (s *setDefault) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
	}
	d, err := read[act.PrintDefault](saved)
	if err != nil {
		return nil, 0, err
	}
	left, err := d.Undo(ctx)
	if err != nil {
		return nil, 1, printError(err, true)
	}
	if left {
		return nil, 1, nil
	}
	return nil, 0, nil
}
