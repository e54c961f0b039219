package ui

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

// scene brings the window to one page in one state.
type scene struct {
	name  string
	setup func() setup
	reach func(*rig)
}

func practice(page string) func() setup { return func() setup { return setup{page: page} } }

func clicked() setup {
	a := fakeagent.New()
	a.Shot = fakeagent.Picture()
	return setup{agent: a, incident: "BA7KQ2MXXXXXXXXXXXXX"}
}

func (r *rig) write(text string) {
	r.u.flow.in.Description = text
	r.u.again()
}

func (r *rig) tested() {
	r.until("the self-tests are through", func() bool { return r.u.flow.inc.Diagnosis != nil })
}

func (r *rig) toReview() {
	r.write("Word does not save any more since this morning.")
	r.tested()
	r.u.go_(route{name: pageReview})
	r.until("the report is built", func() bool { return !r.button(r.u.t.T("button.send")).Disabled() })
}

// mutedScene is a loudspeaker that is muted, and a repair that asks whether it is heard.
func mutedScene() setup {
	a := fakeagent.New()
	a.Found = fakeagent.Mute
	a.Fix = func(inc *api.Incident, req api.RepairRequest, _ func(api.RepairEvent)) {
		at := fakeagent.Attempt(inc, req.ID)
		at.State, at.Pending = api.RepairNeedsUser, &api.RepairStep{ID: "heard", Kind: api.StepAsk}
		at.Before = []api.Result{{ID: "av.output", Status: api.CheckFail}}
		at.After = []api.Result{{ID: "av.output", Status: api.CheckPass}}
	}
	return setup{agent: a}
}

func scenes() []scene {
	return []scene{
		{"describe", practice(""), func(r *rig) { r.tested() }},
		{"describe-outage", func() setup {
			s := clicked()
			s.agent.Outages = []api.Notice{fakeagent.Outage()}
			s.agent.Status.Desk = api.DeskState{Kind: "rt", URL: "https://support.example.org"}
			return s
		}, func(r *rig) { r.tested(); r.says(r.tr("notice.me_too")) }},
		{
			"describe-symptoms", func() setup { return setup{agent: withPacks()} },
			func(r *rig) { r.write("No mail and I need a program"); r.tested(); r.says("[I need a program]") },
		},
		{
			"describe-symptom-form", func() setup { return setup{agent: withPacks()} },
			func(r *rig) {
				r.write("I need a program")
				r.tested()
				r.press("I need a program")
				r.says(r.tr("symptom.form"))
			},
		},
		{"request", func() setup { return setup{agent: withPacks(), page: pageRequest} }, func(r *rig) { r.says("A program") }},
		{
			"request-form", func() setup { return setup{agent: withPacks(), page: pageRequest} },
			func(r *rig) {
				r.press(r.tr("request.fill"))
				r.says(r.tr("request.must", "name", "Which program"))
				r.press(r.u.t.T("button.continue"))
			},
		},
		{"verdict", practice(""), func(r *rig) {
			r.write("Word does not save any more.")
			r.tested()
			r.u.go_(route{name: pageVerdict})
		}},
		{
			"verdict-healthy",
			func() setup { a := fakeagent.New(); a.Found = fakeagent.Fine; return setup{agent: a} },
			func(r *rig) { r.write("x"); r.tested(); r.u.go_(route{name: pageVerdict}) },
		},
		{
			"verdict-question",
			func() setup { a := fakeagent.New(); a.Found = fakeagent.SlowNames; return setup{agent: a} },
			func(r *rig) { r.write("x"); r.tested(); r.u.go_(route{name: pageVerdict}) },
		},
		{
			"verdict-unfolded", practice(""), func(r *rig) {
				r.write("x")
				r.tested()
				r.u.go_(route{name: pageVerdict})
				r.press(r.u.t.N("window.verdict.all", len(r.u.flow.inc.Results)))
				r.press(r.tr("area.disk"))
				r.press(r.u.t.N("window.tests.absent", 11))
			},
		},
		{"repair", practice(""), func(r *rig) { r.write("x"); r.tested(); r.u.go_(route{name: pageRepair}) }},
		{"repair-second-yes", practice(""), func(r *rig) {
			r.write("x")
			r.tested()
			r.u.go_(route{name: pageRepair})
			r.press(r.tr("repair.do"))
			r.says(r.tr("repair.no_undo"))
		}},
		{"repair-solved", practice(""), func(r *rig) {
			r.write("x")
			r.tested()
			r.u.go_(route{name: pageRepair})
			r.press(r.tr("repair.do"))
			r.says(r.tr("repair.no_undo"))
			r.press(r.tr("repair.confirm_size", "size", r.u.size(2_584_000_000)))
			r.says(r.tr("repair.helped"))
		}},
		{"repair-choice", mutedScene, func(r *rig) {
			r.write("x")
			r.tested()
			r.u.go_(route{name: pageRepair})
			r.press(r.u.t.N("window.repair.others", 2))
		}},
		{"repair-asks", mutedScene, func(r *rig) {
			r.write("x")
			r.tested()
			r.u.go_(route{name: pageRepair})
			r.press(r.tr("repair.do"))
			r.says(r.tr("yes"))
		}},
		{"review", clicked, func(r *rig) { r.toReview() }},
		{"review-picture", clicked, func(r *rig) {
			r.toReview()
			r.until("the picture", func() bool { return r.u.flow.picture != nil })
			r.check(r.tr("picture.send")).SetChecked(true)
			r.press(r.tr("picture.add"))
			r.rest()
			r.u.shell.scroll.ScrollToBottom()
		}},
		{"sent", practice(""), func(r *rig) {
			r.toReview()
			r.press(r.u.t.T("button.send"))
			r.says(r.tr("sent.title.sent"))
		}},
		{"sent-queued", func() setup {
			a := fakeagent.New()
			a.Result = api.Sent{
				State: "queued", Code: "7KQ2M-X",
				Reason: &api.Error{Code: api.CodeDeskUnreachable},
			}
			return setup{agent: a}
		}, func(r *rig) {
			r.toReview()
			r.press(r.u.t.T("button.send"))
			r.says(r.tr("sent.title.queued"))
		}},
		{"tickets", practice(pageTickets), func(r *rig) { r.says("VPN"); r.rest() }},
		{"ticket", practice("ticket/1041"), func(r *rig) { r.says("Karim"); r.rest() }},
		{"ticket-rate", practice("ticket/1021"), func(r *rig) { r.says("Solved."); r.rest() }},
		{"outbox", practice(pageOutbox), func(r *rig) { r.says("9ZZZZ-4") }},
		{
			"outbox-discard", practice(pageOutbox),
			func(r *rig) { r.says("9ZZZZ-4"); r.press(r.tr("outbox.discard")) },
		},
		{"check", practice(pageCheck), func(r *rig) { r.tested() }},
		{"trust", practice(pageTrust), func(r *rig) { r.says("Word no longer opens") }},
		{"settings", practice(pageSettings), func(r *rig) { r.says(r.tr("settings.policy")) }},
		{"signin", practice(pageSignIn), func(r *rig) { r.rest() }},
		{"signin-tried", practice(pageSignIn), func(r *rig) {
			r.rest()
			for _, o := range r.visible() {
				if e, ok := o.(interface{ SetText(string) }); ok {
					e.SetText("https://support.example.org")
					break
				}
			}
			r.press(r.tr("signin.try"))
			r.says("Zoé")
		}},
		{"file-dialog", practice(""), func(r *rig) { r.tested(); r.press(r.tr("files.add")) }},
		{"save-dialog", practice(pageOutbox), func(r *rig) { r.says("9ZZZZ-4"); r.press(r.tr("outbox.export")) }},
		{"link-dialog", practice(pageSettings), func(r *rig) {
			r.says(r.tr("settings.policy"))
			r.press(r.tr("settings.open_desk"))
			r.says("127.0.0.1")
		}},
		{"review-unfolded", practice(""), func(r *rig) {
			r.toReview()
			for range 3 {
				for _, o := range r.visible() {
					if f, ok := o.(*widgets.Fold); ok && !f.Open() {
						f.Toggle()
						break
					}
				}
			}
		}},
		{"trust-unfolded", practice(pageTrust), func(r *rig) {
			r.says("Word no longer opens")
			r.press(r.tr("trust.machine"))
			r.says("Debian")
		}},
		{"trust-sent", practice(pageTrust), func(r *rig) {
			r.says("Word no longer opens")
			r.press(r.u.t.T("records.details"))
			for _, what := range []string{
				"1041", "34", "report.html", "2cb4b1431b84ec15d35ed83bb927e27e", "BA7KQ2MXXXXXXXXXXXXX",
				r.u.t.T("records.held", "parts", r.u.t.T("report.section.machine")),
			} {
				r.says(what)
			}
		}},
		{"gone", func() setup {
			a := fakeagent.New()
			a.Fail = map[string]error{"*": api.NewError(api.CodeNoAgent, nil)}
			return setup{agent: a}
		}, func(r *rig) { r.until("gone", func() bool { return r.u.gone }) }},
	}
}

