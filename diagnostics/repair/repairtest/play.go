package repairtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"balise/diagnostics/repair"
)

func same(t *testing.T, what, before, after string) {
	t.Helper()
	if before != after {
		t.Errorf("%s: the state is not as before\nbefore: %s\nafter:  %s", what, before, after)
	}
}

// tell describes an attempt for a failing test.
func tell(a repair.Attempt) string {
	s := string(a.State) + " (" + a.Reason + ")"
	if a.Pending != nil {
		s += " waits for " + a.Pending.ID
	}
	for _, st := range a.Steps {
		s += "\n  " + st.Step + " " + st.State + " " + st.Error
	}
	for _, r := range a.After {
		s += "\n  " + r.ID + " " + string(r.Status) + " " + string(r.Cause) + " " + r.Detail
	}
	return s
}

func solved(t *testing.T, c Case, spec repair.Spec) {
	b := newBench(t, c, spec, c.New(t), options{long: true})
	_, a := b.through("yes")
	if a.State != repair.Solved {
		t.Fatalf("it ended as %s", tell(a))
	}
	bad := len(a.After) == 0 || slices.ContainsFunc(a.After, func(r resultOf) bool { return r.Status.Bad() })
	if spec.WordAlone { // the self-test only sees the past
		bad = a.UserSays != "yes"
	}
	if bad {
		t.Errorf("solved without a proof: %s", tell(a))
	}
}

// healed is a world in which the repair has done its work.
func healed(t *testing.T, c Case, spec repair.Spec) World {
	t.Helper()
	if c.Well != nil {
		return c.Well(t)
	}
	b := newBench(t, c, spec, c.New(t), options{long: true})
	b, a := b.through("yes")
	if a.State != repair.Solved {
		t.Fatalf("the repair did not work: %s", tell(a))
	}
	return b.world.Reopen()
}

// idle runs a repair where nothing is to be done.
func idle(t *testing.T, c Case, spec repair.Spec, w World) {
	t.Helper()
	b := newBench(t, c, spec, w, options{})
	before := w.State()
	_, err := b.begin()
	var pre *repair.PreconditionError
	if !errors.As(err, &pre) {
		t.Errorf("it ran where nothing is wrong: %v", err)
	}
	same(t, "well", before, w.State())
	if b.lines() != 0 {
		t.Errorf("%d lines in the journal for nothing", b.lines())
	}
}

func well(t *testing.T, c Case, spec repair.Spec) { idle(t, c, spec, healed(t, c, spec)) }

// again runs what has just helped a second time: with the results of before, as an old window would, and with the
// step repeated, as the start after a crash would.
func again(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	b := newBench(t, c, spec, w, options{long: true})
	b, a := b.through("yes")
	if a.State != repair.Solved {
		t.Fatalf("the repair did not work: %s", tell(a))
	}
	before := b.world.State()
	_, err := b.begin()
	var pre *repair.PreconditionError
	var cool *repair.CooldownError
	if !errors.As(err, &pre) && !errors.As(err, &cool) {
		t.Errorf("a second run was not refused: %v", err)
	}
	same(t, "a second run", before, b.world.State())
}

// declined says no before the first step, and then to each step that asks.
func declined(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	b := newBench(t, c, spec, w, options{})
	before := w.State()
	b.List(t.Context(), b.failing())
	same(t, "looked at", before, w.State())
	_, err := b.Run(t.Context(), repair.Request{ID: c.ID, Incident: "I", Before: b.failing()}, nil)
	if !errors.Is(err, repair.ErrConsent) {
		t.Errorf("without a yes: %v", err)
	}
	same(t, "without a yes", before, w.State())
	if pending(spec) == 0 {
		return
	}
	w.Worsen() // a manual step would otherwise be done at once
	before = w.State()
	a, err := b.begin()
	if err != nil {
		t.Fatal(err)
	}
	if a.State != repair.NeedsUser {
		return // it ended by itself, which "worse" judges
	}
	if a, err = b.Cancel(t.Context(), a.Ref); err != nil || a.State != repair.NotSolved || a.Reason != "declined" {
		t.Errorf("a no in the middle: %v, %s", err, tell(a))
	}
	same(t, "a no in the middle", before, w.State())
}

