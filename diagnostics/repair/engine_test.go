package repair

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
)

// script is a repair whose behaviour a test decides.
type script struct {
	steps  []StepSpec
	settle Settle
	undo   UndoSpec
	cool   time.Duration
	runErr error
	left   int
	log    []string
}

func (s *script) ID() string { return "test.script" }

func (s *script) Look(context.Context, []diagnostics.Result) Look { return Look{} }

func (s *script) Prepare(_ context.Context, job Job) (json.RawMessage, error) {
	s.log = append(s.log, "prepare "+job.Step)
	return json.RawMessage(`{"x":1}`), nil
}

func (s *script) Run(_ context.Context, job Job) ([]diagnostics.Fact, error) {
	s.log = append(s.log, "run "+job.Step)
	return nil, s.runErr
}

func (s *script) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	s.log = append(s.log, "undo")
	return nil, s.left, nil
}

// stage is an Engine with only that repair, a clock and self-tests of its own.
type stage struct {
	*Engine
	script *script
	now    time.Time
	mu     sync.Mutex
	after  []diagnostics.Status // what each test says, the last one for ever
	err    error
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStage(t *testing.T, s *script) *stage {
	t.Helper()
	st := &stage{script: s, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), after: []diagnostics.Status{"pass"}}
	st.Engine = New(Params{
		Journal: filepath.Join(t.TempDir(), "repairs.jsonl"),
		Now:     func() time.Time { return st.now },
		Fixers:  []Fixer{s},
		Specs: map[string]Spec{"test.script": {
			ID: "test.script", Verify: []string{"test.one"}, Steps: s.steps, Settle: s.settle, Undo: s.undo, Cooldown: s.cool,
		}},
		Verify: func(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
			st.mu.Lock()
			defer st.mu.Unlock()
			status := st.after[0]
			if len(st.after) > 1 {
				st.after = st.after[1:]
			}
			return []diagnostics.Result{{ID: ids[0], Status: status}}, st.err
		},
	})
	return st
}

var failing = []diagnostics.Result{{ID: "test.one", Status: diagnostics.Fail}}

func auto() []StepSpec { return []StepSpec{{ID: "go", Kind: Auto, Risk: WithUndo}} }

func (s *stage) try(t *testing.T) (Attempt, error) {
	t.Helper()
	return s.Run(t.Context(), Request{ID: "test.script", Incident: "I", Consent: true, Before: failing}, nil)
}

func TestNothingWithoutConsent(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	_, err := s.Run(t.Context(), Request{ID: "test.script", Before: failing}, nil)
	if !errors.Is(err, ErrConsent) {
		t.Errorf("err %v", err)
	}
	if _, err := s.Undo(t.Context(), "R1", false, nil); !errors.Is(err, ErrConsent) {
		t.Errorf("undo: %v", err)
	}
	if _, err := s.Continue(t.Context(), "R1", false, nil); !errors.Is(err, ErrConsent) {
		t.Errorf("continue: %v", err)
	}
	if len(s.script.log) != 0 {
		t.Errorf("done without a yes: %v", s.script.log)
	}
	if _, err := os.Stat(s.p.Journal); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a refusal left a journal")
	}
}

func TestOnlyTheSelfTestSolves(t *testing.T) {
	for _, c := range []struct {
		name   string
		after  []diagnostics.Status
		err    error
		want   State
		reason string
		undone bool
	}{
		{"passes", []diagnostics.Status{"pass"}, nil, Solved, "", false},
		{"still fails", []diagnostics.Status{"fail"}, nil, NotSolved, "still_failing", true},
		{"a warn is not a pass", []diagnostics.Status{"warn"}, nil, NotSolved, "improved", false},
		{"cannot tell", []diagnostics.Status{"unknown"}, nil, NotSolved, "not_observed", false},
		{"no such thing", []diagnostics.Status{"na"}, nil, NotSolved, "not_observed", false},
		{"cannot test", []diagnostics.Status{"pass"}, errors.New("child died"), NotSolved, "verify_failed", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, &script{steps: auto(), undo: UndoSpec{Unsolved: true}})
			s.after, s.err = c.after, c.err
			a, err := s.try(t)
			must(t, err)
			if a.State != c.want || a.Reason != c.reason {
				t.Errorf("%s (%s), want %s (%s)", a.State, a.Reason, c.want, c.reason)
			}
			if undone := slices.Contains(s.script.log, "undo"); undone != c.undone {
				t.Errorf("undone %v, want %v", undone, c.undone)
			}
			if len(a.Before) != 1 || a.Finished.IsZero() || len(a.Steps) < 2 {
				t.Errorf("record %+v", a)
			}
		})
	}
}

