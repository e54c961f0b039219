package repair

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"balise/diagnostics"
)

// sleeper is a script whose last step goes on outside.
type sleeper struct {
	*script
	over bool
	why  string
}

func (s *sleeper) Awake(context.Context, json.RawMessage) (bool, string) { return s.over, s.why }

func (s *stage) spec(change func(*Spec)) {
	spec := s.Engine.spec("test.script")
	change(&spec)
	s.shelf.specs = map[string]Spec{"test.script": spec}
}

// reopened is the same Engine as the next process has it.
func (s *stage) reopened(t *testing.T, f Fixer) *stage {
	t.Helper()
	next := newStage(t, s.script)
	next.p.Journal, next.journal.path, next.now = s.p.Journal, s.p.Journal, s.now
	next.shelf.fixers, next.shelf.specs = []Fixer{f}, s.shelf.specs
	return next
}

func TestARestartIsWaitedForOverStarts(t *testing.T) {
	steps := []StepSpec{{ID: "go", Kind: Auto, Risk: WithUndo}, {ID: "wait", Kind: Wait, Risk: NoRisk}}
	for name, c := range map[string]struct {
		why    string
		after  diagnostics.Status
		state  State
		reason string
	}{
		"helps":         {"", diagnostics.Pass, Solved, ""},
		"helps not":     {"", diagnostics.Fail, NotSolved, "still_failing"},
		"did not begin": {"not_restarted", diagnostics.Fail, Failed, "not_restarted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, &script{steps: steps})
			f := &sleeper{script: s.script}
			s.shelf.fixers = []Fixer{f}
			a, err := s.try(t)
			must(t, err)
			if a.State != NeedsUser || !a.waitsFor(Wait) {
				t.Fatalf("%+v", a)
			}
			next := s.reopened(t, f)
			for range 2 { // a start before the restart changes nothing and says nothing
				cut, err := next.Recover(t.Context())
				must(t, err)
				woken, err := next.Wake(t.Context())
				if err != nil || len(cut)+len(woken) != 0 {
					t.Fatalf("%v: %v %v", err, cut, woken)
				}
			}
			f.over, f.why = true, c.why
			last := next.reopened(t, f)
			last.after = []diagnostics.Status{c.after}
			if cut, err := last.Recover(t.Context()); err != nil || len(cut) != 0 {
				t.Fatalf("%v: %v", err, cut)
			}
			woken, err := last.Wake(t.Context())
			must(t, err)
			if len(woken) != 1 || woken[0].State != c.state || woken[0].Reason != c.reason {
				t.Fatalf("%+v", woken)
			}
			if again, err := last.Wake(t.Context()); err != nil || len(again) != 0 {
				t.Errorf("told twice: %v %v", again, err)
			}
		})
	}
}

// The computer restarts before Balise can write down that it waits for it.
func TestARestartThatCameTooSoon(t *testing.T) {
	s := newStage(t, &script{steps: []StepSpec{{ID: "go", Kind: Auto, Risk: WithUndo}, {ID: "wait", Kind: Wait}}})
	f := &sleeper{script: s.script}
	s.shelf.fixers = []Fixer{f}
	lines := 0
	s.p.Noted = func() {
		if lines++; lines == 2 {
			panic(Died{})
		}
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.try(t)
	}()
	f.over = true
	next := s.reopened(t, f)
	cut, err := next.Recover(t.Context())
	must(t, err)
	woken, err := next.Wake(t.Context())
	if err != nil || len(cut) != 0 || len(woken) != 1 || woken[0].State != Solved {
		t.Errorf("%v, cut %+v, woken %+v", err, cut, woken)
	}
}

func TestTheUserIsAskedWhereNoTestCanTell(t *testing.T) {
	for name, c := range map[string]struct {
		after  diagnostics.Status
		alone  bool
		says   string
		state  State
		reason string
		asked  bool
	}{
		"yes":                                    {diagnostics.Pass, false, "yes", Solved, "", true},
		"no":                                     {diagnostics.Pass, false, "no", NotSolved, "user_says_no", true},
		"nothing to be seen":                     {diagnostics.NA, false, "yes", Solved, "", true},
		"the test still fails, whatever he says": {diagnostics.Fail, false, "", NotSolved, "still_failing", false},
		"the test only sees the past":            {diagnostics.Fail, true, "yes", Solved, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, &script{steps: auto(), undo: UndoSpec{Unsolved: true}})
			s.spec(func(s *Spec) { s.AsksUser, s.WordAlone = true, c.alone })
			s.after = []diagnostics.Status{c.after}
			a, err := s.try(t)
			must(t, err)
			if asked := a.State == NeedsUser && a.waitsFor(Ask); asked != c.asked {
				t.Fatalf("asked %v: %+v", asked, a)
			}
			if c.asked {
				if _, err := s.Continue(t.Context(), a.Ref, true, nil); !errors.Is(err, ErrNotPending) {
					t.Errorf("a yes to go on is no yes to the question: %v", err)
				}
				a, err = s.UserSays(a.Ref, c.says)
				must(t, err)
			}
			if a.State != c.state || a.Reason != c.reason || a.Finished.IsZero() {
				t.Errorf("%+v", a)
			}
			if undone := slices.Contains(s.script.log, "undo"); undone != (c.state == NotSolved) {
				t.Errorf("undone %v", undone)
			}
		})
	}
}

