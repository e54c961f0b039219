package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/theme"
	"balise/app/internal/ui/widgets"
)

// buildTickets lists the user's tickets, what is new first marked, and what waits to leave above them.
func (u *UI) buildTickets(s *scope) *page {
	t := &tickets{u: u, s: s, top: stack(), waits: stack(), rows: stack()}
	refresh := widgets.NewButton(u.outPage, widgets.Secondary, u.tr("tickets.refresh"),
		func() { t.read(true) })
	report := widgets.NewButton(u.outPage, widgets.Primary, u.tr("tickets.report"),
		func() { u.go_(route{name: pageDescribe}) })
	t.refreshing = refresh
	p := &page{
		body: objects{widgets.Title(u.tr("tickets.title")), t.top, t.waits, t.rows},
		foot: objects{refresh, report}, primary: report, reload: func() { t.read(false) },
	}
	fill(t.top, busy(u.tr("tickets.reading")))
	t.read(false)
	return p
}

type tickets struct {
	u          *UI
	s          *scope
	top        *containerT
	waits      *containerT
	rows       *containerT
	refreshing *widgets.Button
	list       *api.TicketList
	all        bool
}

// fewRows is how many tickets show before the user asks for all: people look for the newest, and a page
// of hundreds of rows is slow to lay out.
const fewRows = 30

func (t *tickets) read(ask_ bool) {
	t.refreshing.Disable()
	ask(t.s, asking, func(ctx context.Context) (api.TicketList, error) {
		return t.u.p.Service.Tickets(ctx, ask_)
	}, func(list api.TicketList, err error) {
		t.refreshing.Enable()
		if err != nil {
			fill(t.top, t.u.problem(err, func() { t.read(true) }))
			t.u.shell.refresh()
			return
		}
		// What is kept is shown at once; the desk itself is asked behind it.
		if t.list == nil && !ask_ && list.Problem == nil {
			t.list = &list
			t.show()
			t.read(true)
			return
		}
		t.list = &list
		t.show()
	})
}

func (t *tickets) show() {
	u := t.u
	var top, waits, rows objects
	if t.list.Problem != nil {
		top.add(u.problem(t.list.Problem, func() { t.read(true) }))
	}
	if !t.list.AsOf.IsZero() {
		top.add(widgets.Caption(u.tr("tickets.as_of", "time", u.when(t.list.AsOf))))
	}
	for _, it := range t.list.Outbox {
		if it.State != "sent" {
			waits.add(u.outboxCard(t.s, it, func() { t.read(false) }))
		}
	}
	n := len(t.list.Tickets)
	if !t.all {
		n = min(n, fewRows)
	}
	for _, row := range t.list.Tickets[:n] {
		rows.add(newTicketRow(u, row))
	}
	if n < len(t.list.Tickets) {
		rows.add(row(widgets.NewButton(u.inPage, widgets.Quiet, u.tr("tickets.more", "n",
			len(t.list.Tickets)-n),
			func() { t.all = true; t.show() })))
	}
	if len(t.list.Tickets) == 0 && len(waits) == 0 && t.list.Problem == nil {
		rows.add(widgets.Body(u.tr("tickets.none")))
	}
	fill(t.top, top...)
	fill(t.waits, waits...)
	fill(t.rows, rows...)
	u.shell.refresh()
	if len(t.list.Tickets) > 0 {
		u.focusFirst(rows[0])
	}
}

// newTicketRow is one ticket: a shape and a word for its state, its subject, and when it last changed.
func newTicketRow(u *UI, t api.TicketRow) object {
	subject := widget.NewLabel(widgets.Line(t.Subject))
	subject.Truncation = fyne.TextTruncateEllipsis
	subject.TextStyle = fyne.TextStyle{Bold: t.Unread}
	state := u.ticketState(t.Ticket)
	line := u.tr("tickets.line", "number", widgets.Line(t.Number), "state", state, "time", u.when(t.Updated))
	if t.Unread {
		line = u.tr("tickets.unread", "line", line)
	}
	small := widget.NewLabel(line)
	small.SizeName = "helperText"
	small.Truncation = fyne.TextTruncateEllipsis
	left := container.NewHBox(widgets.Gap(1), widgets.StatusIcon(string(t.Status), 24))
	var mark object = widgets.Gap(1)
	if t.Unread {
		mark = widgets.NewIcon("unread", theme.ColorBeacon, theme.ColorSurface, 16)
	}
	content := container.NewBorder(nil, nil, left, container.NewHBox(mark, widgets.Gap(1)),
		container.New(tight{}, subject, small))
	return widgets.NewRow(u.inPage, content, func() { u.go_(route{pageTicket, t.Number}) })
}

// tight puts labels under each other with less air than they bring.
type tight struct{}

func (tight) MinSize(o []object) fyne.Size {
	var s fyne.Size
	for _, x := range o {
		m := x.MinSize()
		s.Width = max(s.Width, m.Width)
		s.Height += m.Height - 12
	}
	return s.AddWidthHeight(0, 12)
}

func (tight) Layout(o []object, size fyne.Size) {
	y := float32(0)
	for _, x := range o {
		h := x.MinSize().Height
		x.Resize(fyne.NewSize(size.Width, h))
		x.Move(fyne.NewPos(0, y))
		y += h - 12
	}
}

// ticketState is a ticket's state in human words, with the desk's own word where ours says nothing.
func (u *UI) ticketState(t api.Ticket) string {
	if t.Status == "unknown" && t.RawStatus != "" {
		return u.tr("ticket.raw", "word", widgets.Line(t.RawStatus))
	}
	return u.t.T("status." + string(t.Status))
}
