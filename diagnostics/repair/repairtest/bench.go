package repairtest

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// bench is an Engine in a world.
type bench struct {
	*repair.Engine
	t       *testing.T
	c       Case
	spec    repair.Spec
	world   World
	fixer   *fixer
	journal string
	mu      sync.Mutex
	notes   int // lines of the journal
	dieAt   int // the line after which the process ends; 0 is never
}

// options are what a bench does beside.
type options struct {
	journal string // empty: a new one
	long    bool   // wait for the self-tests to turn
	short   bool   // bound the steps
	dieAt   int
	cut     cut
}

func newBench(t *testing.T, c Case, spec repair.Spec, w World, o options) *bench {
	t.Helper()
	b := &bench{t: t, c: c, spec: spec, world: w, journal: o.journal, dieAt: o.dieAt}
	if b.journal == "" {
		b.journal = filepath.Join(t.TempDir(), "repairs.journal")
	}
	b.fixer = &fixer{Fixer: w.Fixer(), world: w, cut: o.cut}
	if b.fixer.ID() != c.ID {
		t.Fatalf("the world's repair is %s, not %s", b.fixer.ID(), c.ID)
	}
	p := repair.Params{
		Journal: b.journal, Fixers: []repair.Fixer{wrap(b.fixer)}, Specs: c.Specs, Verify: b.test,
		PollEvery: 20 * time.Millisecond, PollFor: millis(c.Times.FailMS, 200),
		Situation: func(context.Context) repair.Situation { return c.Situation },
		Noted:     b.noted,
	}
	if o.long {
		p.PollFor = millis(c.Times.SolveMS, 5000)
	}
	if o.short {
		p.StepFor = millis(c.Times.StepMS, 500)
	}
	b.Engine = repair.New(p)
	return b
}

func millis(n, usual int) time.Duration {
	if n == 0 {
		n = usual
	}
	return time.Duration(n) * time.Millisecond
}

func (b *bench) test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	return b.world.Test(ctx, ids)
}

func (b *bench) noted() {
	b.mu.Lock()
	b.notes++
	die := b.notes == b.dieAt
	b.mu.Unlock()
	if die {
		panic(repair.Died{})
	}
}

// lines is how often the journal was written to.
func (b *bench) lines() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.notes
}

// choice is what the user picks for a step.
func (b *bench) choice(s repair.Step) []string {
	if s.Choose == "" {
		return nil
	}
	want := b.c.Choice[s.ID]
	if len(want) != 1 {
		return want
	}
	var ids []string
	for _, ch := range s.Choices {
		switch {
		case want[0] == "first" && len(ids) > 0, want[0] == "chosen" && !ch.Chosen:
		case want[0] == "first", want[0] == "chosen", want[0] == "all", want[0] == ch.ID:
			ids = append(ids, ch.ID)
		}
	}
	return ids
}

// failing are the self-tests as they are now.
func (b *bench) failing() []diagnostics.Result {
	ids := slices.Concat(b.spec.Verify, b.spec.Pre.Fails, b.spec.Pre.Passes)
	slices.Sort(ids)
	results, err := b.world.Test(b.t.Context(), slices.Compact(ids))
	if err != nil {
		b.t.Fatalf("test the world: %v", err)
	}
	return results
}

// begin says yes once, to the repair.
func (b *bench) begin() (repair.Attempt, error) {
	before := b.failing()
	req := repair.Request{ID: b.c.ID, Incident: "I", Consent: true, Before: before}
	for _, info := range b.List(b.t.Context(), before) {
		if len(info.Steps) > 0 {
			req.Choice = b.choice(info.Steps[0])
		}
	}
	return b.Run(b.t.Context(), req, nil)
}

// play says yes to everything, up to the end, or to the step that goes on outside.
func (b *bench) play(says string) (repair.Attempt, error) {
	a, err := b.begin()
	for range 20 {
		if err != nil || a.State != repair.NeedsUser || a.Pending == nil {
			break
		}
		switch a.Pending.Kind {
		case repair.Wait:
			return a, nil
		case repair.Ask:
			a, err = b.UserSays(a.Ref, says)
		case repair.Manual:
			if a.Reason == "waiting" { // the user gave up waiting
				return b.Cancel(b.t.Context(), a.Ref)
			}
			a, err = b.Continue(b.t.Context(), a.Ref, true, nil)
		default:
			a, err = b.Choose(b.t.Context(), a.Ref, b.choice(*a.Pending), true, nil)
		}
	}
	return a, err
}

