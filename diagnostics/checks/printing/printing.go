// Package printing holds the self-tests print.spooler, print.queue and print.device: does the printing
// service answer, does the user's queue move, and what does the printer itself say.
package printing

import (
	"context"
	"errors"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	SpoolerDown    diagnostics.Cause = "print.spooler/down"
	QueuePaused    diagnostics.Cause = "print.queue/paused"
	QueueRejecting diagnostics.Cause = "print.queue/rejecting"
	QueueStuck     diagnostics.Cause = "print.queue/stuck_job"
	QueueSlow      diagnostics.Cause = "print.queue/slow_job"
)

// service is the part of the printing service that the tests need.
type service interface {
	Alive(ctx context.Context) error
	Queues(ctx context.Context) (probe.Queues, error)
}

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check {
	// Found at each run: the service may be installed, or the settings change, while the program runs.
	return checks(cat, func() (probe.PrintServer, service) { return probe.PrintService() }, probe.AskDevice)
}

func checks(
	cat catalogue.Catalogue, find func() (probe.PrintServer, service),
	ask func(context.Context, probe.Device) probe.DeviceAnswer,
) []diagnostics.Check {
	spooler, queue, device := cat.Get("print.spooler"), cat.Get("print.queue"), cat.Get("print.device")
	return []diagnostics.Check{
		spooler.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			server, s := find()
			return checkSpooler(ctx, server, s, spooler)
		}),
		queue.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			server, s := find()
			return checkQueue(ctx, server, s, queue)
		}),
		device.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			server, s := find()
			return checkDevice(ctx, server, s, ask, device)
		}),
	}
}

func checkSpooler(
	ctx context.Context, server probe.PrintServer, s service, spec catalogue.Spec,
) diagnostics.Outcome {
	err := s.Alive(ctx)
	code := probe.PrintErrorCode(err)
	facts := []diagnostics.Fact{diagnostics.Text("server", server.Role)}
	switch {
	case err == nil:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case code == "EACCES":
		// The socket is there and guarded against us: that says nothing of the service.
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: code, Error: code}
	case !server.Expected:
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no printing service is set up", Final: true}
	}
	return diagnostics.Outcome{
		Status: diagnostics.Fail, Cause: SpoolerDown, Severity: spec.Severity, Error: code,
		Facts: append(facts, diagnostics.Text("error", code)),
	}
}

// queues are those that the user prints to. Where there is nothing to look at, none says so.
func queues(ctx context.Context, server probe.PrintServer, s service,
) (q probe.Queues, relevant []probe.Queue, none *diagnostics.Outcome) {
	q, err := s.Queues(ctx)
	switch {
	case errors.Is(err, probe.ErrPrintDown) && !server.Expected:
		return q, nil, &diagnostics.Outcome{
			Status: diagnostics.NA, Detail: "no printing service is set up", Final: true,
		}
	case err != nil:
		code := probe.PrintErrorCode(err)
		return q, nil, &diagnostics.Outcome{Status: diagnostics.Unknown, Detail: code, Error: code}
	}
	if relevant = q.Relevant(); len(relevant) == 0 {
		none = &diagnostics.Outcome{Status: diagnostics.NA, Detail: "no printer is set up", Final: true}
	}
	return q, relevant, none
}

func checkQueue(
	ctx context.Context, server probe.PrintServer, s service, spec catalogue.Spec,
) diagnostics.Outcome {
	q, relevant, none := queues(ctx, server, s)
	if none != nil {
		return *none
	}
	worst := judge(spec, q, relevant[0])
	for _, one := range relevant[1:] {
		if j := judge(spec, q, one); rank[j.Status] > rank[worst.Status] {
			worst = j
		}
	}
	worst.Facts = append(worst.Facts, diagnostics.Int("printers", int64(len(q.All)), ""))
	return worst
}

var rank = map[diagnostics.Status]int{diagnostics.Warn: 1, diagnostics.Fail: 2}

// judge says how one queue stands. A queue that stands still explains the jobs that wait in it, so it is
// named first.
func judge(spec catalogue.Spec, q probe.Queues, one probe.Queue) diagnostics.Outcome {
	jobs, oldest := 0, time.Duration(0)
	for _, j := range q.Jobs {
		if j.Queue != one.Name || j.State == "held" {
			continue
		}
		jobs++
		if since, waits := one.Waiting(j); waits {
			oldest = max(oldest, q.Now.Sub(since))
		}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch minutes := oldest.Minutes(); {
	case one.Paused():
		o.Status, o.Cause, o.Severity = diagnostics.Fail, QueuePaused, spec.Severity
	case !one.Accepting:
		o.Status, o.Cause, o.Severity = diagnostics.Fail, QueueRejecting, spec.Severity
	case minutes > spec.Limit("fail_job_minutes"):
		o.Status, o.Cause, o.Severity = diagnostics.Fail, QueueStuck, spec.Severity
	case minutes > spec.Limit("warn_job_minutes"):
		o.Status, o.Cause, o.Severity = diagnostics.Warn, QueueSlow, spec.WarnSeverity()
	}
	o.Facts = []diagnostics.Fact{
		diagnostics.Identifier("printer", one.Name, diagnostics.Infra, diagnostics.KindPrinter),
		diagnostics.Text("state", one.State),
		diagnostics.Bool("accepting", one.Accepting),
		diagnostics.Int("jobs", int64(jobs), ""),
	}
	if len(one.Reasons) > 0 {
		o.Facts = append(o.Facts, diagnostics.Fact{Key: "reasons", Value: one.Reasons, Class: diagnostics.Plain})
	}
	if oldest > 0 {
		o.Facts = append(o.Facts, diagnostics.Int("oldest_job_s", int64(oldest.Seconds()), "s"))
	}
	return o
}
