package repair

import (
	"errors"
	"slices"
	"testing"
	"time"

	"balise/diagnostics"
)

func TestTheComplaintIsReasonEnoughWhereOnlyTheUserCanTell(t *testing.T) {
	well := []diagnostics.Result{{ID: "test.one", Status: diagnostics.Pass}}
	for name, c := range map[string]struct {
		said, alone, runs bool
	}{
		"complained of, and his word proves it": {true, true, true},
		"not complained of":                     {false, true, false},
		"complained of, and a test can tell":    {true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			// Given a self-test that is well
			s := newStage(t, &script{steps: auto(), undo: UndoSpec{Unsolved: true}})
			s.spec(func(s *Spec) { s.AsksUser, s.WordAlone = true, c.alone })
			var said []string
			if c.said {
				said = []string{"test.script"}
			}
			// Then the repair is offered and runs only on his word
			if got := s.List(t.Context(), well, said...)[0].Available; got != c.runs {
				t.Errorf("offered: %v", got)
			}
			a, err := s.Run(t.Context(), Request{ID: "test.script", Consent: true, Before: well, Said: c.said}, nil)
			if !c.runs {
				var no *PreconditionError
				if !errors.As(err, &no) || no.Reason != "not_needed" {
					t.Errorf("%v", err)
				}
				return
			}
			must(t, err)
			if !a.waitsFor(Ask) {
				t.Fatalf("solved without his word: %+v", a)
			}
			// and a no puts it back
			a, err = s.UserSays(a.Ref, "no")
			must(t, err)
			if a.State != NotSolved || !slices.Contains(s.script.log, "undo") {
				t.Errorf("%+v %v", a, s.script.log)
			}
		})
	}
}

func TestWhatWasNotTestedIsNotCalledWell(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	for status, why := range map[diagnostics.Status]string{
		diagnostics.Pass: "not_needed", diagnostics.NA: "nothing_to_do", diagnostics.Unknown: "nothing_to_do",
	} {
		info := s.List(t.Context(), []diagnostics.Result{{ID: "test.one", Status: status}})[0]
		if info.Available || info.Why != why {
			t.Errorf("%s: %q", status, info.Why)
		}
	}
}

func TestACutRepairMayBeTriedAgainAtOnce(t *testing.T) {
	// Given a repair that a crash cut short, when it is asked for again, then there is nothing to wait for
	s := newStage(t, &script{steps: auto(), cool: 10 * time.Minute})
	must(t, s.load())
	s.tracks = append(s.tracks, &track{ended: true, attempt: Attempt{
		ID: "test.script", Ref: "r", State: Failed, Reason: "interrupted", Finished: s.now,
	}})
	if _, err := s.try(t); err != nil {
		t.Error(err)
	}
}

func TestAnAttemptMovesToTheIncidentThatTellsOfIt(t *testing.T) {
	s := newStage(t, &script{steps: auto()})
	a, err := s.try(t)
	must(t, err)
	must(t, s.Adopt(a.Ref, "later"))
	next := s.reopened(t, s.script)
	past, err := next.History()
	must(t, err)
	if len(past) != 1 || past[0].Incident != "later" || past[0].Attempt.State != a.State ||
		past[0].Attempt.Finished.IsZero() {
		t.Errorf("%+v", past)
	}
	if err := s.Adopt("nobody", "later"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}
