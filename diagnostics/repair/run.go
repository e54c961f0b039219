package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"balise/diagnostics"
)

const (
	// stepTimeout bounds one step: deleting a hundred thousand small files takes minutes.
	stepTimeout = 10 * time.Minute
	// undoTimeout bounds putting back, which goes on when the caller is gone.
	undoTimeout = 5 * time.Minute
)

// live is an attempt while something is done for it.
type live struct {
	e    *Engine
	id   string
	f    Fixer
	t    *track
	info Info
	act  *active
	// choice is what the user picked for the step that he just said yes to.
	choice []string
	on     func(Progress)
}

// Run runs a repair up to its end or up to the first step that waits for the user. on may be nil. The error
// is for what never began; what began and went wrong is told by the Attempt.
func (e *Engine) Run(ctx context.Context, req Request, on func(Progress)) (Attempt, error) {
	if !req.Consent {
		return Attempt{}, ErrConsent
	}
	f, ok := e.fixer(req.ID)
	if !ok {
		return Attempt{}, fmt.Errorf("%w: %q", ErrUnknown, req.ID)
	}
	if err := e.load(); err != nil {
		return Attempt{}, err
	}
	if !e.changing.TryLock() {
		return Attempt{}, ErrBusy
	}
	defer e.changing.Unlock()
	if err := e.allowed(req); err != nil {
		return Attempt{}, err
	}
	e.dropPending(req.ID, f)
	before, info, err := e.look(ctx, f, req)
	if err != nil {
		return Attempt{}, err
	}
	t := &track{incident: req.Incident, attempt: Attempt{
		ID: req.ID, Ref: newRef(), State: Running, Started: e.p.Now(), Before: before,
	}}
	if err := e.note(t, eventBegin, "", nil); err != nil {
		return Attempt{}, err // nothing was changed yet: what cannot be written down is not begun
	}
	e.mu.Lock()
	e.tracks = append(e.tracks, t)
	e.mu.Unlock()
	return e.drive(ctx, &live{
		e: e, id: req.ID, f: f, t: t, info: info, on: on, choice: req.Choice,
	}, 0), nil
}

// look finds out whether the repair is needed and possible.
func (e *Engine) look(ctx context.Context, f Fixer, req Request) ([]diagnostics.Result, Info, error) {
	ids := e.describe(ctx, f, req.Before).Verifies
	before := pick(req.Before, ids)
	if len(before) < len(ids) {
		var err error
		if before, err = e.p.Verify(ctx, ids); err != nil {
			return nil, Info{}, fmt.Errorf("test before the repair: %w", err)
		}
		before = pick(before, ids)
	}
	if !anyBad(before) {
		return nil, Info{}, &PreconditionError{req.ID, "not_needed"}
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	info := e.describe(ctx, f, before)
	if !info.Available {
		return nil, Info{}, &PreconditionError{req.ID, info.Why}
	}
	return before, info, nil
}

// allowed keeps the two limits on trying again.
func (e *Engine) allowed(req Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	tries := 0
	for _, t := range e.tracks {
		a := t.attempt
		if a.ID != req.ID || !t.ended || !counts(a) {
			continue
		}
		if req.Incident != "" && t.incident == req.Incident {
			tries++
		}
		if until := a.Finished.Add(e.specs[req.ID].Cooldown); a.State != NeedsAdmin && e.p.Now().Before(until) {
			return &CooldownError{until}
		}
	}
	if tries >= maxAttempts {
		return ErrTooOften
	}
	return nil
}

// counts tells whether an attempt was a real try: what the user declined or took back is none.
func counts(a Attempt) bool {
	switch a.State {
	case Solved, Failed, NeedsAdmin:
		return a.Reason != "cancelled"
	case NotSolved:
		return a.Reason != "declined" && a.Reason != "interrupted"
	}
	return false
}

// dropPending puts back what an earlier attempt of the same repair left waiting: a new yes replaces it.
func (e *Engine) dropPending(id string, f Fixer) {
	e.mu.Lock()
	var old []*track
	for _, t := range e.tracks {
		if t.attempt.ID == id && !t.ended {
			old = append(old, t)
		}
	}
	e.mu.Unlock()
	for _, t := range old {
		l := &live{e: e, id: id, f: f, t: t}
		l.decline()
	}
}

// Continue does the pending step of an attempt, with a yes of its own.
func (e *Engine) Continue(ctx context.Context, ref string, consent bool, on func(Progress)) (Attempt, error) {
	return e.Choose(ctx, ref, nil, consent, on)
}

// Choose is Continue with what the user picked among the pending step's choices.
func (e *Engine) Choose(
	ctx context.Context, ref string, choice []string, consent bool, on func(Progress),
) (Attempt, error) {
	if !consent {
		return Attempt{}, ErrConsent
	}
	l, unlock, err := e.reopen(ref, on)
	if err != nil {
		return Attempt{}, err
	}
	defer unlock()
	a, ended := l.now()
	if ended || a.State != NeedsUser || a.Pending == nil {
		return Attempt{}, ErrNotPending
	}
	l.info = e.describe(ctx, l.f, a.Before)
	from := slices.IndexFunc(l.info.Steps, func(s Step) bool { return s.ID == a.Pending.ID })
	if from < 0 {
		return Attempt{}, ErrNotPending
	}
	return e.drive(ctx, l, from), nil
}

// reopen takes up an attempt that nothing is done for at the moment.
func (e *Engine) reopen(ref string, on func(Progress)) (*live, func(), error) {
	if err := e.load(); err != nil {
		return nil, nil, err
	}
	if !e.changing.TryLock() {
		return nil, nil, ErrBusy
	}
	e.mu.Lock()
	t := e.find(ref)
	e.mu.Unlock()
	if t == nil {
		e.changing.Unlock()
		return nil, nil, ErrUnknown
	}
	f, ok := e.fixer(t.attempt.ID)
	if !ok {
		e.changing.Unlock()
		return nil, nil, ErrUnknown
	}
	return &live{e: e, id: t.attempt.ID, f: f, t: t, on: on}, e.changing.Unlock, nil
}

// drive does the steps from one on, under a context that Cancel can end.
func (e *Engine) drive(ctx context.Context, l *live, from int) Attempt {
	ctx, cancel := context.WithCancel(ctx)
	l.act = &active{ref: l.t.attempt.Ref, cancel: cancel, done: make(chan struct{})}
	e.mu.Lock()
	e.current = l.act
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.current = nil
		e.mu.Unlock()
		cancel()
		close(l.act.done)
	}()
	l.steps(ctx, from)
	return l.report()
}