// Small is a 1280x800 screen at 200 %, with a title bar and a panel taken off.
var small = fyne.NewSize(640, 362)

func TestEveryPageFitsASmallScreenAndHasAWayOn(t *testing.T) {
	langs := []string{"fr"} // its words are the longer ones; that no text is missing in either has a test
	if os.Getenv(picturesEnv) != "" {
		langs = []string{"en", "fr"}
	}
	for _, lang := range langs {
		for _, sc := range scenes() {
			t.Run(sc.name+"-"+lang, func(t *testing.T) {
				// Given a window on a small screen at 200 %
				s := sc.setup()
				s.lang, s.size = lang, small
				r := newRig(t, s)
				// When it comes to the page
				sc.reach(r)
				r.rest()
				// Then everything fits in the width and the foot of the page is on the screen
				got := r.u.win.Canvas().Content().MinSize()
				if got.Width > small.Width || got.Height > small.Height {
					t.Errorf("wants %v of %v", got, small)
				}
				for _, o := range r.u.win.Canvas().Overlays().List() {
					if m := o.MinSize(); m.Width > small.Width || m.Height > small.Height {
						t.Errorf("the dialog wants %v of %v", m, small)
					}
				}
				r.everyButtonByTab()
				for _, key := range strings.Fields(r.words()) {
					if len(key) > len("window.") && strings.HasPrefix(key, "window.") {
						t.Errorf("a text is missing: %s", key)
					}
				}
				r.picture(fmt.Sprintf("%s-%s-small", sc.name, lang), 2)
			})
		}
	}
}

// TestPictures leaves a picture of every page, light and dark, for people to look at.
func TestPictures(t *testing.T) {
	if os.Getenv(picturesEnv) == "" {
		t.Skip("draws every page: set " + picturesEnv + " to a folder")
	}
	for _, v := range []string{"light", "dark"} {
		for _, sc := range scenes() {
			t.Run(sc.name+"-"+v, func(t *testing.T) {
				s := sc.setup()
				s.dark, s.lang = v == "dark", map[string]string{"light": "en", "dark": "fr"}[v]
				r := newRig(t, s)
				sc.reach(r)
				r.rest()
				r.picture(sc.name+"-"+v, 1)
			})
		}
	}
}
