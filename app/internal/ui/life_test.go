package ui

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
)

func TestAClosedWindowEndsAfterAWhileUnlessItIsWanted(t *testing.T) {
	// Given a window with nothing written
	r := newRig(t, setup{linger: 80 * time.Millisecond})
	r.tested()
	// When it is closed and wanted again at once, then the program goes on
	r.u.close()
	r.u.Show("tickets", "")
	r.rest()
	time.Sleep(150 * time.Millisecond)
	r.rest()
	if r.quits != 0 {
		t.Fatal("ended while it was wanted")
	}
	if r.u.at.name != pageTickets {
		t.Errorf("shows %s", r.u.at.name)
	}
	// When it is closed and not wanted, then it ends, and the agent forgets what it held
	r.u.close()
	r.until("ended", func() bool { return r.quits == 1 })
	r.until("the incident is closed", func() bool { return r.a.Called("CloseIncident") == 1 })
}

func TestUnsentWordsKeepAClosedWindow(t *testing.T) {
	// Given words that were not sent
	r := newRig(t, setup{linger: 10 * time.Millisecond})
	r.write("half a sentence")
	r.tested()
	// When the window is closed for longer than it usually stays
	r.u.close()
	time.Sleep(60 * time.Millisecond)
	r.rest()
	// Then it is still there, with the words
	if r.quits != 0 {
		t.Fatal("the words are lost")
	}
	r.u.Show("", "")
	r.says("> half a sentence")
}

func TestShowKeepsThePageThatIsBeingWritten(t *testing.T) {
	// Given words being typed
	r := newRig(t, setup{})
	r.write("half a sentence")
	r.u.go_(route{name: pageVerdict})
	// When the start menu asks for the first page
	r.u.Show("describe", "")
	// Then the report under way stays where it was
	if r.u.at.name != pageVerdict {
		t.Errorf("shows %s", r.u.at.name)
	}
}

func TestShortcuts(t *testing.T) {
	r := newRig(t, setup{})
	ctrl := func(k fyne.KeyName) {
		r.u.onShortcut(&desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierShortcutDefault})
	}
	for i, want := range []string{pageDescribe, pageRequest, pageTickets, pageCheck, pageOutbox, pageTrust, pageSettings} {
		ctrl(railKeys()[i])
		if r.u.at.name != want {
			t.Errorf("Ctrl+%d shows %s, want %s", i+1, r.u.at.name, want)
		}
	}
	r.u.go_(route{pageTicket, "1041"})
	r.u.onShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyLeft, Modifier: fyne.KeyModifierAlt})
	if r.u.at.name != pageTickets {
		t.Errorf("Alt+Left shows %s", r.u.at.name)
	}
}

func TestAnAgentThatForgotTheIncidentGetsItsWordsAnew(t *testing.T) {
	// Given words typed, and an agent that was started again
	r := newRig(t, setup{})
	r.write("half a sentence")
	r.tested()
	opened := r.a.Called("OpenIncident")
	r.u.lost()
	r.a.Lock()
	r.a.Fail = map[string]error{"Incident": api.NewError(api.CodeNotFound, nil)}
	r.a.Unlock()
	// When it answers again
	r.u.readState()
	// Then the incident is opened anew and the words are there
	r.until("opened anew", func() bool { return r.a.Called("OpenIncident") > opened && r.u.flow.inc.Diagnosis != nil })
	r.says("> half a sentence")
}

func TestASlowAgentIsAskedAgain(t *testing.T) {
	// Given an agent whose first answer is an error that may pass
	a := fakeagent.New()
	a.Fail = map[string]error{"State": context.DeadlineExceeded}
	a.Status.Language = "fr"
	r := newRig(t, setup{agent: a, lang: "fr", impatient: true})
	r.until("asked", func() bool { return a.Called("State") > 0 })
	// When it answers later
	a.Lock()
	a.Fail = nil
	a.Unlock()
	// Then the window knows its desk
	r.says("Centre d’essai")
}

