package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/theme"
	"balise/app/internal/ui/widgets"
)

// buildSent says what became of the report: the number, the code for the phone, what happens next.
func (u *UI) buildSent(s *scope) *page {
	sent := u.flow.sent
	if sent == nil {
		return u.buildDescribe(s, "")
	}
	p := &page{escape: u.afterSent}
	done := widgets.NewButton(u.outPage, widgets.Primary, u.tr("sent.done"), u.afterSent)
	var head objects
	switch sent.State {
	case "sent":
		head.add(widgets.NewPanel(widgets.ToneGood, widgets.Lead(u.tr("sent.number", "number",
			widgets.Line(sent.Number))),
			widgets.Body(u.tr("sent.next"))))
	case "refused":
		parts := objects{widgets.Lead(u.tr("sent.refused")), widgets.Body(u.tr("sent.refused_next"))}
		head.add(widgets.NewPanel(widgets.ToneBad, parts...))
	default:
		head.add(widgets.NewPanel(widgets.ToneInfo, widgets.Lead(u.tr("sent.queued")),
			widgets.Body(u.tr("sent.queued_next"))))
	}
	if sent.Reason != nil {
		what, next := u.explain(sent.Reason)
		head.add(widgets.NewPanel(widgets.ToneWarn, widgets.Heading(what), widgets.Body(next)))
	}
	p.body = append(objects{widgets.Title(u.tr("sent.title." + sentState(sent.State)))}, head...)
	p.body = append(p.body, widgets.Heading(u.tr("sent.code")), u.big(sent.Code),
		widgets.Muted(u.tr("sent.code_how")))
	if t := u.support(); t != "" {
		p.body = append(p.body, widgets.Body(t))
	}
	if sent.State == "sent" && sent.Number != "" {
		p.foot = append(p.foot, widgets.NewButton(u.outPage, widgets.Secondary, u.tr("sent.open"), func() {
			n := sent.Number
			u.flow.reset()
			u.go_(route{pageTicket, n})
		}))
	} else {
		p.foot = append(p.foot, widgets.NewButton(u.outPage, widgets.Secondary, u.tr("sent.outbox"), func() {
			u.flow.reset()
			u.go_(route{name: pageOutbox})
		}))
	}
	p.foot = append(p.foot, done)
	p.primary, p.focus = done, done
	p.reload = func() { u.recheckSent(s) }
	return p
}

// recheckSent turns "waiting" into a number when the outbox got it through meanwhile.
func (u *UI) recheckSent(s *scope) {
	ask(s, quick, u.p.Service.Outbox, func(items []api.OutboxItem, err error) {
		sent := u.flow.sent
		if err != nil || sent == nil || sent.State == "sent" {
			return
		}
		for _, it := range items {
			if it.Ref == sent.Ref && it.State == "sent" && it.Number != "" {
				sent.State, sent.Number, sent.Reason = "sent", it.Number, nil
				u.again()
				return
			}
		}
	})
}

func sentState(s string) string {
	switch s {
	case "sent", "refused":
		return s
	}
	return "queued"
}

func (u *UI) afterSent() {
	u.flow.reset()
	u.go_(route{name: pageTickets})
}

// big is a word in large letters that can be selected and copied: a number, a code.
func (u *UI) big(s string) *widget.Label {
	l := widget.NewLabel(widgets.Line(s))
	l.SizeName = theme.SizeTitle
	l.TextStyle = fyne.TextStyle{Bold: true, Monospace: true}
	l.Selectable = true
	return l
}
