package repairtest

import (
	"fmt"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

type resultOf = diagnostics.Result

// crashed ends the process after each line of the journal, before and after each step and undo, and, where the
// world can, within them; then it starts anew.
func crashed(t *testing.T, c Case, spec repair.Spec) {
	points := 0
	for _, helps := range []bool{true, false} {
		for n := 1; n < 100; n++ {
			if !crashAt(t, c, spec, helps, fmt.Sprintf("line %d", n), options{dieAt: n}) {
				break
			}
			points++
		}
		for _, at := range cuts(spec) {
			if crashAt(t, c, spec, helps, fmt.Sprintf("%s %s after=%v", at.call, at.step, at.after), options{cut: at}) {
				points++
			}
		}
		points += crashWithin(t, c, spec, helps)
	}
	if points < 2 {
		t.Errorf("only %d points to crash at", points)
	}
	t.Logf("crashed at %d points", points)
}

func cuts(spec repair.Spec) (all []cut) {
	for _, after := range []bool{false, true} {
		for _, s := range spec.Steps {
			all = append(all, cut{call: "run", step: s.ID, after: after})
		}
		all = append(all, cut{call: "undo", after: after})
	}
	return all
}

// crashWithin ends the process at the inner points of steps and undos.
func crashWithin(t *testing.T, c Case, spec repair.Spec, helps bool) (points int) {
	t.Helper()
	if _, ok := c.New(t).(Breaker); !ok {
		return 0
	}
	inner := []cut{{call: "undo"}}
	for _, s := range spec.Steps {
		inner = append(inner, cut{call: "run", step: s.ID})
	}
	for _, at := range inner {
		for at.inner = 1; at.inner < 100; at.inner++ {
			what := fmt.Sprintf("%s %s point %d", at.call, at.step, at.inner)
			if !crashAt(t, c, spec, helps, what, options{cut: at}) {
				break
			}
			points++
		}
	}
	return points
}

// crashAt plays until the process ends and says whether it did.
func crashAt(t *testing.T, c Case, spec repair.Spec, helps bool, what string, o options) bool {
	t.Helper()
	w := c.New(t)
	says := "yes"
	if !helps {
		w.Worsen()
		says = "no"
	}
	before := w.State()
	o.long = helps
	b := newBench(t, c, spec, w, o)
	if !dies(func() { _, _ = b.play(says) }) {
		return false
	}
	next := newBench(t, c, spec, w.Reopen(), options{journal: b.journal})
	reports, err := next.start()
	if err != nil {
		t.Fatalf("%s: the next start: %v", what, err)
	}
	later := newBench(t, c, spec, next.world.Reopen(), options{journal: b.journal})
	if twice, err := later.start(); err != nil || len(ended(twice)) > 0 {
		t.Errorf("%s: told twice, or %v", what, err)
	}
	told(t, spec, what, before, later, reports)
	return true
}

func dies(f func()) (died bool) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case repair.Died:
			died = true
		default:
			panic(p)
		}
	}()
	f()
	return false
}

// ended leaves out what goes on waiting, outside or for the user.
func ended(all []repair.Attempt) (over []repair.Attempt) {
	for _, a := range all {
		if a.State != repair.NeedsUser {
			over = append(over, a)
		}
	}
	return over
}

// told judges the computer after the start that followed a crash: everything is as before, or the attempt says
// what is not, and can put it back unless its catalogue says that it has no undo.
func told(t *testing.T, spec repair.Spec, what, before string, b *bench, reports []repair.Attempt) {
	t.Helper()
	state := b.world.State()
	list, err := b.History()
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %d attempts are remembered, %v", what, len(list), err)
	}
	a := list[0].Attempt
	if a.State == repair.Running || a.State == repair.Verifying || a.State == repair.Confirmed {
		t.Errorf("%s: half a state is left: %s", what, tell(a))
	}
	if len(reports) > 1 {
		t.Errorf("%s: %d reports of one attempt", what, len(reports))
	}
	if state == before {
		return
	}
	switch {
	case a.State == repair.Solved, a.State == repair.NeedsUser:
	case len(reports) == 0 && !a.Finished.IsZero(): // it had ended: its end was told then
	case len(reports) == 0:
		t.Errorf("%s: changed, and nothing is said: %s", what, tell(a))
	}
	if !a.CanUndo {
		if spec.Risk == repair.WithUndo && a.State != repair.Solved {
			t.Errorf("%s: changed, and it cannot be put back: %s\nbefore: %s\nafter:  %s", what, tell(a), before, state)
		}
		return
	}
	if a.State == repair.NeedsUser {
		if _, err := b.Cancel(t.Context(), a.Ref); err != nil {
			t.Errorf("%s: a no afterwards: %v", what, err)
		}
	} else if _, err := b.Undo(t.Context(), a.Ref, true, nil); err != nil {
		t.Errorf("%s: put back afterwards: %v", what, err)
	}
	same(t, what+", put back afterwards", before, b.world.State())
}