// pending counts the steps that wait for the user.
func pending(spec repair.Spec) (n int) {
	for _, s := range spec.Steps {
		if s.Kind != repair.Auto {
			n++
		}
	}
	return n
}

// worse runs a repair that does not help.
func worse(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	w.Worsen()
	before := w.State()
	b := newBench(t, c, spec, w, options{})
	b, a := b.through("no")
	if a.State != repair.NotSolved && a.State != repair.Failed {
		t.Fatalf("it ended as %s", tell(a))
	}
	if a.CanUndo { // offered, not done by itself: the user asks for it
		var err error
		if a, err = b.Undo(t.Context(), a.Ref, true, nil); err != nil || a.CanUndo {
			t.Fatalf("put back: %v, %s", err, tell(a))
		}
	}
	same(t, "undone", before, b.world.State())
}

// takeBack undoes a repair that helped.
func takeBack(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	before := w.State()
	b := newBench(t, c, spec, w, options{long: true})
	b, a := b.through("yes")
	if a.State != repair.Solved {
		t.Fatalf("the repair did not work: %s", tell(a))
	}
	if !a.CanUndo {
		t.Fatal("it cannot be put back; if that is right, say so in Case.Without")
	}
	a, err := b.Undo(t.Context(), a.Ref, true, nil)
	if err != nil || a.State != repair.Undone {
		t.Fatalf("put back: %v, %s", err, tell(a))
	}
	same(t, "taken back", before, b.world.State())
}

func refused(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	w.Refuse()
	before := w.State()
	b := newBench(t, c, spec, w, options{})
	a, err := b.play("no")
	var pre *repair.PreconditionError
	switch {
	case errors.As(err, &pre) && pre.Reason == "not_allowed": // it was seen beforehand
	case err != nil:
		t.Fatal(err)
	case a.State != repair.NeedsAdmin:
		t.Errorf("it ended as %s, want needs_admin", tell(a))
	}
	same(t, "refused", before, w.State())
}

// bounded fails where f does not come back: the bound is far above what a busy machine needs.
func bounded(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s: no end within a minute", what)
	}
}

func gone(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	l, ok := w.(Leaver)
	if !ok {
		t.Fatal("the world is no Leaver; if nothing can be away, say so in Case.Without")
	}
	silent(t, c, spec, w, l.Leave)
}

func hung(t *testing.T, c Case, spec repair.Spec) {
	w := c.New(t)
	h, ok := w.(Hanger)
	if !ok {
		t.Fatal("the world is no Hanger; if nothing can hang, say so in Case.Without")
	}
	silent(t, c, spec, w, h.Hang)
}

// silent runs a repair whose service goes away or hangs. The user looked before that, so that it is really begun.
func silent(t *testing.T, c Case, spec repair.Spec, w World, stop func()) {
	t.Helper()
	b := newBench(t, c, spec, w, options{short: true})
	before, state := b.failing(), w.State()
	var choice []string
	for _, info := range b.List(t.Context(), before) {
		if len(info.Steps) > 0 {
			choice = b.choice(info.Steps[0])
		}
	}
	stop()
	var a repair.Attempt
	var err error
	bounded(t, "run", func() {
		a, err = b.Run(t.Context(), repair.Request{
			ID: c.ID, Incident: "I", Consent: true, Before: before, Choice: choice,
		}, nil)
		if err == nil && a.State == repair.NeedsUser {
			a, err = b.Cancel(t.Context(), a.Ref)
		}
	})
	if err == nil && a.State == repair.Solved {
		t.Errorf("solved without its service: %s", tell(a))
	}
	var pre *repair.PreconditionError
	if err != nil && !errors.As(err, &pre) {
		t.Errorf("run: %v", err)
	}
	if err == nil && a.CanUndo { // told, and to be put back once the service answers again
		next := newBench(t, c, spec, w.Reopen(), options{journal: b.journal})
		bounded(t, "put back", func() { a, err = next.Undo(t.Context(), a.Ref, true, nil) })
		if err != nil || a.CanUndo {
			t.Errorf("put back later: %v, %s", err, tell(a))
		}
		w = next.world
	}
	same(t, "afterwards", state, w.State())
}
