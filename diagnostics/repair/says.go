package repair

import (
	"context"
	"fmt"
	"slices"
)

// UserSays keeps the user's own word on whether an attempt helped: "yes" or "no". Where the attempt waits for that
// word, it ends: a yes solves it, because no self-test spoke against it, and a no puts back what can be.
func (e *Engine) UserSays(ref, says string) (Attempt, error) {
	if says != "yes" && says != "no" {
		return Attempt{}, fmt.Errorf("the user says %q: want yes or no", says)
	}
	l, unlock, err := e.reopen(ref, nil)
	if err != nil {
		return Attempt{}, err
	}
	defer unlock()
	a, ended := l.now()
	switch {
	case ended:
		l.must(eventSays, "", func(a *Attempt) { a.UserSays = says })
	case a.State == NeedsUser && a.waitsFor(Ask):
		l.answered(says)
	default:
		return Attempt{}, ErrNotPending
	}
	a, _ = e.Attempt(ref)
	return a, nil
}

// answered ends an attempt by the user's word.
func (l *live) answered(says string) {
	l.must(eventSaid, "", func(a *Attempt) {
		a.UserSays, a.Pending = says, nil
		a.State, a.Reason = Solved, ""
		if says == "no" {
			a.State, a.Reason = NotSolved, "user_says_no"
		}
	})
	if says == "no" && l.e.spec(l.id).Undo.Unsolved {
		l.putBack()
	}
	l.end()
}

// Wake takes up what went on outside Balise (a restart of the computer) and is over now: the self-tests say what came
// of it. It is to be called once at start, after Recover, and takes as long as they do. What is not over stays open.
func (e *Engine) Wake(ctx context.Context) ([]Attempt, error) {
	if err := e.load(); err != nil {
		return nil, err
	}
	waits := func(t *track) bool { return t.attempt.State == NeedsUser && t.attempt.waitsFor(Wait) }
	if !slices.ContainsFunc(e.open(), waits) {
		return nil, nil // and nobody is kept from repairing meanwhile
	}
	e.changing.Lock()
	defer e.changing.Unlock()
	var reports []Attempt
	for _, t := range e.open() {
		a := t.attempt
		f, ok := e.fixer(a.ID)
		if !ok || !waits(t) {
			continue
		}
		l := &live{e: e, id: a.ID, f: f, t: t}
		slow, cancel := context.WithTimeout(ctx, describeTimeout)
		l.info = e.describe(slow, f, a.Before, Situation{})
		cancel()
		if over, why := l.outside(ctx); !over {
			continue
		} else if why != "" {
			l.fail(*a.Pending, Because(why, nil))
			reports = append(reports, l.report())
			continue
		}
		l.info.Verifies = verified(a, l.info)
		reports = append(reports, e.proveIn(ctx, l))
	}
	return reports, nil
}

// verified are the self-tests of which an attempt said that they were bad: what the machine would look like to the
// repair now plays no part.
func verified(a Attempt, info Info) (ids []string) {
	for _, r := range a.Before {
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 {
		return info.Verifies
	}
	return ids
}

// proveIn verifies under a context that Cancel can end.
func (e *Engine) proveIn(ctx context.Context, l *live) Attempt {
	ctx, cancel := context.WithCancel(ctx)
	l.act = &active{ref: l.t.attempt.Ref, cancel: cancel, done: make(chan struct{})}
	e.watch(l.act)
	defer func() {
		e.watch(nil)
		cancel()
		close(l.act.done)
	}()
	l.verify(ctx)
	return l.report()
}

// waitsFor tells whether a step of this kind is pending.
func (a Attempt) waitsFor(k StepKind) bool { return a.Pending != nil && a.Pending.Kind == k }

// open are the attempts that have not ended.
func (e *Engine) open() (list []*track) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range e.tracks {
		if !t.ended {
			list = append(list, t)
		}
	}
	return list
}
