package repair

import (
	"context"
	"slices"
	"time"

	"balise/diagnostics"
)

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
		case allPass(results, l.t.attempt.Before, l.info.Verifies, l.e.spec(l.id).NotUsedProves):
			l.passed()
			return
		}
		if !l.e.p.Now().Before(deadline) {
			l.unsolved(ctx, results, err)
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

// passed ends an attempt whose self-tests turned, or asks the user where they do not prove enough.
func (l *live) passed() {
	if s, ok := l.question(); ok {
		l.change(func(a *Attempt) { a.Reason = "" })
		l.waitFor(s)
		return
	}
	l.change(func(a *Attempt) { a.State, a.Reason = Solved, "" })
	l.end()
}

// question is the step in which the user says whether it helped.
func (l *live) question() (Step, bool) {
	i := slices.IndexFunc(l.info.Steps, func(s Step) bool { return s.Kind == Ask })
	switch {
	case i >= 0:
		return l.info.Steps[i], true
	case l.e.spec(l.id).AsksUser:
		return Step{ID: "ask", Kind: Ask, Risk: NoRisk}, true
	}
	return Step{}, false
}

// unsolved ends an attempt that did not turn the test.
func (l *live) unsolved(ctx context.Context, results []diagnostics.Result, err error) {
	spec := l.e.spec(l.id)
	blind := err == nil && !slices.ContainsFunc(results, func(r diagnostics.Result) bool { return r.Status.Observed() })
	_, asks := l.question()
	if asks && (blind || spec.WordAlone) {
		l.passed() // no test can tell: the user can
		return
	}
	reason := "still_failing"
	switch {
	case err != nil:
		reason = "verify_failed"
	case blind:
		reason = "not_observed"
	case improved(l.t.attempt.Before, results):
		reason = "improved"
	}
	if l.worse(ctx, results) {
		reason = "worse"
	} else if s, ok := l.manual(); ok {
		l.change(func(a *Attempt) { a.Reason = "waiting" })
		l.waitFor(s)
		return
	}
	l.change(func(a *Attempt) { a.State, a.Reason = NotSolved, reason })
	if reason == "worse" || spec.Undo.Unsolved && reason == "still_failing" {
		l.putBack()
	}
	l.end()
}

// near are self-tests that passed before and that a repair could spoil: those that it needs, and those that rest
// on what it verifies.
func (e *Engine) near(info Info, before []diagnostics.Result) []string {
	ids := slices.Clone(e.spec(info.ID).Pre.Passes)
	if e.p.Dependents != nil {
		ids = append(ids, e.p.Dependents(info.Verifies)...)
	}
	var near []string
	for _, r := range pick(before, ids) {
		if r.Status == diagnostics.Pass && !slices.Contains(info.Verifies, r.ID) {
			near = append(near, r.ID)
		}
	}
	slices.Sort(near)
	return slices.Compact(near)
}

// worse tells whether something is bad now that was well before, or worse than it was.
func (l *live) worse(ctx context.Context, after []diagnostics.Result) bool {
	for _, b := range l.t.attempt.Before {
		for _, a := range after {
			falls := b.Status == diagnostics.Pass && a.Status.Bad() ||
				b.Status == diagnostics.Warn && a.Status == diagnostics.Fail
			if a.ID == b.ID && falls {
				return true
			}
		}
	}
	if len(l.t.near) == 0 {
		return false
	}
	results, err := l.e.p.Verify(ctx, l.t.near)
	if err != nil {
		l.e.p.Log.Warn("test what lies near a repair", "repair", l.id, "err", err)
		return false
	}
	results = slices.DeleteFunc(pick(results, l.t.near), func(r diagnostics.Result) bool { return !r.Status.Bad() })
	l.change(func(a *Attempt) { a.After = append(a.After, results...) })
	return len(results) > 0
}

// settle is how a repair's self-tests are looked at afterwards; tests of the Engine look sooner.
func (e *Engine) settle(id string) Settle {
	s := e.spec(id).Settle
	if e.p.PollEvery > 0 && s.Every > e.p.PollEvery {
		s.Every = e.p.PollEvery
	}
	if e.p.PollFor > 0 && s.Within > e.p.PollFor {
		s.Within = e.p.PollFor
	}
	return s
}

// allPass tells whether the self-tests prove it. What did not apply before the repair need not apply afterwards;
// notUsed is Spec.NotUsedProves.
func allPass(results, before []diagnostics.Result, ids []string, notUsed bool) bool {
	proof := false
	for _, r := range results {
		idle := slices.ContainsFunc(before, func(b diagnostics.Result) bool {
			return b.ID == r.ID && b.Status == diagnostics.NA
		})
		switch {
		case r.Status == diagnostics.Pass, r.Status == diagnostics.NA && notUsed:
			proof = true
		case r.Status == diagnostics.NA && idle:
		default:
			return false
		}
	}
	return proof && len(results) >= len(ids)
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
