package repair

import (
	"context"

	"balise/diagnostics"
)

// Undo puts back what an attempt changed.
func (e *Engine) Undo(ctx context.Context, ref string, consent bool, on func(Progress)) (Attempt, error) {
	if !consent {
		return Attempt{}, ErrConsent
	}
	l, unlock, err := e.reopen(ref, on)
	if err != nil {
		return Attempt{}, err
	}
	defer unlock()
	if a, _ := l.now(); !a.CanUndo {
		return Attempt{}, ErrNoUndo
	}
	l.change(func(a *Attempt) { a.Reason = "" })
	if l.putBack() {
		l.change(func(a *Attempt) { a.State = Undone })
	}
	l.end()
	return l.report(), nil
}

// Cancel ends an attempt that waits for the user: the wait stops, and what was changed is put back.
func (e *Engine) Cancel(ctx context.Context, ref string) (Attempt, error) {
	e.mu.Lock()
	if run := e.current; run != nil && run.ref == ref {
		run.cancelled = true
		run.cancel()
		e.mu.Unlock()
		select {
		case <-run.done:
		case <-ctx.Done():
			return Attempt{}, ctx.Err()
		}
		a, _ := e.Attempt(ref)
		return a, nil
	}
	e.mu.Unlock()
	l, unlock, err := e.reopen(ref, nil)
	if err != nil {
		return Attempt{}, err
	}
	defer unlock()
	if a, ended := l.now(); ended || a.State != NeedsUser {
		return Attempt{}, ErrNotPending
	}
	l.decline()
	return l.report(), nil
}

// decline ends an attempt whose next step the user does not want. A "no" leaves the computer as it was.
func (l *live) decline() {
	l.change(func(a *Attempt) {
		if a.Pending != nil {
			a.Steps = append(a.Steps, StepRecord{Step: a.Pending.ID, State: "refused", At: l.e.p.Now()})
		}
		a.State, a.Pending, a.Reason = NotSolved, nil, "declined"
	})
	l.putBack()
	l.end()
}

// undone is what an Undo says.
type undone struct {
	facts []diagnostics.Fact
	left  int
}

// putBack undoes, with the journal first, and says whether everything went back. It does not end with the
// caller's context: half an undo would be worse than either end.
func (l *live) putBack() bool {
	if !l.t.attempt.CanUndo {
		return true
	}
	l.must(eventUndo, "undo", nil)
	l.publish(Progress{State: Running, Step: "undo"})
	ctx, cancel := context.WithTimeout(context.Background(), l.e.undoPatience())
	defer cancel()
	back, err := within(ctx, func() (b undone, err error) {
		b.facts, b.left, err = l.f.Undo(ctx, l.t.saved)
		return b, err
	})
	facts, left := back.facts, back.left
	l.change(func(a *Attempt) {
		rec := StepRecord{Step: "undo", State: "undone", At: l.e.p.Now(), Facts: facts}
		a.CanUndo, a.Pending = false, nil
		if err != nil || left > 0 {
			rec.State, rec.Error = "failed", "left_behind"
			if err != nil {
				rec.Error, _ = reasonOf(err)
			}
			a.State, a.Reason, a.CanUndo = NotSolved, "left_behind", true
		}
		a.Steps = append(a.Steps, rec)
	})
	if err != nil {
		l.e.p.Log.Warn("put back after a repair", "repair", l.id, "err", err)
	}
	return err == nil && left == 0
}

// now is where the attempt stands.
func (l *live) now() (a Attempt, ended bool) {
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	return l.t.attempt.clone(), l.t.ended
}

// note, must and change write an attempt down: before a step the writing must succeed, afterwards it
// should.
func (l *live) note(event, step string, change func(*Attempt)) error {
	return l.e.note(l.t, event, step, change)
}

func (l *live) must(event, step string, change func(*Attempt)) {
	if err := l.note(event, step, change); err != nil {
		l.e.p.Log.Warn("keep the repair's record", "repair", l.id, "event", event, "err", err)
	}
}

func (l *live) change(change func(*Attempt)) {
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	change(&l.t.attempt)
}

func (l *live) end() {
	l.must(eventEnd, "", func(a *Attempt) { a.Finished, a.Pending = l.e.p.Now(), nil })
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	l.e.journal.reserve() // a repair that made room may have used the old one
}

