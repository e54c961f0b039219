package repair

import (
	"context"
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
	if err := offered(info, req.Choice); err != nil {
		return Attempt{}, err
	}
	t := &track{incident: req.Incident, near: e.near(info, req.Before), attempt: Attempt{
		ID: req.ID, Ref: newRef(), State: Confirmed, Started: e.p.Now(), Before: before,
	}}
	if err := e.note(t, eventBegin, "", nil); err != nil {
		return Attempt{}, err // nothing was changed yet: what cannot be written down is not begun
	}
	e.mu.Lock()
	e.tracks = append(e.tracks, t)
	e.mu.Unlock()
	return e.drive(ctx, &live{
		e: e, id: req.ID, f: f, t: t, info: info, on: on, choice: req.Choice,
	}, 0, false), nil
}

// look finds out whether the repair is needed and possible.
func (e *Engine) look(ctx context.Context, f Fixer, req Request) ([]diagnostics.Result, Info, error) {
	slow, cancel := context.WithTimeout(ctx, describeTimeout)
	ids := e.describe(slow, f, req.Before, Situation{}).Verifies
	cancel()
	spec := e.spec(f.ID())
	all, err := e.known(ctx, req.Before, slices.Concat(ids, spec.Pre.Passes))
	if err != nil {
		return nil, Info{}, err
	}
	if !anyBad(pick(all, ids)) {
		more, err := e.known(ctx, req.Before, spec.fails())
		if err != nil {
			return nil, Info{}, err
		}
		if !anyBad(more) && !(req.Said && spec.WordAlone) {
			return nil, Info{}, &PreconditionError{req.ID, idle(more)}
		}
		all = append(more, slices.DeleteFunc(all, func(r diagnostics.Result) bool {
			return slices.ContainsFunc(more, func(m diagnostics.Result) bool { return m.ID == r.ID })
		})...)
	}
	slow, cancel = context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	info := e.describe(slow, f, e.felt(f.ID(), all, req.Said), e.situation(slow))
	if !info.Available {
		return nil, Info{}, &PreconditionError{req.ID, info.Why}
	}
	before := pick(all, info.Verifies)
	if !anyBad(before) {
		before = pick(all, slices.Concat(info.Verifies, spec.fails()))
	}
	return before, info, nil
}

// known are results of these self-tests: those that are at hand, or new ones.
func (e *Engine) known(
	ctx context.Context, have []diagnostics.Result, ids []string,
) ([]diagnostics.Result, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	seen := pick(have, ids)
	if len(seen) >= len(ids) {
		return seen, nil
	}
	fresh, err := e.p.Verify(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("test before the repair: %w", err)
	}
	return pick(fresh, ids), nil
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
		if a.State == NeedsAdmin || a.Reason == "interrupted" {
			continue // it was not done: nothing has to settle
		}
		if until := a.Finished.Add(e.spec(req.ID).Cooldown); e.p.Now().Before(until) {
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
	slow, cancel := context.WithTimeout(ctx, describeTimeout)
	l.info = e.describe(slow, l.f, a.Before, Situation{})
	cancel()
	from := slices.IndexFunc(l.info.Steps, func(s Step) bool { return s.ID == a.Pending.ID })
	if from < 0 || a.Pending.Kind == Ask {
		return Attempt{}, ErrNotPending
	}
	if err := picked(*a.Pending, choice); err != nil {
		return Attempt{}, err
	}
	if a.Pending.Choose != "" {
		l.info.Steps[from] = *a.Pending // the choice is among what the user was shown
	}
	l.choice = choice
	return e.drive(ctx, l, from, true), nil
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

// drive does the steps from one on, under a context that Cancel can end. said: the first of them has its yes.
func (e *Engine) drive(ctx context.Context, l *live, from int, said bool) Attempt {
	ctx, cancel := context.WithCancel(ctx)
	l.act = &active{ref: l.t.attempt.Ref, cancel: cancel, done: make(chan struct{})}
	e.watch(l.act)
	defer func() {
		e.watch(nil)
		cancel()
		close(l.act.done)
	}()
	l.steps(ctx, from, said)
	return l.report()
}

func (e *Engine) watch(act *active) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = act
}