// chooser offers two things.
type chooser struct {
	*script
	got []string
}

func (c *chooser) Look(context.Context, []diagnostics.Result) Look {
	return Look{Steps: map[string]StepLook{"go": {Choices: []Choice{{ID: "a"}, {ID: "b", Chosen: true}}}}}
}

func (c *chooser) Run(ctx context.Context, job Job) ([]diagnostics.Fact, error) {
	c.got = job.Choice
	return c.script.Run(ctx, job)
}

func TestChoices(t *testing.T) {
	for _, kind := range []StepKind{Auto, Confirm} {
		s := newStage(t, &script{steps: []StepSpec{{ID: "go", Kind: kind, Risk: WithUndo, Choose: "one"}}})
		f := &chooser{script: s.script}
		s.shelf.fixers = []Fixer{f}
		run := func(choice ...string) (Attempt, error) {
			return s.Run(t.Context(), Request{ID: "test.script", Consent: true, Before: failing, Choice: choice}, nil)
		}
		for _, bad := range [][]string{{"c"}, {"a", "b"}, {"a", "c"}} {
			if _, err := run(bad...); !errors.Is(err, ErrChoice) {
				t.Errorf("%v: %v", bad, err)
			}
		}
		a, err := run()
		must(t, err)
		if a.State != NeedsUser || a.Pending == nil || len(a.Pending.Choices) != 2 || len(s.script.log) != 0 {
			t.Fatalf("%+v, done %v", a, s.script.log)
		}
		if _, err := s.Choose(t.Context(), a.Ref, []string{"c"}, true, nil); !errors.Is(err, ErrChoice) {
			t.Errorf("a choice that is not offered: %v", err)
		}
		a, err = s.Choose(t.Context(), a.Ref, []string{"b"}, true, nil)
		if err != nil || a.State != Solved || !slices.Equal(f.got, []string{"b"}) {
			t.Errorf("%v, got %v: %+v", err, f.got, a)
		}
	}
}