// steps does what can be done without a further yes. The step at from is the one that the user just said
// yes to.
func (l *live) steps(ctx context.Context, from int) {
	for i, s := range l.info.Steps[from:] {
		if s.Kind == Confirm && (from == 0 || i > 0) {
			l.waitFor(s)
			return
		}
		if err := l.step(ctx, s); err != nil {
			l.fail(s, err)
			return
		}
	}
	l.verify(ctx)
}

// step writes down what is about to be done, then does it.
func (l *live) step(ctx context.Context, s Step) error {
	ctx, cancel := context.WithTimeout(ctx, l.e.patience(l.id, s.ID))
	defer cancel()
	job := Job{
		Ref: l.t.attempt.Ref, Step: s.ID, Saved: l.t.saved, Choice: l.choice, MakeRoom: l.e.makeRoom,
		Progress: func(percent int, what string) {
			l.publish(Progress{State: Running, Step: s.ID, Percent: percent, What: what})
		},
	}
	saved, err := within(ctx, func() (json.RawMessage, error) { return l.f.Prepare(ctx, job) })
	if err != nil {
		return untouched(err)
	}
	l.e.mu.Lock()
	l.t.saved = saved
	l.e.mu.Unlock()
	err = l.note(eventStep, s.ID, func(a *Attempt) {
		a.State, a.Pending = Running, nil
		if s.Risk == WithUndo {
			a.CanUndo = true
		}
		a.Steps = append(a.Steps, StepRecord{Step: s.ID, State: "started", At: l.e.p.Now()})
	})
	if err != nil {
		return Because("journal", err)
	}
	l.publish(Progress{State: Running, Step: s.ID})
	job.Saved = saved
	facts, err := within(ctx, func() ([]diagnostics.Fact, error) { return l.f.Run(ctx, job) })
	if err != nil {
		return err
	}
	return l.note(eventDone, s.ID, func(a *Attempt) {
		if s.Risk == NoUndo {
			a.CanUndo = false
		}
		a.Steps = append(a.Steps, StepRecord{Step: s.ID, State: "done", At: l.e.p.Now(), Facts: facts})
	})
}

// waitFor leaves the attempt to the user.
func (l *live) waitFor(s Step) {
	ctx, cancel := context.WithTimeout(context.Background(), describeTimeout)
	defer cancel()
	s = show(ctx, l.f, s, l.t.saved)
	l.must(eventWait, s.ID, func(a *Attempt) { a.State, a.Pending = NeedsUser, &s })
}

