package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildTrust says in plain words what Balise does with what it knows, and shows it.
func (u *UI) buildTrust(s *scope) *page {
	facts, sent := stack(), stack()
	p := &page{body: objects{
		widgets.Title(u.tr("trust.title")),
		widgets.NewPanel(widgets.ToneGood, widgets.Lead(u.tr("trust.lead"))),
	}}
	for _, key := range []string{
		"trust.leaves", "trust.masked", "trust.screen", "trust.kept",
		"trust.secrets", "trust.repairs",
	} {
		p.body = append(p.body, widgets.NewPanel(widgets.ToneCard, widgets.Heading(u.tr(key+".title")),
			widgets.Body(u.tr(key+".text"))))
	}
	fold := widgets.NewFold(u.inPage, u.tr("trust.machine"), func() object {
		u.readSnapshot(s, facts)
		return facts
	})
	p.body = append(p.body, fold, widgets.Heading(u.tr("trust.sent")), sent)
	u.readSent(s, sent)
	return p
}

// readSent lists everything that ever left, closed; a look inside shows what it was, to the byte count.
func (u *UI) readSent(s *scope, into *containerT) {
	ask(s, quick, u.p.Service.Sent, func(list []api.Record, err error) {
		if err != nil {
			fill(into, u.problem(err, func() { u.readSent(s, into) }))
			u.shell.refresh()
			return
		}
		u.showSent(into, list, false)
	})
}

// showSent shows the newest records, or all.
func (u *UI) showSent(into *containerT, list []api.Record, all bool) {
	n := len(list)
	if !all {
		n = min(n, fewRows)
	}
	var rows objects
	for _, r := range list[:n] {
		rows.add(u.recordFold(r))
	}
	if n < len(list) {
		rows.add(row(widgets.NewButton(u.inPage, widgets.Quiet, u.tr("tickets.more", "n", len(list)-n),
			func() { u.showSent(into, list, true) })))
	}
	if len(list) == 0 {
		rows.add(widgets.Muted(u.tr("trust.nothing")))
	}
	fill(into, rows...)
	u.shell.refresh()
}

func (u *UI) recordFold(r api.Record) object {
	key := "records.report"
	if r.Kind == "reply" {
		key = "records.reply"
	}
	title := widget.NewLabel(u.t.T(key, "subject", widgets.Line(r.Subject), "time", u.when(r.At)))
	title.Truncation = fyne.TextTruncateEllipsis
	return widgets.NewFoldBeside(u.inPage, title, u.t.T("records.details"), func() object {
		return widgets.NewPanel(widgets.ToneCard, u.recordParts(r)...)
	})
}

// recordParts says where a report went, what of it, and what was held back.
func (u *UI) recordParts(r api.Record) objects {
	parts := objects{widgets.Body(u.t.T("records.went", "desk", widgets.Line(r.Desk)))}
	switch {
	case r.State != "" && r.State != "sent":
		parts = objects{widgets.Body(u.t.T("records.waits", "desk", widgets.Line(r.Desk)))}
	case r.Number != "":
		parts.add(widgets.Muted(u.t.T("records.number", "number", widgets.Line(r.Number), "code", r.Code)))
	}
	for _, s := range r.Sections {
		parts.add(widgets.Body(u.t.T("records.part", "part", u.sectionName(s.ID), "size", u.size(int64(s.Bytes)))))
	}
	if len(r.Withheld) > 0 {
		var names []string
		for _, id := range r.Withheld {
			names = append(names, u.sectionName(id))
		}
		parts.add(widgets.Body(u.t.T("records.held", "parts", strings.Join(names, ", "))))
	}
	for _, f := range r.Files {
		parts.add(widgets.Body(u.t.T("records.file", "name", widgets.Line(f.Name), "size", u.size(f.Size))))
		parts.add(widgets.Caption(u.t.T("records.digest", "sum", f.SHA256)))
	}
	return append(parts, widgets.Caption(u.t.T("records.ref", "ref", r.Ref)))
}

// sectionName is a part of a report in the words of its review.
func (u *UI) sectionName(id string) string {
	for _, key := range []string{"records.section." + id, "report.section." + id} {
		if u.t.Has(key) {
			return u.t.T(key)
		}
	}
	return widgets.Line(id)
}

func (u *UI) readSnapshot(s *scope, into *containerT) {
	fill(into, busy(u.tr("trust.reading")))
	ask(s, probing, u.p.Service.Snapshot, func(groups []api.FactGroup, err error) {
		if err != nil {
			fill(into, u.problem(err, func() { u.readSnapshot(s, into) }))
			u.shell.refresh()
			return
		}
		var parts objects
		for _, g := range groups {
			name := g.ID
			if key := "group." + g.ID; u.t.Has(key) {
				name = u.t.T(key)
			}
			card := objects{widgets.Heading(name)}
			for _, f := range g.Facts {
				card.add(widgets.Caption(u.factLine(f)))
			}
			parts.add(widgets.NewPanel(widgets.ToneCard, card...))
		}
		fill(into, parts...)
		u.shell.refresh()
	})
}
