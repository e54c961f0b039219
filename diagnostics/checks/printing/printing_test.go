package printing

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// fake is a printing service that says what a test wants.
type fake struct {
	q   probe.Queues
	err error
}

func (f fake) Alive(context.Context) error { return f.err }

func (f fake) Queues(context.Context) (probe.Queues, error) { return f.q, f.err }

func noDevice(context.Context, probe.Device) probe.DeviceAnswer { return probe.DeviceAnswer{} }

func run(t *testing.T, id string, server probe.PrintServer, s service) diagnostics.Outcome {
	t.Helper()
	for _, c := range checks(catalogue.Catalogue{}, func() (probe.PrintServer, service) { return server, s }, noDevice) {
		if c.ID == id {
			return c.Run(t.Context(), 0)
		}
	}
	t.Fatalf("no check %s", id)
	return diagnostics.Outcome{}
}

func TestSpooler(t *testing.T) {
	here := probe.PrintServer{Role: "socket", Expected: true}
	gone := fmt.Errorf("%w: %w", probe.ErrPrintDown, syscall.ECONNREFUSED)
	for _, c := range []struct {
		name   string
		server probe.PrintServer
		err    error
		want   diagnostics.Status
	}{
		{"answers", here, nil, diagnostics.Pass},
		{"there but dead", here, gone, diagnostics.Fail},
		{"never set up", probe.PrintServer{Role: "local"}, gone, diagnostics.NA},
		{"guarded", here, fmt.Errorf("%w: %w", probe.ErrPrintDown, syscall.EACCES), diagnostics.Unknown},
		{"something else answers", here, probe.ErrPrintOdd, diagnostics.Fail},
	} {
		if o := run(t, "print.spooler", c.server, fake{err: c.err}); o.Status != c.want {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
}

func TestQueue(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	ago := func(min int) time.Time { return now.Add(-time.Duration(min) * time.Minute) }
	fine := probe.Queue{Name: "A", State: "idle", Accepting: true}
	paused := probe.Queue{Name: "A", State: "stopped", Accepting: true, Reasons: []string{"paused"}}
	rejecting := probe.Queue{Name: "A", State: "idle"}
	other := probe.Queue{Name: "B", State: "stopped"}
	job := func(queue string, min int) []probe.Job {
		return []probe.Job{{ID: 1, Queue: queue, State: "pending", Created: ago(min), Processing: ago(min)}}
	}
	for _, c := range []struct {
		name string
		q    probe.Queues
		want diagnostics.Cause
		na   bool
	}{
		{name: "no printer", q: probe.Queues{}, na: true},
		{name: "idle", q: probe.Queues{All: []probe.Queue{fine, other}, Default: "A"}},
		{name: "paused", q: probe.Queues{All: []probe.Queue{paused}, Default: "A"}, want: QueuePaused},
		{name: "the only one", q: probe.Queues{All: []probe.Queue{paused}}, want: QueuePaused},
		{name: "no default, none in use", q: probe.Queues{All: []probe.Queue{fine, other}}, na: true},
		{name: "paused with old jobs", q: probe.Queues{All: []probe.Queue{paused}, Default: "A", Jobs: job("A", 60)}, want: QueuePaused},
		{name: "rejecting", q: probe.Queues{All: []probe.Queue{rejecting}, Default: "A"}, want: QueueRejecting},
		{name: "young job", q: probe.Queues{All: []probe.Queue{fine}, Default: "A", Jobs: job("A", 4)}},
		{name: "slow job", q: probe.Queues{All: []probe.Queue{fine}, Default: "A", Jobs: job("A", 6)}, want: QueueSlow},
		{name: "stuck job", q: probe.Queues{All: []probe.Queue{fine}, Default: "A", Jobs: job("A", 16)}, want: QueueStuck},
		{name: "another queue of mine", q: probe.Queues{All: []probe.Queue{fine, other}, Default: "A", Jobs: job("B", 1)}, want: QueuePaused},
	} {
		c.q.Now = now
		o := run(t, "print.queue", probe.PrintServer{Expected: true}, fake{q: c.q})
		if o.Cause != c.want || (o.Status == diagnostics.NA) != c.na || o.Status.Bad() != (c.want != "") {
			t.Errorf("%s: %s %q, want %q", c.name, o.Status, o.Cause, c.want)
		}
		for _, f := range o.Facts {
			if f.Key == "printer" && (f.Class != diagnostics.Infra || f.Kind != diagnostics.KindPrinter) {
				t.Errorf("%s: the printer's name is %s %s", c.name, f.Class, f.Kind)
			}
		}
	}
}
