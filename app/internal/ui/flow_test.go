package ui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

// tabTo presses Tab until the keyboard is on a button with that text.
func (r *rig) tabTo(text string) *widgets.Button {
	r.t.Helper()
	seen := map[fyne.Focusable]bool{}
	for range 80 {
		r.u.win.Canvas().FocusNext()
		f := r.u.win.Canvas().Focused()
		if b, ok := f.(*widgets.Button); ok && b.Text == text {
			return b
		}
		if seen[f] {
			break
		}
		seen[f] = true
	}
	r.t.Fatalf("Tab never comes to %q:\n%s", text, r.words())
	return nil
}

func TestFromTheFirstWordToTheNumberByKeyboard(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		t.Run(lang, func(t *testing.T) {
			// Given the first page, the keyboard in its text field
			r := newRig(t, setup{lang: lang})
			entry, ok := r.u.win.Canvas().Focused().(*widgets.Entry)
			if !ok {
				t.Fatalf("the keyboard is on %T", r.u.win.Canvas().Focused())
			}
			// When somebody types, and goes on with Tab and Enter alone
			test.Type(entry, "Word ne s’ouvre plus")
			r.tabTo(r.u.t.T("button.continue"))
			r.key(fyne.KeyReturn)
			r.says(r.tr("verdict.title"))
			r.tested()
			r.rest()
			r.tabTo(r.tr("verdict.report_anyway"))
			r.key(fyne.KeyReturn)
			r.says(r.tr("review.title"))
			r.until("the report is built",
				func() bool { return !r.button(r.u.t.T("button.send")).Disabled() })
			r.tabTo(r.u.t.T("button.send"))
			r.key(fyne.KeySpace)
			// Then the report leaves once, with these words, and the number shows
			r.says(r.tr("sent.number", "number", "1042"))
			if len(r.a.SentIn) != 1 || r.a.SentIn[0].Description != "Word ne s’ouvre plus" ||
				r.a.SentIn[0].Subject != "Word ne s’ouvre plus" {
				t.Errorf("sent %+v", r.a.SentIn)
			}
			if r.a.SentIn[0].Screenshot {
				t.Error("a picture left that nobody ticked")
			}
		})
	}
}

// everyButtonByTab presses Tab all the way round and wants it to come to everything that can be pressed.
func (r *rig) everyButtonByTab() {
	r.t.Helper()
	reached := map[fyne.CanvasObject]bool{}
	for {
		r.u.win.Canvas().FocusNext()
		o, ok := r.u.win.Canvas().Focused().(fyne.CanvasObject)
		if !ok || reached[o] {
			break
		}
		reached[o] = true
	}
	if len(reached) == 0 {
		r.t.Error("Tab reaches nothing")
	}
	if r.u.win.Canvas().Overlays().Top() != nil {
		return // behind a dialog nothing can be pressed
	}
	for _, o := range r.visible() {
		if b, ok := o.(*widgets.Button); ok && !b.Disabled() && !reached[b] {
			r.t.Errorf("Tab never comes to %q", b.Text)
		}
	}
}

func TestNothingIsSentThatTheUserHeldBack(t *testing.T) {
	// Given the page that shows what would leave
	r := newRig(t, clicked())
	r.toReview()
	r.until("the picture", func() bool { return r.u.flow.picture != nil })
	// When the user unticks the computer's name, ticks the picture, and blacks a part of it out
	r.check("Computer name").SetChecked(false)
	if !r.button("Send").Disabled() {
		t.Error("Send works while the page does not show what would leave")
	}
	r.check(r.tr("picture.send")).SetChecked(true)
	r.press(r.tr("picture.add"))
	r.key(fyne.KeyLeft)
	// Then the report is built anew and says so, and exactly this leaves
	r.until("the report is built again", func() bool { return !r.button("Send").Disabled() })
	r.says(r.tr("review.withheld"))
	r.press("Send")
	r.says(r.tr("sent.title.sent"))
	in := r.a.SentIn[0]
	if !slices.Equal(in.Withhold, []string{"machine"}) || !in.Screenshot || len(in.Blackouts) != 1 {
		t.Fatalf("sent %+v", in)
	}
	if got, want := in.Blackouts[0], (api.Rect{X: 341, Y: 225, W: 240, H: 90}); got != want {
		t.Errorf("blacked out %+v, want %+v", got, want)
	}
}

