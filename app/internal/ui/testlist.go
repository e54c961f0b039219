package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/widgets"
)

type containerT = fyne.Container

// testList shows the self-tests as they run, by area: how many are well, and every problem by name.
type testList struct {
	u      *UI
	root   object
	title  *widget.RichText
	bar    *widget.ProgressBar
	fail   *containerT
	rows   *containerT
	groups map[string]*group
	absent *absentFold
}

func newTestList(u *UI) *testList {
	t := &testList{
		u: u, title: widgets.Heading(u.tr("tests.title")), bar: widget.NewProgressBar(), rows: stack(),
		fail: stack(), groups: map[string]*group{}, absent: newAbsentFold(u),
	}
	for _, area := range areas() {
		g := newGroup(u, area)
		g.root.Hide()
		t.groups[area] = g
		t.rows.Add(g.root)
	}
	t.rows.Add(t.absent.root)
	t.bar.TextFormatter = func() string {
		return u.tr("tests.progress", "done", u.flow.done(), "total", max(u.flow.total, u.flow.done()))
	}
	t.bar.Hide()
	t.root = widgets.NewPanel(widgets.ToneCard, t.title, t.bar, t.fail, t.rows)
	return t
}

func (t *testList) refresh() {
	f := t.u.flow
	if working := f.testing || f.opening; working != t.bar.Visible() {
		t.bar.Hidden = !working
		widgets.SetText(t.title, t.u.tr(map[bool]string{
			true:  "tests.running",
			false: "tests.title",
		}[working]))
		t.u.shell.refresh()
	}
	if t.bar.Visible() {
		t.bar.Max = float64(max(f.total, 1))
		t.bar.SetValue(float64(f.done()))
	}
	if f.testErr != nil {
		fill(t.fail, t.u.problem(f.testErr, f.test))
	} else if len(t.fail.Objects) > 0 {
		fill(t.fail)
	}
	if t.setLines(f.lines) {
		t.rows.Refresh()
		t.u.shell.refresh()
	}
}

// setLines shows these self-tests, and tells whether the page must be laid out again.
func (t *testList) setLines(lines []line) (grown bool) {
	byArea := map[string][]line{}
	var none []line
	for _, l := range lines {
		area := areaOf(l.id)
		byArea[area] = append(byArea[area], l)
		if absent(l.status) {
			none = append(none, l)
		}
	}
	for area, g := range t.groups {
		grown = g.set(t.u, byArea[area]) || grown
	}
	return t.absent.set(none) || grown
}

// absentFold folds away what this computer does not have, and what could not be tried: no news for somebody
// whose work has stopped.
type absentFold struct {
	u    *UI
	fold *widgets.Fold
	list *containerT
	root *containerT
	now  []line
}

func newAbsentFold(u *UI) *absentFold {
	a := &absentFold{u: u, list: stack()}
	a.fold = widgets.NewFold(u.inPage, "", func() object { u.statusLines(a.list, a.now); return a.list })
	a.root = stack(a.fold)
	a.root.Hide()
	return a
}

func (a *absentFold) set(lines []line) (grown bool) {
	grown = a.root.Hidden != (len(lines) == 0) || a.fold.Open() && len(lines) != len(a.now)
	a.root.Hidden = len(lines) == 0
	a.now = lines
	a.fold.Head.SetText(a.u.t.N("window.tests.absent", len(lines)))
	if a.fold.Open() {
		a.u.statusLines(a.list, lines)
	}
	return grown
}