// fail ends an attempt whose step could not be done; what was changed is put back.
func (l *live) fail(s Step, cause error) {
	reason, admin := reasonOf(cause)
	var step *StepError
	untouched := errors.As(cause, &step) && step.Untouched && len(l.t.attempt.Steps) <= 1
	l.must(eventFailed, s.ID, func(a *Attempt) {
		a.State, a.Reason = Failed, reason
		if admin {
			a.State = NeedsAdmin
		}
		a.CanUndo = a.CanUndo && !untouched
		a.Steps = append(a.Steps, StepRecord{
			Step: s.ID, State: "failed", At: l.e.p.Now(), Error: reason,
		})
	})
	l.e.p.Log.Warn("a repair's step failed", "repair", l.id, "step", s.ID, "reason", reason)
	l.putBack()
	l.end()
}

// verify runs the same self-tests again: they alone say whether the repair helped.
func (l *live) verify(ctx context.Context) {
	r := l.e.settle(l.id)
	l.must(eventVerify, "", func(a *Attempt) { a.State, a.Pending = Verifying, nil })
	l.publish(Progress{State: Verifying})
	deadline := l.e.p.Now().Add(r.Within)
	for {
		results, err := l.e.p.Verify(ctx, l.info.Verifies)
		results = pick(results, l.info.Verifies)
		if err == nil {
			l.saw(results)
		}
		switch {
		case ctx.Err() != nil:
			l.stopped()
			return
		case err != nil:
			l.e.p.Log.Warn("test after the repair", "repair", l.id, "err", err)
		case allPass(results, l.info.Verifies, l.e.specs[l.id].NotUsedProves):
			l.change(func(a *Attempt) { a.State, a.Reason = Solved, "" })
			l.end()
			return
		}
		if !l.e.p.Now().Before(deadline) {
			l.unsolved(results, err)
			return
		}
		pause(ctx, r.Every)
	}
}

func (l *live) saw(results []diagnostics.Result) {
	l.change(func(a *Attempt) { a.After = results })
	for i := range results {
		l.publish(Progress{State: Verifying, Result: &results[i]})
	}
}

// stopped is a wait that ended early: the user cancelled it, or whoever asked went away.
func (l *live) stopped() {
	l.e.mu.Lock()
	cancelled := l.act.cancelled
	l.e.mu.Unlock()
	if cancelled {
		l.decline()
		return
	}
	if s, ok := l.manual(); ok {
		l.waitFor(s)
		return
	}
	l.change(func(a *Attempt) { a.State, a.Reason = NotSolved, "interrupted" })
	l.end()
}

// manual returns the step that the user does, if the repair has one.
func (l *live) manual() (Step, bool) {
	i := slices.IndexFunc(l.info.Steps, func(s Step) bool { return s.Kind == Manual })
	if i < 0 {
		return Step{}, false
	}
	return l.info.Steps[i], true
}

// unsolved ends an attempt that did not turn the test.
func (l *live) unsolved(results []diagnostics.Result, err error) {
	reason := "still_failing"
	switch {
	case err != nil:
		reason = "verify_failed"
	case len(results) == 0 || !results[0].Status.Observed():
		reason = "not_observed"
	case improved(l.t.attempt.Before, results):
		reason = "improved"
	}
	if s, ok := l.manual(); ok {
		l.change(func(a *Attempt) { a.Reason = "waiting" })
		l.waitFor(s)
		return
	}
	l.change(func(a *Attempt) { a.State, a.Reason = NotSolved, reason })
	if l.e.specs[l.id].Undo.Unsolved && reason == "still_failing" {
		l.putBack()
	}
	l.end()
}

// settle is how a repair's self-tests are looked at afterwards; tests of the Engine look sooner.
func (e *Engine) settle(id string) Settle {
	s := e.specs[id].Settle
	if e.p.PollEvery > 0 && s.Every > e.p.PollEvery {
		s.Every = e.p.PollEvery
	}
	if e.p.PollFor > 0 && s.Within > e.p.PollFor {
		s.Within = e.p.PollFor
	}
	return s
}

func allPass(results []diagnostics.Result, ids []string, notUsed bool) bool {
	return len(results) >= len(ids) && !slices.ContainsFunc(results, func(r diagnostics.Result) bool {
		return r.Status != diagnostics.Pass && (r.Status != diagnostics.NA || !notUsed)
	})
}

// improved tells whether a fail became a warn: better, and not solved.
func improved(before, after []diagnostics.Result) bool {
	for _, b := range before {
		for _, a := range after {
			if a.ID == b.ID && b.Status == diagnostics.Fail && a.Status == diagnostics.Warn {
				return true
			}
		}
	}
	return false
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