func TestAPictureCanBeTakenLater(t *testing.T) {
	// Given a report without a picture of the screen
	a := fakeagent.New()
	a.Shot = fakeagent.Picture()
	r := newRig(t, setup{agent: a})
	r.toReview()
	words := r.u.flow.in.Description
	// When the user takes one
	a.Forget()
	r.press(r.tr("picture.take"))
	// Then it is there, not ticked, with the same words
	r.until("the picture", func() bool { return r.u.flow.picture != nil })
	r.says(r.tr("picture.send"))
	if r.check(r.tr("picture.send")).Checked || r.u.flow.in.Description != words {
		t.Errorf("the report is now %+v", r.u.flow.in)
	}
}

func TestWarningsOfTheAgentAreSaid(t *testing.T) {
	a := fakeagent.New()
	a.Status.Warnings = []string{api.CodeStateMoved, "some.new.code"}
	r := newRig(t, setup{agent: a})
	what, _ := r.u.t.Error(api.CodeStateMoved, nil)
	r.says(what)
	r.saysNot("some.new.code")
}

func TestRoutes(t *testing.T) {
	for in, want := range map[string]route{
		"":              {pageDescribe, "inc"},
		"describe":      {pageDescribe, "inc"},
		"tickets":       {name: pageTickets},
		"ticket/1041":   {pageTicket, "1041"},
		"ticket/RT-1/2": {pageTicket, "RT-1/2"},
		"ticket/":       {name: pageTickets},
		"check":         {name: pageCheck},
		"settings":      {name: pageSettings},
		"outbox":        {name: pageOutbox},
		"../../etc":     {pageDescribe, "inc"},
		"repair":        {pageCheck, ""}, // where repairs are proposed: a link never repairs or sends
		"review":        {pageDescribe, "inc"},
	} {
		if got := parseRoute(in, "inc"); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestSubjectOf(t *testing.T) {
	long := strings.Repeat("parole ", 40)
	for in, want := range map[string]string{
		"":                      "",
		"one line":              "one line",
		"\n\n  first \nsecond":  "first",
		long:                    strings.TrimSpace(long[:7*12]) + "\u2026",
		strings.Repeat("é", 99): strings.Repeat("é", 90) + "\u2026",
	} {
		if got := subjectOf(in); got != want {
			t.Errorf("%.20q: %q, want %q", in, got, want)
		}
	}
}

func TestADeadlineIsToldInWords(t *testing.T) {
	// Given an agent that never answers
	r := newRig(t, setup{})
	var got error
	done := false
	// When the deadline of a question is over
	do(r.u.life, 10*time.Millisecond, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		func(err error) { got, done = err, true })
	r.until("the deadline", func() bool { return done })
	// Then the words say so
	if what, _ := r.u.explain(got); what != r.tr("slow.what") {
		t.Errorf("says %q", what)
	}
}

// Every callback of the agent must come back by post: what it does to a widget is done by the goroutine
// that runs the posted functions, here the test's own. The race detector sees the rest.
func TestTheAgentNeverTouchesAWidgetDirectly(t *testing.T) {
	a := fakeagent.New()
	r := newRig(t, setup{agent: a})
	var posted atomic.Int64
	post := r.u.life.post
	r.u.life.post = func(f func()) { posted.Add(1); post(f) }
	// Given events in a storm while pages change
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				for _, k := range []string{"state", "ticket", "outbox", "incident", "notices"} {
					a.Emit(api.Event{Kind: k, Ticket: "1041"})
				}
				time.Sleep(time.Millisecond)
			}
		}
	}()
	for _, p := range []string{pageTickets, "ticket/1041", pageOutbox, pageCheck, pageDescribe} {
		r.u.go_(parseRoute(p, ""))
		for range 60 {
			select {
			case f := <-r.queue:
				f()
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	close(stop)
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		case f := <-r.queue:
			f()
		}
	}
	if posted.Load() == 0 {
		t.Error("nothing came back by post")
	}
}

func TestTheSystemsLanguageDoesNotMatter(t *testing.T) {
	t.Setenv("LANG", "C")
	r := newRig(t, setup{lang: "fr"})
	r.says("Que se passe-t-il")
	if _, err := os.Stat("testdata"); err != nil {
		t.Error("no markup to compare with: ", err)
	}
}