func TestTestsUntilItSettles(t *testing.T) {
	s := newStage(t, &script{steps: auto(), settle: Settle{Every: time.Millisecond, Within: time.Hour}})
	s.after = []diagnostics.Status{"fail", "unknown", "pass"}
	a, err := s.try(t)
	must(t, err)
	if a.State != Solved {
		t.Errorf("%+v", a)
	}
}

func TestNotNeeded(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	var pre *PreconditionError
	_, err := s.Run(t.Context(), Request{ID: "test.script", Consent: true}, nil) // it tests first: all is well
	if !errors.As(err, &pre) || pre.Reason != "not_needed" || len(s.script.log) != 0 {
		t.Errorf("err %v, done %v", err, s.script.log)
	}
	if _, err := s.Run(t.Context(), Request{ID: "fix.everything", Consent: true}, nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("err %v", err)
	}
}

func TestAtMostTwiceAndNotAtOnce(t *testing.T) {
	s := newStage(t, &script{steps: auto(), cool: 10 * time.Minute})
	s.after = []diagnostics.Status{"fail"}
	if _, err := s.try(t); err != nil {
		t.Fatal(err)
	}
	var cool *CooldownError
	if _, err := s.try(t); !errors.As(err, &cool) || !cool.Until.Equal(s.now.Add(10*time.Minute)) {
		t.Errorf("err %v", err)
	}
	// The limits hold over a restart.
	again := newStage(t, s.script)
	again.p.Journal, again.journal.path = s.p.Journal, s.p.Journal
	if _, err := again.try(t); !errors.As(err, &cool) {
		t.Errorf("after a restart: %v", err)
	}
	s.now = s.now.Add(11 * time.Minute)
	if _, err := s.try(t); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(11 * time.Minute)
	if _, err := s.try(t); !errors.Is(err, ErrTooOften) {
		t.Errorf("third try: %v", err)
	}
	other := Request{ID: "test.script", Incident: "J", Consent: true, Before: failing}
	if _, err := s.Run(t.Context(), other, nil); err != nil {
		t.Errorf("another complaint: %v", err)
	}
}

func TestAFailedStepIsPutBack(t *testing.T) {
	s := newStage(t, &script{
		steps: []StepSpec{{ID: "a", Kind: Auto, Risk: WithUndo}, {ID: "b", Kind: Auto, Risk: WithUndo}},
	})
	s.script.runErr = Because("move", nil)
	a, err := s.try(t)
	must(t, err)
	if a.State != Failed || a.Reason != "move" || a.CanUndo {
		t.Errorf("%+v", a)
	}
	if want := []string{"prepare a", "run a", "undo"}; !slices.Equal(s.script.log, want) {
		t.Errorf("done %v, want %v", s.script.log, want)
	}
}

func TestWhoMayNotNeedsAnAdministrator(t *testing.T) {
	s := newStage(t, &script{steps: auto(), runErr: &StepError{Reason: "not_allowed", Admin: true, Untouched: true}})
	a, err := s.try(t)
	must(t, err)
	if a.State != NeedsAdmin || a.Reason != "not_allowed" || a.CanUndo || slices.Contains(s.script.log, "undo") {
		t.Errorf("%+v, done %v", a, s.script.log)
	}
	if _, err := s.try(t); err != nil {
		t.Errorf("no cooldown where nothing was changed: %v", err)
	}
}