// through plays to the end, over the restart that the repair waits for.
func (b *bench) through(says string) (*bench, repair.Attempt) {
	b.t.Helper()
	a, err := b.play(says)
	if err != nil {
		b.t.Fatalf("run %s: %v", b.c.ID, err)
	}
	if a.State != repair.NeedsUser || a.Pending == nil || a.Pending.Kind != repair.Wait {
		return b, a
	}
	r, ok := b.world.(Restarter)
	if !ok {
		b.t.Fatalf("%s waits for %s, and the world is no Restarter", b.c.ID, a.Pending.ID)
	}
	r.Restarted()
	next := newBench(b.t, b.c, b.spec, b.world.Reopen(), options{journal: b.journal, long: says == "yes"})
	reports, err := next.start()
	if err != nil || len(reports) != 1 {
		b.t.Fatalf("after the restart: %v, %d reports", err, len(reports))
	}
	a = reports[0]
	if a.State == repair.NeedsUser && a.Pending != nil && a.Pending.Kind == repair.Ask {
		if a, err = next.UserSays(a.Ref, says); err != nil {
			b.t.Fatal(err)
		}
	}
	return next, a
}

// start does what a start of Balise does.
func (b *bench) start() ([]repair.Attempt, error) {
	cut, err := b.Recover(b.t.Context())
	if err != nil {
		return cut, err
	}
	woken, err := b.Wake(b.t.Context())
	return append(cut, woken...), err
}

// cut says where a step or an undo ends the process.
type cut struct {
	call  string // "run" or "undo"
	step  string
	after bool // the step is done, and nothing is written down
	inner int  // within, at the n-th point of a Breaker
}

// fixer is the repair of a world that may end the process.
type fixer struct {
	repair.Fixer
	world World
	cut   cut
}

// wrap keeps what a Fixer can beside.
func wrap(f *fixer) repair.Fixer {
	s, shows := f.Fixer.(repair.Shower)
	w, wakes := f.Fixer.(repair.Waker)
	switch {
	case shows && wakes:
		return struct {
			*fixer
			repair.Shower
			repair.Waker
		}{f, s, w}
	case shows:
		return struct {
			*fixer
			repair.Shower
		}{f, s}
	case wakes:
		return struct {
			*fixer
			repair.Waker
		}{f, w}
	}
	return f
}

func (f *fixer) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	if f.cut.call != "run" || f.cut.step != job.Step {
		return f.Fixer.Run(ctx, job)
	}
	var facts []diagnostics.Fact
	var err error
	f.die(ctx, func(ctx context.Context) { facts, err = f.Fixer.Run(ctx, job) })
	return facts, err
}

func (f *fixer) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if f.cut.call != "undo" {
		return f.Fixer.Undo(ctx, saved)
	}
	var facts []diagnostics.Fact
	var left int
	var err error
	f.die(ctx, func(ctx context.Context) { facts, left, err = f.Fixer.Undo(ctx, saved) })
	return facts, left, err
}

// die does the work and ends the process before it, within it or after it.
func (f *fixer) die(ctx context.Context, work func(context.Context)) {
	if f.cut.inner == 0 {
		if f.cut.after {
			work(ctx)
		}
		panic(repair.Died{})
	}
	b, ok := f.world.(Breaker)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	died, done := make(chan struct{}), make(chan struct{})
	b.Break(f.cut.inner, sync.OnceFunc(func() { close(died) }))
	go func() {
		defer close(done)
		work(ctx)
	}()
	select {
	case <-died:
		cancel()
		<-done // a dead process does nothing more; ours must not either
		panic(repair.Died{})
	case <-done:
		if b.Broke() {
			panic(repair.Died{})
		}
		b.Break(0, nil) // fewer points than that: the rest goes on as usual
	}
}