func (l *live) publish(p Progress) {
	if l.on == nil {
		return
	}
	p.ID, p.Ref = l.id, l.t.attempt.Ref
	l.on(p)
}

// report publishes and returns where the attempt stands.
func (l *live) report() Attempt {
	l.e.mu.Lock()
	a := l.t.attempt.clone()
	l.e.mu.Unlock()
	l.publish(Progress{State: a.State, Attempt: &a})
	return a
}

// Recover looks, once at start, for attempts that a crash or a restart cut short; it puts back what can be
// put back and reports each of them once.
func (e *Engine) Recover(ctx context.Context) ([]Attempt, error) {
	if err := e.load(); err != nil {
		return nil, err
	}
	e.changing.Lock()
	defer e.changing.Unlock()
	var reports []Attempt
	for _, t := range e.open() {
		if ctx.Err() != nil {
			return reports, ctx.Err() // the rest waits for the next start
		}
		if e.sleeps(ctx, t) {
			continue // Wake's
		}
		reports = append(reports, e.recoverOne(t))
	}
	e.purge(ctx)
	e.shorten()
	e.mu.Lock()
	e.journal.reserve()
	e.mu.Unlock()
	return reports, nil
}

// sleeps tells whether an attempt goes on outside Balise. The restart that it asked for may have come before it could
// be written down that it is waited for.
func (e *Engine) sleeps(ctx context.Context, t *track) bool {
	f, ok := e.fixer(t.attempt.ID)
	if _, wakes := f.(Waker); !ok || !wakes {
		return false
	}
	if t.attempt.State == NeedsUser && t.attempt.Pending != nil && t.attempt.Pending.Kind == Wait {
		return true
	}
	l := &live{e: e, id: t.attempt.ID, f: f, t: t}
	if t.attempt.State != Running || len(t.saved) == 0 || t.undoing {
		return false
	}
	if over, why := l.outside(ctx); !over || why != "" {
		return false
	}
	for _, s := range e.spec(l.id).Steps {
		if s.Kind == Wait {
			l.must(eventWait, s.ID, func(a *Attempt) {
				a.State, a.Pending = NeedsUser, &Step{ID: s.ID, Kind: Wait, Risk: s.Risk}
			})
			return true
		}
	}
	return false
}

func (e *Engine) recoverOne(t *track) Attempt {
	f, ok := e.fixer(t.attempt.ID)
	l := &live{e: e, id: t.attempt.ID, f: f, t: t}
	l.change(func(a *Attempt) {
		switch a.State {
		case Running, Failed:
			a.State = Failed
		case NeedsAdmin:
		default:
			a.State = NotSolved
		}
		a.Pending, a.Reason = nil, "interrupted"
	})
	if ok && e.spec(l.id).Undo.AtStart {
		l.putBack()
	}
	if !ok {
		l.change(func(a *Attempt) { a.CanUndo = false })
	}
	l.end()
	e.p.Log.Info("took up a repair that was cut short", "repair", l.id, "reason", t.attempt.Reason)
	e.mu.Lock()
	defer e.mu.Unlock()
	return t.attempt.clone()
}

// shorten rewrites the journal with one line an attempt and without the old ones.
func (e *Engine) shorten() {
	e.mu.Lock()
	defer e.mu.Unlock()
	oldest := e.p.Now().Add(-keepFor)
	var keep []*track
	var entries []entry
	for _, t := range e.tracks {
		if t.ended && t.attempt.Finished.Before(oldest) && !t.attempt.CanUndo {
			continue
		}
		keep = append(keep, t)
		event := eventWait
		if t.ended {
			event = eventEnd
		}
		entries = append(entries, entry{
			V: journalVersion, At: e.p.Now(), Event: event, Incident: t.incident,
			Saved: t.saved, Near: t.near, Attempt: t.attempt.clone(),
		})
	}
	if len(entries) == 0 && len(e.tracks) == 0 {
		return // nothing was ever repaired: no file
	}
	if err := e.journal.rewrite(entries); err != nil {
		e.p.Log.Warn("shorten the repair journal", "err", err)
		return
	}
	e.tracks = keep
}
