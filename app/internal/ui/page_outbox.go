package ui

import (
	"context"
	"io"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildOutbox shows what waits to leave, why, and what can be done about it.
func (u *UI) buildOutbox(s *scope) *page {
	o := &outbox{u: u, s: s, main: stack()}
	o.flush = widgets.NewButton(u.outPage, widgets.Primary, u.tr("outbox.flush"), o.onFlush)
	p := &page{
		body:   objects{widgets.Title(u.tr("outbox.title")), widgets.Muted(u.tr("outbox.intro")), o.main},
		foot:   objects{o.flush},
		reload: o.read,
	}
	p.primary = o.flush
	o.flush.Hide()
	fill(o.main, busy(u.tr("outbox.reading")))
	o.read()
	return p
}

type outbox struct {
	u     *UI
	s     *scope
	main  *containerT
	flush *widgets.Button
}

func (o *outbox) read() { ask(o.s, quick, o.u.p.Service.Outbox, o.show) }

func (o *outbox) onFlush() {
	o.flush.Disable()
	fill(o.main, busy(o.u.tr("outbox.flushing")))
	ask(o.s, sending, o.u.p.Service.Flush, o.show)
}

func (o *outbox) show(items []api.OutboxItem, err error) {
	o.flush.Enable()
	if err != nil {
		fill(o.main, o.u.problem(err, o.read))
		o.u.shell.refresh()
		return
	}
	var cards objects
	for _, it := range items {
		if it.State != "sent" {
			cards.add(o.u.outboxCard(o.s, it, o.read))
		}
	}
	empty := len(cards) == 0
	o.flush.Hidden = empty
	if len(cards) == 0 {
		cards.add(widgets.NewPanel(widgets.ToneGood, widgets.Body(o.u.tr("outbox.none"))))
	}
	fill(o.main, cards...)
	o.u.shell.footer.Refresh()
	o.u.shell.refresh()
	if !empty {
		o.u.focusFirst(o.flush)
	}
}

// outboxCard is one report or reply on its way: its state in words, the reason, what can be done.
func (u *UI) outboxCard(s *scope, it api.OutboxItem, after func()) object {
	parts := objects{
		widgets.NewStatusLine(it.State, widgets.Line(it.Subject),
			u.tr("outbox.state."+outboxState(it.State))),
		widgets.Caption(u.tr("outbox.line", "code", widgets.Line(it.Code), "time", u.when(it.Created),
			"size", u.size(it.Bytes))),
	}
	if it.Reason != nil {
		what, next := u.explain(it.Reason)
		parts.add(widgets.Body(what), widgets.Muted(next))
	}
	if it.State == "waiting" && !it.Next.IsZero() {
		parts.add(widgets.Caption(u.tr("outbox.next", "time", u.when(it.Next))))
	}
	if it.State == "sending" {
		return widgets.NewPanel(widgets.ToneCard, parts...)
	}
	failed := stack()
	tell := func(err error) {
		if err != nil {
			fill(failed, u.problem(err, nil))
			u.shell.refresh()
			return
		}
		after()
	}
	retry := widgets.NewButton(u.inPage, widgets.Secondary, u.t.T("button.retry"), nil)
	retry.OnTap = func() {
		retry.Disable()
		ask(s, sending, func(ctx context.Context) (api.OutboxItem, error) {
			return u.p.Service.Retry(ctx, it.Ref)
		}, func(_ api.OutboxItem, err error) { retry.Enable(); tell(err) })
	}
	buttons := objects{retry}
	if it.Kind != "reply" {
		buttons.add(widgets.NewButton(u.inPage, widgets.Secondary, u.tr("outbox.export"), func() {
			u.saveAs(s, u.tr("outbox.export_title"), u.tr("outbox.export_how"),
				"balise-"+safeName(it.Code)+".zip",
				func(ctx context.Context, w io.Writer) error { return u.p.Service.Export(ctx, it.Ref, w) })
		}))
	}
	buttons.add(widgets.NewButton(u.inPage, widgets.Quiet, u.tr("outbox.discard"),
		func() { u.askDiscard(s, it, tell) }))
	parts.add(failed, row(buttons...))
	return widgets.NewPanel(widgets.ToneCard, parts...)
}

func outboxState(s string) string {
	switch s {
	case "draft", "waiting", "sending", "sent", "refused":
		return s
	}
	return "waiting"
}

// askDiscard asks before something is thrown away; the harmless answer has the keyboard.
func (u *UI) askDiscard(s *scope, it api.OutboxItem, tell func(error)) {
	d := widgets.NewDialog(u.win.Canvas(), nil)
	keep := widgets.NewButton(d.Host, widgets.Secondary, u.tr("outbox.keep"), d.Cancel)
	drop := widgets.NewButton(d.Host, widgets.Danger, u.tr("outbox.discard"), func() {
		d.Close()
		do(s, quick, func(ctx context.Context) error { return u.p.Service.Discard(ctx, it.Ref) }, tell)
	})
	d.Show(u.tr("outbox.discard_title"), widgets.Body(u.tr("outbox.discard_text", "subject",
		widgets.Line(it.Subject))),
		keep, keep, drop)
}