func TestARepairRunsOnlyAfterYes(t *testing.T) {
	// Given a repair that is offered
	r := newRig(t, setup{})
	r.write("x")
	r.tested()
	r.u.go_(route{name: pageRepair})
	r.rest()
	// When the page is only looked at, then nothing runs
	if n := r.a.Called("Repair"); n != 0 {
		t.Fatalf("%d repairs ran without a yes", n)
	}
	// When the user says yes, then the second step asks for a yes of its own, with sizes, and the keyboard is
	// on the harmless answer
	r.press(r.tr("repair.do"))
	r.says(r.tr("repair.no_undo"))
	r.says(r.u.size(2_400_000_000))
	if b, ok := r.u.win.Canvas().Focused().(*widgets.Button); !ok || b.Text != r.tr("repair.keep") {
		t.Errorf("the keyboard is on %+v", r.u.win.Canvas().Focused())
	}
	// When the user says no, then nothing is deleted; the report will say it
	r.key(fyne.KeyReturn)
	r.says(r.tr("repair.helped"))
	r.press(r.tr("no"))
	r.says(r.tr("repair.said_no"))
	// When it is undone, then it is
	r.press(r.tr("repair.undo"))
	r.says(r.u.t.T("repair.state.undone"))
	var did []string
	for _, q := range r.a.RepairIn {
		did = append(did, q.Action)
		if (q.Action == "run" || q.Action == "continue" || q.Action == "undo") != q.Consent {
			t.Errorf("%s with consent %v", q.Action, q.Consent)
		}
	}
	if !slices.Equal(did, []string{"run", "cancel", "user_says", "undo"}) {
		t.Errorf("did %v", did)
	}
}

// raw is what no user should ever read.
const raw = "sql: connection 0xdeadbeef is bust"

func TestErrorsAreExplainedAndNeverRaw(t *testing.T) {
	for method, reach := range map[string]func(*rig){
		"OpenIncident": func(*rig) {},
		"Check":        func(*rig) {},
		"Tickets":      func(r *rig) { r.u.go_(route{name: pageTickets}) },
		"Ticket":       func(r *rig) { r.u.go_(route{pageTicket, "1041"}) },
		"Outbox":       func(r *rig) { r.u.go_(route{name: pageOutbox}) },
		"Config":       func(r *rig) { r.u.go_(route{name: pageSettings}) },
		"Review": func(r *rig) {
			r.write("x")
			r.tested()
			r.u.go_(route{name: pageReview})
		},
		"Send":   func(r *rig) { r.toReview(); r.press("Send") },
		"Repair": func(r *rig) { r.write("x"); r.tested(); r.u.go_(route{name: pageRepair}); r.press(r.tr("repair.do")) },
	} {
		for _, err := range []error{api.NewError(api.CodeDiskFull, errors.New(raw)), errors.New(raw)} {
			t.Run(method, func(t *testing.T) {
				// Given an agent that fails at one thing
				a := fakeagent.New()
				a.Fail = map[string]error{method: err}
				r := newRig(t, setup{agent: a})
				// When the user comes there
				reach(r)
				// Then the page says what happened and what to do, in words
				what, next := r.u.explain(err)
				r.says(what)
				r.says(next)
				r.saysNot(raw)
			})
		}
	}
}

func TestAReportSurvivesAFailedSend(t *testing.T) {
	// Given a send that fails
	a := fakeagent.New()
	a.Fail = map[string]error{"Send": api.NewError(api.CodeDiskFull, nil)}
	r := newRig(t, setup{agent: a})
	r.toReview()
	r.press("Send")
	what, _ := r.u.explain(a.Fail["Send"])
	r.says(what)
	// When there is room again and the user tries again
	a.Lock()
	a.Fail = nil
	a.Unlock()
	r.press(r.u.t.T("button.retry"))
	// Then the same words leave
	r.says(r.tr("sent.title.sent"))
	if !strings.Contains(a.SentIn[0].Description, "Word does not save") {
		t.Errorf("sent %+v", a.SentIn)
	}
}

func TestTheAgentGoesAndComesBack(t *testing.T) {
	// Given words typed, and an agent that ends
	r := newRig(t, setup{})
	r.write("half a sentence")
	r.tested()
	r.a.Lock()
	r.a.Fail = map[string]error{"*": api.NewError(api.CodeNoAgent, nil)}
	r.a.Unlock()
	// When the window notices
	r.u.readState()
	r.says(r.tr("gone.title"))
	r.saysNot("[" + r.u.t.T("button.continue") + "]")
	// Then it finds the agent again by itself, and the words are still there
	r.a.Lock()
	r.a.Fail = nil
	r.a.Unlock()
	r.says("> half a sentence")
}

