package printing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// printCancelMine ends the user's own print jobs that stand in the way. Nothing brings a cancelled job back, so the
// user picks each of them and says yes once more.
const printCancelMine = "print.cancel_mine"

const stepCancel = "cancel"

type cancelMine struct{}

// ID is the repair's.
func (c *cancelMine) ID() string { return printCancelMine }

// cancelled are the jobs that the user picked, and no others.
type cancelled struct {
	Jobs []oneJob `json:"jobs"`
}

type oneJob struct {
	ID    int    `json:"id"`
	Queue string `json:"queue"`
}

// stuckAfter is how long a job may wait before Balise would pick it.
const stuckAfter = 5 * time.Minute

// Look shows the user's own jobs. Their names stay on this computer.
func (c *cancelMine) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	q, why := queues(ctx)
	if why == "" && len(q.Jobs) == 0 {
		why = "no_jobs"
	}
	return repair.Look{Why: why, Steps: map[string]repair.StepLook{stepCancel: {Choices: choices(q)}}}
}

// Show is what waits by the time of the second yes.
func (c *cancelMine) Show(ctx context.Context, step repair.Step, _ json.RawMessage) repair.Step {
	if q, why := queues(ctx); why == "" && step.ID == stepCancel {
		step.Choices = choices(q)
	}
	return step
}

func choices(q probe.Queues) []repair.Choice {
	var list []repair.Choice
	for _, j := range q.Jobs {
		ch := repair.Choice{ID: strconv.Itoa(j.ID), Label: label(j), Bytes: j.Bytes, Detail: "job_" + j.State}
		if j.State == "" {
			ch.Detail = ""
		}
		one, _ := q.Queue(j.Queue)
		if since, waits := one.Waiting(j); waits {
			ch.Chosen = q.Now.Sub(since) > stuckAfter
		}
		list = append(list, ch)
	}
	return list
}

// label is a job's name, or its number where it has none, with its pages. "p." is short for pages in every language
// that Balise speaks.
func label(j probe.Job) string {
	name := j.Name
	if name == "" {
		name = strconv.Itoa(j.ID)
	}
	if j.Pages > 0 {
		name = fmt.Sprintf("%s (%d p.)", name, j.Pages)
	}
	return name + " – " + j.Queue
}

// Prepare keeps the picked jobs that are the user's own.
func (c *cancelMine) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if len(job.Choice) == 0 {
		return nil, repair.Because("nothing_chosen", nil)
	}
	q, why := queues(ctx)
	if why != "" {
		return nil, repair.Because(why, nil)
	}
	own := map[string]probe.Job{}
	for _, j := range q.Jobs {
		own[strconv.Itoa(j.ID)] = j
	}
	var s cancelled
	for _, id := range job.Choice {
		if j, ok := own[id]; ok { // one that is over by now is not missed
			s.Jobs = append(s.Jobs, oneJob{j.ID, j.Queue})
		}
	}
	if len(s.Jobs) == 0 {
		return nil, repair.Because("nothing_to_do", nil)
	}
	return json.Marshal(s)
}

// Run cancels exactly the jobs that were kept. One that is over by now is passed over.
func (c *cancelMine) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	s, err := read[cancelled](job.Saved)
	if err != nil {
		return nil, err
	}
	done := 0
	for i, j := range s.Jobs {
		job.Progress(100*i/len(s.Jobs), "")
		err := act.CancelJob(ctx, j.Queue, j.ID)
		if errors.Is(err, probe.ErrJobOver) {
			continue
		}
		if err != nil {
			return nil, printError(err, done > 0)
		}
		done++
	}
	return []diagnostics.Fact{diagnostics.Int("cancelled_jobs", int64(done), "")}, nil
}

// Undo has nothing to put back: what a cancelled job would have printed is deleted. The step says so before.
func (c *cancelMine) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