func TestPreconditions(t *testing.T) {
	for name, c := range map[string]struct {
		pre  Pre
		now  Situation
		more []diagnostics.Result
		want string
	}{
		"in a call":            {Pre{NotInCall: true}, Situation{InCall: Yes}, nil, "in_call"},
		"who knows":            {Pre{NotInCall: true, OnMains: true}, Situation{}, nil, ""},
		"in no call":           {Pre{NotInCall: true}, Situation{InCall: No}, nil, ""},
		"on battery":           {Pre{OnMains: true}, Situation{OnMains: No}, nil, "on_battery"},
		"battery is no matter": {Pre{}, Situation{OnMains: No, InCall: Yes}, nil, ""},
		"what it needs fails": {
			Pre{Passes: []string{"test.base"}},
			Situation{},
			[]diagnostics.Result{{ID: "test.base", Status: diagnostics.Fail}},
			"first_another",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, &script{steps: auto()})
			s.spec(func(s *Spec) { s.Pre = c.pre })
			s.p.Situation = func(context.Context) Situation { return c.now }
			before := append(slices.Clone(failing), c.more...)
			if info := s.List(t.Context(), before)[0]; info.Why != c.want || info.Available != (c.want == "") {
				t.Errorf("listed as %+v", info)
			}
			_, err := s.Run(t.Context(), Request{ID: "test.script", Consent: true, Before: before}, nil)
			var pre *PreconditionError
			if got := errors.As(err, &pre); got != (c.want != "") || got && pre.Reason != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestWhatIsWorseIsPutBack(t *testing.T) {
	for _, now := range []diagnostics.Status{diagnostics.Pass, diagnostics.Fail} {
		s := newStage(t, &script{steps: auto()}) // no undo by itself where it only does not help
		s.p.Dependents = func([]string) []string { return []string{"test.near"} }
		s.p.Verify = func(_ context.Context, ids []string) (all []diagnostics.Result, _ error) {
			for _, id := range ids {
				status := diagnostics.Fail
				if id == "test.near" {
					status = now
				}
				all = append(all, diagnostics.Result{ID: id, Status: status})
			}
			return all, nil
		}
		before := append(slices.Clone(failing), diagnostics.Result{ID: "test.near", Status: diagnostics.Pass})
		a, err := s.Run(t.Context(), Request{ID: "test.script", Consent: true, Before: before}, nil)
		must(t, err)
		worse := now == diagnostics.Fail
		if (a.Reason == "worse") != worse || slices.Contains(s.script.log, "undo") != worse || a.State != NotSolved {
			t.Errorf("near %s: %+v, done %v", now, a, s.script.log)
		}
	}
}

// stuck does not keep to its ctx.
type stuck struct {
	*script
	free chan struct{}
}

func (s *stuck) Run(context.Context, Job) ([]diagnostics.Fact, error) { <-s.free; return nil, nil }

func TestAStepThatHangsIsLeft(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	f := &stuck{s.script, make(chan struct{})}
	defer close(f.free)
	s.shelf.fixers, s.p.StepFor = []Fixer{f}, 10*time.Millisecond
	a, err := s.try(t)
	must(t, err)
	if a.State != Failed || a.Reason != "hung" || a.CanUndo || !slices.Contains(s.script.log, "undo") {
		t.Errorf("%+v, done %v", a, s.script.log)
	}
}

// broken panics.
type broken struct{ *script }

func (broken) Run(context.Context, Job) ([]diagnostics.Fact, error) { panic("a defect") }

func TestADefectEndsAsAFailure(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	s.shelf.fixers = []Fixer{broken{s.script}}
	a, err := s.try(t)
	must(t, err)
	if a.State != Failed || a.Reason != "error" || !slices.Contains(s.script.log, "undo") {
		t.Errorf("%+v", a)
	}
}

func TestAManualStepInTheMiddle(t *testing.T) {
	s := newStage(t, &script{steps: []StepSpec{{ID: "close", Kind: Manual, Risk: NoRisk}, {ID: "go", Kind: Auto, Risk: WithUndo}}})
	a, err := s.try(t)
	must(t, err)
	if a.State != NeedsUser || a.Pending.ID != "close" {
		t.Fatalf("%+v", a)
	}
	a, err = s.Continue(t.Context(), a.Ref, true, nil)
	if err != nil || a.State != Solved {
		t.Errorf("%v %+v", err, a)
	}
	if want := []string{"prepare close", "run close", "prepare go", "run go"}; !slices.Equal(s.script.log, want) {
		t.Errorf("done %v", s.script.log)
	}
}

// The disk fills, or the journal's folder goes, between the yes and the step: what cannot be written down is not done.
func TestAJournalThatBreaksInTheMiddle(t *testing.T) {
	for at, want := range map[int]struct {
		log    []string
		reason string
	}{
		1: {[]string{"prepare go", "undo"}, "journal"},         // before the step: it is not done
		2: {[]string{"prepare go", "run go", "undo"}, "error"}, // after it: what is not on the disk is put back
	} {
		s := newStage(t, &script{steps: auto()})
		lines := 0
		s.p.Noted = func() {
			if lines++; lines == at {
				s.journal.close()
				s.journal.path = filepath.Join(t.TempDir(), "gone", "j")
			}
		}
		a, err := s.try(t)
		must(t, err)
		if a.State != Failed || a.Reason != want.reason || !slices.Equal(s.script.log, want.log) {
			t.Errorf("line %d: %s (%s), done %v", at, a.State, a.Reason, s.script.log)
		}
	}
}

// Two windows: one runs the repair, the other is told so and sees how it ends.
func TestTwoWindows(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	f := &stuck{s.script, make(chan struct{})}
	s.shelf.fixers = []Fixer{f}
	begun, done := make(chan struct{}), make(chan Attempt, 1)
	go func() {
		a, _ := s.Run(context.Background(), Request{ID: "test.script", Consent: true, Before: failing},
			func(p Progress) {
				if p.Step == "go" && p.State == Running {
					close(begun)
				}
			})
		done <- a
	}()
	<-begun
	if _, err := s.try(t); !errors.Is(err, ErrBusy) {
		t.Errorf("the second window: %v", err)
	}
	past, err := s.History()
	if err != nil || len(past) != 1 || past[0].Attempt.State != Running {
		t.Errorf("what the second window sees: %v %+v", err, past)
	}
	close(f.free)
	if a := <-done; a.State != Solved {
		t.Errorf("%+v", a)
	}
}
