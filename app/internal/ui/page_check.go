package ui

import (
	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildCheck tests the computer for somebody who has nothing to report, yet.
func (u *UI) buildCheck(s *scope) *page {
	f := u.flow
	f.begin("")
	c := &check{u: u, note: stack(), main: stack(), tests: newTestList(u), question: newQuestion(u)}
	c.report = widgets.NewButton(u.outPage, widgets.Secondary, u.tr("check.report"),
		func() { u.go_(route{name: pageDescribe}) })
	c.next = widgets.NewButton(u.outPage, widgets.Primary, u.tr("verdict.again"), c.goOn)
	p := &page{
		body: objects{widgets.Title(u.tr("check.title")), c.note, c.main},
		foot: objects{c.report, c.next}, primary: c.next, focus: c.next,
	}
	f.changed = c.refresh
	c.refresh()
	return p
}

type check struct {
	u            *UI
	note, main   *containerT
	tests        *testList
	report, next *widgets.Button
	shown        *api.Diagnosis
	question     *question
	answers      int
}

func (c *check) goOn() {
	if c.canRepair() {
		c.u.go_(route{name: pageRepair})
		return
	}
	c.u.flow.test()
}

func (c *check) canRepair() bool {
	d := c.u.flow.inc.Diagnosis
	return d != nil && d.Problem() && len(c.u.flow.repairs()) > 0
}

func (c *check) refresh() {
	f := c.u.flow
	c.tests.refresh()
	c.noticed()
	d := f.inc.Diagnosis
	switch {
	case d == nil:
		c.next.Disable()
		parts := objects{widgets.Muted(c.u.tr("check.intro")), c.tests.root}
		if f.openErr != nil {
			parts = objects{c.u.problem(f.openErr, func() { f.begin("") })}
		} else if f.testErr != nil {
			c.next.Enable()
		}
		if c.shown != nil || len(c.main.Objects) == 0 || f.openErr != nil {
			fill(c.main, parts...)
			c.u.shell.refresh()
		}
		c.shown = nil
	case d != c.shown || f.answered != c.answers:
		c.question.refresh()
		c.shown, c.answers = d, f.answered
		c.next.Enable()
		c.next.SetText(c.u.tr("verdict.again"))
		if c.canRepair() {
			c.next.SetText(c.u.tr("verdict.repair"))
		}
		asked := c.question
		if !d.Problem() {
			asked = nil // "what does not work?" is no question to somebody who complains of nothing
		}
		fill(c.main, c.u.diagnosisParts(d, f, asked)...)
		c.u.shell.refresh()
		c.u.win.Canvas().Focus(c.next)
	default:
		c.question.refresh()
		c.u.shell.refresh()
	}
}

// noticed says since when the tests that nobody asked for have seen a problem: a notification led here.
func (c *check) noticed() {
	b := c.u.state.Background
	if b == nil || b.Problem == nil {
		if len(c.note.Objects) > 0 {
			fill(c.note)
		}
		return
	}
	text := c.u.tr("check.noticed", "time", c.u.when(b.Since))
	if len(c.note.Objects) == 0 {
		fill(c.note, widgets.Caption(text))
		c.u.shell.refresh()
	}
}
