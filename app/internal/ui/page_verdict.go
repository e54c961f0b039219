package ui

import (
	"slices"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildVerdict shows the one sentence, and what it rests on.
func (u *UI) buildVerdict(s *scope) *page {
	u.flow.begin("")
	v := &verdict{u: u, main: stack(), tests: newTestList(u)}
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
	if d == v.shown {
		return
	}
	v.shown = d
	canRepair := len(f.repairs()) > 0
	v.next.Show()
	v.report.Hide()
	v.next.SetText(v.u.tr("verdict.report"))
	if canRepair {
		v.report.Show()
		v.report.SetText(v.u.tr("verdict.report_anyway"))
		v.next.SetText(v.u.tr("verdict.repair"))
	}
	fill(v.main, v.u.diagnosisParts(d, f)...)
	v.u.shell.refresh()
	v.u.win.Canvas().Focus(v.next)
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

func toneOf(d *api.Diagnosis) widgets.Tone {
	switch {
	case d.Cause == api.Healthy:
		return widgets.ToneGood
	case d.Problem():
		return widgets.ToneWarn
	}
	return widgets.ToneInfo
}

// diagnosisParts puts a diagnosis into words and shapes.
func (u *UI) diagnosisParts(d *api.Diagnosis, f *flow) objects {
	w := u.t.Diagnosis(*d)
	head := objects{widgets.Lead(w.Sentence)}
	if d.Problem() {
		head.add(widgets.Body(u.tr("verdict.sure", "confidence", w.Confidence, "actor", w.Actor)))
	}
	if w.Breaks != "" {
		head.add(widgets.Body(w.Breaks))
	}
	parts := objects{widgets.NewPanel(toneOf(d), head...)}
	if w.Now != "" {
		parts.add(widgets.Heading(u.tr("verdict.now")), widgets.Body(w.Now))
	}
	if len(d.Evidence) > 0 {
		parts.add(widgets.Heading(u.tr("verdict.evidence")))
		for _, e := range d.Evidence {
			parts.add(widgets.Body(u.tr("verdict.fact", "check", u.t.Check(e.Check), "fact",
				u.factLine(e.Fact))))
		}
	}
	if w.RuledOut != "" {
		parts.add(widgets.Muted(w.RuledOut))
	}
	if w.Also != "" {
		parts.add(widgets.NewPanel(widgets.ToneInfo, widgets.Body(w.Also)))
	}
	if len(d.Folded) > 0 {
		parts.add(widgets.NewFold(u.inPage, u.t.N("window.verdict.folded", len(d.Folded)), func() object {
			return u.resultLines(f.inc.Results, d.Folded)
		}))
	}
	if len(f.inc.Results) > 0 {
		parts.add(widgets.NewFold(u.inPage, u.t.N("window.verdict.all", len(f.inc.Results)), func() object {
			return u.resultLines(f.inc.Results, nil)
		}))
	}
	parts.add(row(widgets.NewButton(u.inPage, widgets.Quiet, u.tr("verdict.again"), f.test)))
	return parts
}

// resultLines shows results with their facts; only names some of them, nil is all.
func (u *UI) resultLines(results []api.Result, only []string) object {
	box := stack()
	for _, r := range results {
		if only != nil && !slices.Contains(only, r.ID) {
			continue
		}
		box.Add(widgets.NewStatusLine(string(r.Status), u.t.Check(r.ID), u.statusWord(string(r.Status))))
		for _, fact := range r.Facts {
			box.Add(widgets.Caption(u.factLine(fact)))
		}
	}
	return box
}
