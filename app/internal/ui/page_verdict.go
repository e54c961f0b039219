package ui

import (
	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildVerdict shows the one sentence, and what it rests on.
func (u *UI) buildVerdict(s *scope) *page {
	u.flow.begin("")
	v := &verdict{u: u, main: stack(), tests: newTestList(u), question: newQuestion(u)}
	p := &page{escape: func() { u.go_(route{name: pageDescribe}) }}
	back := widgets.NewButton(u.outPage, widgets.Secondary, u.t.T("button.back"), p.escape)
	report := widgets.NewButton(u.outPage, widgets.Secondary, u.tr("verdict.report"),
		func() { u.go_(route{name: pageReview}) })
	v.report = report
	v.next = widgets.NewButton(u.outPage, widgets.Primary, u.tr("verdict.report"), v.goOn)
	p.body = objects{widgets.Title(u.tr("verdict.title")), v.main}
	p.foot, p.primary, p.focus = objects{back, report, v.next}, v.next, v.next
	u.flow.changed = v.refresh
	v.refresh()
	return p
}

// verdict is the page's moving parts; buildCheck shows the same without a complaint.
type verdict struct {
	u       *UI
	main    *containerT
	tests   *testList
	report  *widgets.Button
	next    *widgets.Button
	shown   *api.Diagnosis
	waiting bool
	// question is asked under the diagnosis; answers is how many of its answers the page has shown.
	question *question
	answers  int
}

func (v *verdict) goOn() {
	if len(v.u.flow.repairs()) > 0 {
		v.u.go_(route{name: pageRepair})
		return
	}
	v.u.go_(route{name: pageReview})
}

func (v *verdict) refresh() {
	f := v.u.flow
	v.tests.refresh()
	d := f.inc.Diagnosis
	if d == nil {
		if !v.waiting {
			v.report.Show()
			v.next.Hide()
			v.waiting, v.shown = true, nil
			parts := objects{widgets.Lead(v.u.tr("verdict.wait")), v.tests.root}
			if f.openErr != nil {
				parts = objects{v.u.problem(f.openErr, func() { f.begin("") })}
			}
			fill(v.main, parts...)
			v.u.shell.refresh()
		}
		return
	}
	v.waiting = false
	v.question.refresh()
	if d == v.shown && f.answered == v.answers {
		v.u.shell.refresh()
		return
	}
	answered := v.shown != nil && f.answered != v.answers
	v.shown, v.answers = d, f.answered
	v.buttons()
	parts := v.u.diagnosisParts(d, f, v.question)
	again := widgets.NewButton(v.u.inPage, widgets.Quiet, v.u.tr("verdict.again"), f.test)
	if d.Problem() {
		parts.add(row(again, widgets.NewButton(v.u.inPage, widgets.Quiet, v.u.tr("verdict.not_mine"), v.notMine)))
	} else {
		parts.add(row(again))
	}
	fill(v.main, parts...)
	v.u.shell.refresh()
	v.focus(answered)
}

// buttons says what the way on is: a repair, if there is one, else the report.
func (v *verdict) buttons() {
	v.next.Show()
	v.report.Hide()
	v.next.SetText(v.u.tr("verdict.report"))
	if len(v.u.flow.repairs()) > 0 {
		v.report.Show()
		v.report.SetText(v.u.tr("verdict.report_anyway"))
		v.next.SetText(v.u.tr("verdict.repair"))
	}
}

// focus puts the keyboard on the way on. After an answer the new sentence comes into view, and the keyboard
// stays with the questions while there are more.
func (v *verdict) focus(answered bool) {
	c := v.u.win.Canvas()
	if !answered {
		c.Focus(v.next)
		return
	}
	if s := v.u.shell.scroll; s != nil {
		s.ScrollToTop()
	}
	if d := v.shown; d != nil && v.question.first != nil && v.u.flow.question() != nil {
		c.Focus(v.question.first)
		return
	}
	c.Focus(v.next)
}

// notMine goes to the report with all that was measured, and with the word that this is something else.
func (v *verdict) notMine() {
	v.u.flow.notMine = true
	v.u.go_(route{name: pageReview})
}

// repairs are the repairs that can be proposed now.
func (f *flow) repairs() []api.RepairInfo {
	var out []api.RepairInfo
	for _, r := range f.inc.Repairs {
		if r.Available || f.attempt(r.ID) != nil {
			out = append(out, r)
		}
	}
	return out
}
