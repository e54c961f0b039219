package ui

import (
	"slices"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

func toneOf(d *api.Diagnosis) widgets.Tone {
	switch {
	case d.Cause == api.Healthy:
		return widgets.ToneGood
	case d.Problem():
		return widgets.ToneWarn
	}
	return widgets.ToneInfo
}

// diagnosisParts puts a diagnosis into words and shapes: four lines at most, then what they rest on, then
// what only some people unfold.
func (u *UI) diagnosisParts(d *api.Diagnosis, f *flow, q *question) objects {
	w := u.t.Diagnosis(*d)
	head := objects{widgets.Lead(w.Sentence)}
	for _, line := range []string{w.Breaks, w.RuledOut} {
		if line != "" {
			head.add(widgets.Body(line))
		}
	}
	if w.Now != "" {
		head.add(widgets.Heading(w.Now))
	}
	if d.Problem() {
		head.add(widgets.Caption(u.tr("verdict.sure", "confidence", w.Confidence, "actor", w.Actor)))
	}
	parts := objects{widgets.NewPanel(toneOf(d), head...)}
	if q != nil {
		parts.add(q.root)
	}
	parts.add(u.evidence(d)...)
	for i := range d.Also {
		if also := u.t.Diagnosis(api.Diagnosis{Also: d.Also[i : i+1]}).Also; also != "" {
			parts.add(widgets.NewPanel(widgets.ToneInfo, widgets.Body(also)))
		}
	}
	parts.add(u.suspects(d.Changes)...)
	if len(d.Folded) > 0 {
		parts.add(widgets.NewFold(u.inPage, u.t.N("window.verdict.folded", len(d.Folded)), func() object {
			return u.resultLines(f.inc.Results, func(r api.Result) bool { return slices.Contains(d.Folded, r.ID) })
		}))
	}
	if len(f.inc.Results) > 0 {
		parts.add(widgets.NewFold(u.inPage, u.t.N("window.verdict.all", len(f.inc.Results)), func() object {
			return u.resultGroups(f.inc.Results)
		}))
	}
	return parts
}

// evidence is the facts that a diagnosis rests on.
func (u *UI) evidence(d *api.Diagnosis) objects {
	if len(d.Evidence) == 0 {
		return nil
	}
	parts := objects{widgets.Heading(u.tr("verdict.evidence"))}
	for _, e := range d.Evidence {
		parts.add(widgets.Body(u.tr("verdict.fact", "check", u.t.Check(e.Check), "fact", u.factLine(e.Fact))))
	}
	return parts
}

// suspects is what changed since all was well and may have to do with the problem.
func (u *UI) suspects(changes []api.Change) objects {
	if len(changes) == 0 {
		return nil
	}
	parts := objects{widgets.Heading(u.tr("verdict.changes"))}
	for _, c := range changes {
		parts.add(widgets.Body(widgets.Line(u.t.ChangeWhen(c, u.p.Now().Location()))))
	}
	return parts
}

// resultLines shows the results that are wanted, with their facts.
func (u *UI) resultLines(results []api.Result, wanted func(api.Result) bool) object {
	box := stack()
	for _, r := range results {
		if !wanted(r) {
			continue
		}
		box.Add(widgets.NewStatusLine(string(r.Status), u.t.Check(r.ID), u.statusWord(string(r.Status))))
		for _, fact := range r.Facts {
			box.Add(widgets.Caption(u.factLine(fact)))
		}
	}
	return box
}

// resultGroups shows all results, by area.
func (u *UI) resultGroups(results []api.Result) object {
	box := stack()
	for _, area := range areas() {
		var t tally
		for _, r := range results {
			if areaOf(r.ID) == area {
				t.count(string(r.Status))
			}
		}
		if !t.shown() {
			continue
		}
		g := widgets.NewGroup(u.inPage, u.tr("area."+area), func() object {
			return u.resultLines(results, func(r api.Result) bool {
				return areaOf(r.ID) == area && !absent(string(r.Status))
			})
		})
		g.Set(t.status(), u.areaWord(t))
		box.Add(g)
	}
	var none []line
	for _, r := range results {
		if absent(string(r.Status)) {
			none = append(none, line{r.ID, string(r.Status)})
		}
	}
	a := newAbsentFold(u)
	a.set(none)
	box.Add(a.root)
	return box
}
