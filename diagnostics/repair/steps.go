package repair

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"balise/diagnostics"
)

// steps does what can be done without a further yes. said is that the user just said yes to the step at from.
func (l *live) steps(ctx context.Context, from int, said bool) {
	for i, s := range l.info.Steps[from:] {
		yes := said && i == 0
		switch {
		case s.Kind == Ask: // after the self-tests
			continue
		case s.Kind == Wait:
			if !l.awake(ctx, s) {
				return
			}
			continue
		case s.Kind == Confirm && !yes && from+i > 0 && l.spared(s):
			continue
		case s.Kind == Confirm && !yes, l.undecided(s):
			l.waitFor(s)
			return
		case s.Kind == Manual && yes && !l.last(from+i):
			continue // the user has done it
		}
		if err := l.step(ctx, s); err != nil {
			l.fail(s, err)
			return
		}
		if s.Kind == Manual && !l.last(from+i) {
			l.waitFor(s)
			return
		}
		l.choice = nil
	}
	l.verify(ctx)
}

// last tells whether nothing is done after the step at i.
func (l *live) last(i int) bool {
	return !slices.ContainsFunc(l.info.Steps[i+1:], func(s Step) bool { return s.Kind != Ask })
}

// undecided tells whether a step still needs the user's choice.
func (l *live) undecided(s Step) bool {
	return s.Choose != "" && len(s.Choices) > 0 && len(l.choice) == 0 && !allChosen(s.Choices)
}

// allChosen tells whether Balise would pick all there is: then no word of the user's on it means all.
func allChosen(choices []Choice) bool {
	return !slices.ContainsFunc(choices, func(c Choice) bool { return !c.Chosen })
}

// chosen is what the user picked for a step. Where there is one thing only, nobody was asked, and it is that.
func (l *live) chosen(s Step) []string {
	if s.Choose != "" && len(s.Choices) == 1 && len(l.choice) == 0 && allChosen(s.Choices) {
		return []string{s.Choices[0].ID}
	}
	return l.choice
}

// offered refuses a choice that the repair's first step with choices does not offer.
func offered(info Info, choice []string) error {
	for _, s := range info.Steps {
		if s.Choose != "" {
			return picked(s, choice)
		}
	}
	return picked(Step{}, choice)
}

// picked refuses a choice that a step does not offer. None at all is a question still to be asked.
func picked(s Step, choice []string) error {
	if len(choice) == 0 {
		return nil
	}
	if s.Choose == "" || s.Choose == "one" && len(choice) > 1 {
		return ErrChoice
	}
	for _, id := range choice {
		if !slices.ContainsFunc(s.Choices, func(c Choice) bool { return c.ID == id }) {
			return ErrChoice
		}
	}
	return nil
}

// awake asks whether what goes on outside is over. It is not, in the run that began it; then the attempt stays open
// until a later start of Balise finds that it is.
func (l *live) awake(ctx context.Context, s Step) bool {
	over, why := l.outside(ctx)
	if !over {
		s = show(ctx, l.f, s, l.t.saved)
		l.must(eventWait, s.ID, func(a *Attempt) { a.State, a.Pending = NeedsUser, &s })
		return false
	}
	if why != "" {
		l.fail(s, Because(why, nil))
		return false
	}
	return true
}

// outside asks a Waker.
func (l *live) outside(ctx context.Context) (over bool, why string) {
	w, ok := l.f.(Waker)
	if !ok {
		return true, ""
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	type answer struct {
		over bool
		why  string
	}
	got, err := within(ctx, func() (a answer, err error) {
		a.over, a.why = w.Awake(ctx, l.t.saved)
		return a, nil
	})
	if err != nil {
		l.e.p.Log.Warn("ask whether it is over", "repair", l.id, "err", err)
		return false, ""
	}
	return got.over, got.why
}

// step writes down what is about to be done, then does it.
func (l *live) step(ctx context.Context, s Step) error {
	ctx, cancel := context.WithTimeout(ctx, l.e.patience(l.id, s.ID))
	defer cancel()
	job := Job{
		Ref: l.t.attempt.Ref, Step: s.ID, Saved: l.t.saved, Choice: l.chosen(s), MakeRoom: l.e.makeRoom,
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
	if more := show(ctx, l.f, s, l.t.saved); more.ID != "" {
		s = more
	}
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
