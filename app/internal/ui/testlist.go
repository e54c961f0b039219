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
	t.root = widgets.NewPanel(widgets.ToneCard, t.title, t.bar, t.fail, t.rows)
	return t
}

func (t *testList) refresh() {
	f := t.u.flow
	switch {
	case f.testing || f.opening:
		widgets.SetText(t.title, t.u.tr("tests.running"))
		t.bar.Show()
	default:
		widgets.SetText(t.title, t.u.tr("tests.title"))
		t.bar.Hide()
	}
	t.bar.Max = float64(max(f.total, 1))
	t.bar.SetValue(float64(f.done()))
	if f.testErr != nil {
		fill(t.fail, t.u.problem(f.testErr, f.test))
	} else if len(t.fail.Objects) > 0 {
		fill(t.fail)
	}
	shown := 0
	for _, l := range f.lines {
		if l.status == "na" {
			if row := t.lines[l.id]; row != nil {
				row.Hide()
			}
			continue // what this computer does not have is no news
		}
		shown++
		row := t.lines[l.id]
		if row == nil {
			row = widgets.NewStatusLine(l.status, t.u.t.Check(l.id), t.u.statusWord(l.status))
			t.lines[l.id] = row
			t.rows.Add(row)
			continue
		}
		row.Show()
		row.Set(l.status, t.u.t.Check(l.id), t.u.statusWord(l.status))
	}
	if len(f.lines) == 0 && len(t.lines) > 0 { // a new run
		t.lines = map[string]*widgets.StatusLine{}
		fill(t.rows)
	}
}
