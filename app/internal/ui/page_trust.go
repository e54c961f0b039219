package ui

import (
	"context"

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
	ask(s, quick, func(ctx context.Context) (api.TicketList, error) {
		return u.p.Service.Tickets(ctx,
			false)
	},
		func(list api.TicketList, err error) {
			if err != nil {
				fill(sent, u.problem(err, u.again))
				return
			}
			var rows objects
			for _, t := range list.Tickets {
				if t.ClientRef != "" {
					rows.add(newTicketRow(u, t))
				}
			}
			if len(rows) == 0 {
				rows.add(widgets.Muted(u.tr("trust.nothing")))
			}
			fill(sent, rows...)
			u.shell.refresh()
		})
	return p
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