func TestANewClickBringsItsPictureAndKeepsTheWords(t *testing.T) {
	// Given words typed without a picture
	a := fakeagent.New()
	a.Shot = fakeagent.Picture()
	r := newRig(t, setup{agent: a})
	r.write("half a sentence")
	r.tested()
	old := r.u.flow.inc.ID
	// When the tray is clicked again
	r.until("somebody listens", func() bool { r.rest(); return a.Called("Events") > 0 })
	a.Emit(api.Event{Kind: "show", Page: "describe", Incident: "BANEWNEWNEWNEWNEWNEW"})
	// Then the new picture belongs to the same words, and the old incident is dropped
	r.until("the new incident",
		func() bool { return r.u.flow.inc.ID == "BANEWNEWNEWNEWNEWNEW" && r.u.flow.picture != nil })
	r.says("> half a sentence")
	r.until("the old one is closed", func() bool { return a.Called("CloseIncident") == 1 })
	if old == r.u.flow.inc.ID {
		t.Error("the incident did not change")
	}
}

func TestLanguageChangesWhileTyping(t *testing.T) {
	// Given words typed in English
	r := newRig(t, setup{})
	r.write("half a sentence")
	// When the agent speaks French from now on
	r.a.Lock()
	r.a.Status.Language = "fr"
	r.a.Unlock()
	r.u.readState()
	// Then the page is French and the words are there
	r.says("Que se passe-t-il")
	r.says("> half a sentence")
}

func TestLateAnswersDoNotDisturbAnotherPage(t *testing.T) {
	// Given a ticket that is slow to come
	a := fakeagent.New()
	hold := make(chan struct{})
	a.Hold = map[string]chan struct{}{"Ticket": hold}
	r := newRig(t, setup{agent: a, page: "ticket/1041"})
	r.says(r.tr("tickets.reading"))
	// When the user leaves before it is there
	r.u.go_(route{name: pageSettings})
	r.says(r.tr("settings.policy"))
	close(hold)
	r.rest()
	// Then the page that is open stays
	r.saysNot("Karim")
}

func TestAKnownOutageIsJoinedInOneStep(t *testing.T) {
	// Given a known problem
	a := fakeagent.New()
	a.Outages = []api.Notice{fakeagent.Outage()}
	r := newRig(t, setup{agent: a})
	// When the user has it too
	r.press(r.tr("notice.me_too"))
	r.until("the report is built", func() bool { b := r.button("Send"); return b != nil && !b.Disabled() })
	r.press("Send")
	// Then the report names it
	r.says(r.tr("sent.title.sent"))
	if !strings.Contains(a.SentIn[0].Subject, "E-mail is slow") || a.SentIn[0].Description == "" {
		t.Errorf("sent %+v", a.SentIn[0])
	}
}

func TestAFiveMegabytePasteIsCutWithASentence(t *testing.T) {
	// Given the text field
	r := newRig(t, setup{})
	entry := r.u.win.Canvas().Focused().(*widgets.Entry)
	// When five megabytes are pasted
	clip := test.NewClipboard()
	clip.SetContent(strings.Repeat("é", 5<<19))
	entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: clip})
	r.settle()
	// Then the field holds the beginning, whole letters, and says what to do with the rest
	if n := len(entry.Text); n == 0 || n > 10_000 || !strings.HasSuffix(entry.Text, "é") {
		t.Errorf("holds %d bytes", n)
	}
	r.says(r.tr("describe.full"))
}

func TestAnEmptyDescriptionIsAskedFor(t *testing.T) {
	r := newRig(t, setup{})
	r.press(r.u.t.T("button.continue"))
	r.says(r.tr("describe.empty"))
	if r.u.at.name != pageDescribe {
		t.Error("went on without a word")
	}
}

func TestResultsThatAreOldAreTakenAgain(t *testing.T) {
	// Given self-tests that ran a while ago, and nothing written
	r := newRig(t, setup{})
	r.tested()
	r.u.flow.inc.Checked = fakeagent.Clock().Add(-time.Hour)
	n := r.a.Called("Check")
	// When the user comes back to the page
	r.u.go_(route{name: pageCheck})
	// Then the computer is tested again
	r.until("tested again", func() bool { return r.a.Called("Check") > n && r.u.flow.inc.Diagnosis != nil })
}

func TestTheUserKnowsBetterWhatItIsAbout(t *testing.T) {
	// Given a report that Balise files under the computer
	r := newRig(t, setup{})
	r.toReview()
	r.press(r.tr("review.topic", "topic", r.tr("topic.workstation")))
	// When the user chooses another topic
	for _, o := range r.visible() {
		if s, ok := o.(*widgets.Select); ok {
			s.SetSelected(r.tr("topic.messaging"))
		}
	}
	// Then the report is built again under it, and leaves under it
	r.says(r.tr("review.topic", "topic", r.tr("topic.messaging")))
	r.press(r.u.t.T("button.send"))
	r.says(r.tr("sent.title.sent"))
	if got := r.a.SentIn[0].Category; got != "messaging" {
		t.Errorf("filed under %q", got)
	}
}
