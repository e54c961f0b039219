package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

func (r *rig) toVerdict(words string) {
	r.write(words)
	r.tested()
	r.u.go_(route{name: pageVerdict})
	r.rest()
}

func TestAnAnswerMakesTheVerdictAgainInPlaceByKeyboard(t *testing.T) {
	// Given a likely cause and a question
	a := fakeagent.New()
	a.Found, a.Answered = fakeagent.SlowNames, fakeagent.SureNames
	r := newRig(t, setup{agent: a})
	r.toVerdict("x")
	r.says(r.tr("verdict.question"))
	tests := r.a.Called("Check")
	// When it is answered with Tab and Enter alone
	r.tabTo(r.u.t.Option("several", "yes"))
	r.key(fyne.KeyReturn)
	r.until("the answer counts", func() bool { return r.u.flow.inc.Diagnosis.Confidence == "confirmed" })
	r.rest()
	// Then nothing is tested again, the new verdict shows on the same page, and the keyboard is on the way on
	if n := r.a.Called("Check"); n != tests {
		t.Errorf("%d runs of the self-tests, want %d", n, tests)
	}
	r.says(r.u.t.T("confidence.confirmed"))
	r.saysNot(r.tr("verdict.question"))
	if f := r.u.win.Canvas().Focused(); f != fyne.Focusable(r.button(r.tr("verdict.report"))) {
		t.Errorf("the keyboard is on %+v", f)
	}
	// When it is taken back, then the question stands again
	a.Lock()
	a.Answered = fakeagent.SlowNames
	a.Unlock()
	r.press(r.tr("verdict.take_back"))
	r.says(r.tr("verdict.question"))
	if b, ok := r.u.win.Canvas().Focused().(*widgets.Button); !ok || b.Text != r.u.t.Option("several", "yes") {
		t.Errorf("the keyboard is on %+v", r.u.win.Canvas().Focused())
	}
}

func TestAnAnswerThatTheAgentDoesNotTakeIsSaid(t *testing.T) {
	a := fakeagent.New()
	a.Found = fakeagent.SlowNames
	a.Fail = map[string]error{"Answer": api.NewError(api.CodeInternal, nil)}
	r := newRig(t, setup{agent: a})
	r.toVerdict("x")
	r.press(r.u.t.Option("several", "no"))
	what, _ := r.u.t.Error(api.CodeInternal, nil)
	r.says(what)
	r.says(r.tr("verdict.question"))
}

func TestNotMyProblemLeadsToTheTicketWithTheEvidence(t *testing.T) {
	// Given a diagnosis that is right, and not what the user complains of
	r := newRig(t, setup{})
	r.toVerdict("My headset is silent.")
	// When the user says so and sends
	r.press(r.tr("verdict.not_mine"))
	r.until("the report is built", func() bool { return !r.button(r.u.t.T("button.send")).Disabled() })
	r.press(r.u.t.T("button.send"))
	r.says(r.tr("sent.title.sent"))
	// Then their words come first, the technician reads that it is something else, and nothing is held back
	in := r.a.SentIn[0]
	if !strings.HasPrefix(in.Description, "My headset is silent.\n\n(") ||
		!strings.Contains(in.Description, r.u.t.Cause("disk.space/full")) || len(in.Withhold) > 0 {
		t.Errorf("sent %+v", in)
	}
}

func TestAVerdictShowsEachSecondCauseAndEachChangeByItself(t *testing.T) {
	a := fakeagent.New()
	a.Found = fakeagent.SlowNames
	r := newRig(t, setup{agent: a})
	r.toVerdict("x")
	for _, what := range []string{
		r.tr("verdict.changes"), r.u.t.Change(api.Change{Code: "resolver.changed"}),
		r.u.t.Diagnosis(*r.u.flow.inc.Diagnosis).Also,
	} {
		r.says(what)
	}
}

func TestWhenAllIsWellOnlyWhoComplainsIsAsked(t *testing.T) {
	// Given a computer on which everything passes
	a := fakeagent.New()
	a.Found = fakeagent.Fine
	// When somebody complains, then the page says what works in one line, and asks
	r := newRig(t, setup{agent: a})
	r.toVerdict("It does not work.")
	r.says(r.u.t.Diagnosis(*r.u.flow.inc.Diagnosis).RuledOut)
	r.says(r.u.t.Question("kind"))
	// When somebody only tests the computer, then nothing is asked
	r.u.go_(route{name: pageCheck})
	r.rest()
	r.says(r.u.t.Diagnosis(*r.u.flow.inc.Diagnosis).RuledOut)
	r.saysNot(r.u.t.Question("kind"))
}