// A disk on which nothing can be written is the case that matters: then nothing is done either.
func TestWhatCannotBeWrittenDownIsNotDone(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	s.journal.path = filepath.Join(t.TempDir(), "absent", "repairs.jsonl")
	if _, err := s.try(t); err == nil || len(s.script.log) != 0 {
		t.Errorf("err %v, done %v", err, s.script.log)
	}
}

func TestOneAtATime(t *testing.T) {
	s := newStage(t, &script{
		steps:  []StepSpec{{ID: "open", Kind: Manual, Risk: NoRisk}},
		settle: Settle{Every: time.Millisecond, Within: time.Hour},
	})
	s.after = []diagnostics.Status{"fail"}
	started, done := make(chan Progress, 1), make(chan Attempt, 1)
	go func() {
		a, _ := s.Run(context.Background(), Request{ID: "test.script", Consent: true, Before: failing}, func(p Progress) {
			if p.State == Verifying {
				select {
				case started <- p:
				default:
				}
			}
		})
		done <- a
	}()
	p := <-started
	if _, err := s.try(t); !errors.Is(err, ErrBusy) {
		t.Errorf("err %v", err)
	}
	a, err := s.Cancel(t.Context(), p.Ref)
	must(t, err)
	if a.State != NotSolved || a.Reason != "declined" {
		t.Errorf("%+v", a)
	}
	if a = <-done; a.State != NotSolved {
		t.Errorf("the run ended as %+v", a)
	}
}

func TestAWaitThatEndsCanBeTakenUpAgain(t *testing.T) {
	s := newStage(t, &script{
		steps: []StepSpec{{ID: "open", Kind: Manual, Risk: NoRisk}}, settle: Settle{Every: time.Millisecond},
	})
	s.after = []diagnostics.Status{"fail"}
	a, err := s.try(t)
	must(t, err)
	if a.State != NeedsUser || a.Pending == nil || a.Pending.ID != "open" || a.Reason != "waiting" {
		t.Fatalf("%+v", a)
	}
	s.after = []diagnostics.Status{"pass"}
	a, err = s.Continue(t.Context(), a.Ref, true, nil)
	if err != nil || a.State != Solved || a.Pending != nil || a.Reason != "" {
		t.Errorf("%v %+v", err, a)
	}
	if _, err := s.Continue(t.Context(), a.Ref, true, nil); !errors.Is(err, ErrNotPending) {
		t.Errorf("again: %v", err)
	}
}

func TestTheUsersOwnWord(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	a, err := s.try(t)
	must(t, err)
	if a, err = s.UserSays(a.Ref, "no"); err != nil || a.UserSays != "no" || a.State != Solved {
		t.Errorf("%v %+v", err, a)
	}
	if _, err := s.UserSays(a.Ref, "maybe"); err == nil {
		t.Error("any word was taken")
	}
	if _, err := s.UserSays("R0", "yes"); !errors.Is(err, ErrUnknown) {
		t.Errorf("err %v", err)
	}
}

func TestRecoverReportsARepairThatIsNoMore(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	old := Attempt{ID: "old.repair", Ref: "R9", State: Running, CanUndo: true}
	must(t, s.journal.append(entry{At: s.now, Event: eventStep, Attempt: old}))
	s.journal.close()
	reports, err := s.Recover(t.Context())
	must(t, err)
	if len(reports) != 1 || reports[0].State != Failed || reports[0].CanUndo {
		t.Errorf("%+v", reports)
	}
}

func TestOldAttemptsAreForgotten(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	if _, err := s.try(t); err != nil {
		t.Fatal(err)
	}
	s.tracks[0].attempt.CanUndo = false
	s.now = s.now.Add(keepFor + time.Hour)
	_, err := s.Recover(t.Context())
	must(t, err)
	raw, err := os.ReadFile(s.p.Journal)
	if err != nil || len(raw) != 0 {
		t.Errorf("%v, %d bytes", err, len(raw))
	}
}
