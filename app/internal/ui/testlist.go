package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/widgets"
)

type containerT = fyne.Container

// testList shows the self-tests as they run: a shape, a name and a word each.
type testList struct {
	u     *UI
	root  object
	title *widget.RichText
	bar   *widget.ProgressBar
	rows  *containerT
	lines map[string]*widgets.StatusLine
	fail  *containerT
}

func newTestList(u *UI) *testList {
	t := &testList{
		u: u, title: widgets.Heading(u.tr("tests.title")), bar: widget.NewProgressBar(), rows: stack(),
		lines: map[string]*widgets.StatusLine{}, fail: stack(),
	}
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
	grown := false
	for _, l := range f.lines {
		if l.status == "na" {
			if row := t.lines[l.id]; row != nil && row.Visible() {
				row.Hide()
				grown = true
			}
			continue // what this computer does not have is no news
		}
		row := t.lines[l.id]
		if row == nil {
			row = widgets.NewStatusLine(l.status, t.u.t.Check(l.id), t.u.statusWord(l.status))
			t.lines[l.id] = row
			t.rows.Objects = append(t.rows.Objects, row)
			grown = true
			continue
		}
		if !row.Visible() {
			row.Show()
		}
		row.Set(l.status, t.u.t.Check(l.id), t.u.statusWord(l.status))
	}
	if len(f.lines) == 0 && len(t.lines) > 0 { // a new run
		t.lines = map[string]*widgets.StatusLine{}
		fill(t.rows)
	}
	if grown {
		t.rows.Refresh()
		t.u.shell.refresh()
	}
}
