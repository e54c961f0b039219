package ui

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// ticket is one ticket: where it stands, what was said, and what the user can do about it.
type ticket struct {
	u *UI
	s *scope
	n string

	top, thread, act *containerT
	entry            *widgets.Entry
	attach           []string
	files            *filePicker
	view             *api.TicketView
	all              bool
	writing          bool
	note             object // what became of the last reply
	rated            bool
	newest           object // the desk's answer that the user has not answered yet
	shape            string // what the action part was built for
}

func (u *UI) buildTicket(s *scope, n string) *page {
	t := &ticket{u: u, s: s, n: n, top: stack(), thread: stack(), act: stack()}
	t.entry = widgets.NewArea(u.inPage, 4)
	t.entry.SetPlaceHolder(u.tr("ticket.reply_hint"))
	t.files = newFilePicker(u, u.inPage, &t.attach, nil)
	p := &page{
		body:   objects{t.top, t.thread, t.act},
		escape: func() { u.go_(route{name: pageTickets}) }, reload: func() { t.read(false) },
		drop: t.files.add,
	}
	back := widgets.NewButton(u.outPage, widgets.Secondary, u.tr("ticket.back"), p.escape)
	refresh := widgets.NewButton(u.outPage, widgets.Secondary, u.tr("tickets.refresh"),
		func() { t.read(true) })
	p.foot, p.focus = objects{back, refresh}, back
	fill(t.top, busy(u.tr("tickets.reading")))
	t.read(false)
	p.seen = func() {
		do(s, quick, func(ctx context.Context) error { return u.p.Service.MarkSeen(ctx, n) },
			func(error) { u.readState() })
	}
	p.seen()
	return p
}

func (t *ticket) read(fresh bool) {
	ask(t.s, asking, func(ctx context.Context) (api.TicketView, error) {
		return t.u.p.Service.Ticket(ctx, t.n, fresh)
	}, func(v api.TicketView, err error) {
		if err != nil {
			fill(t.top, t.u.problem(err, func() { t.read(true) }))
			t.u.shell.refresh()
			return
		}
		first := t.view == nil
		news := first || fresh || len(v.Messages) > len(t.view.Messages)
		t.view = &v
		t.show()
		if first {
			t.beginAnswer()
		}
		if news {
			t.s.after(layoutTime, func() { t.showNewest() })
		}
		if first && !fresh {
			t.read(true)
		}
	})
}

// showNewest brings the desk's last word into view, however long the thread is.
func (t *ticket) showNewest() {
	if t.newest != nil {
		t.u.scrollTo(t.newest)
	}
}

// beginAnswer puts the keyboard where the desk waits for it.
func (t *ticket) beginAnswer() {
	if t.view.Status == "pending" && t.view.Actions.Reply != api.No {
		t.u.win.Canvas().Focus(t.entry)
	}
}

func (t *ticket) show() {
	u, v := t.u, t.view
	top := objects{widgets.Title(widgets.Line(v.Subject))}
	state := widgets.NewStatusLine(string(v.Status), u.ticketState(v.Ticket), u.tr("ticket.number",
		"number", widgets.Line(v.Number)))
	card := objects{state, widgets.Body(u.tr("ticket.means." + ticketMeaning(v.Status)))}
	if who := widgets.Line(v.Assignee.Name); who != "" {
		card.add(widgets.Muted(u.tr("ticket.assignee", "who", who)))
	}
	if v.Code != "" {
		card.add(widgets.Caption(u.tr("ticket.code", "code", widgets.Line(v.Code))))
	}
	top.add(widgets.NewPanel(widgets.ToneCard, card...))
	if v.Problem != nil {
		top.add(u.problem(v.Problem, func() { t.read(true) }))
	}
	fill(t.top, top...)
	t.showThread()
	t.showActions()
	u.shell.refresh()
}

func ticketMeaning(s api.TicketStatus) string {
	switch s {
	case "new", "open", "pending", "resolved", "closed":
		return string(s)
	}
	return "unknown"
}

// fewMessages is how much of a long thread shows at once; the newest matter.
const fewMessages = 25

// longReport is how many lines the report that opened the ticket may have before it is folded under the answers:
// who comes back wants to read these.
const longReport = 12

func (t *ticket) showThread() {
	u, list := t.u, t.view.Messages
	var out objects
	from := 0
	if !t.all && len(list) > fewMessages {
		from = len(list) - fewMessages
		out.add(row(widgets.NewButton(u.inPage, widgets.Quiet, u.tr("ticket.earlier", "n", from),
			func() { t.all = true; t.showThread() })))
	}
	for i, m := range list[from:] {
		if from+i == 0 && m.FromMe && len(list) > 1 && strings.Count(m.Text, "\n") > longReport {
			out.add(widgets.NewFold(u.inPage, u.tr("ticket.first"), func() object { return t.message(m) }))
			continue
		}
		o := t.message(m)
		switch {
		case m.FromMe:
			t.newest = nil
		case strings.TrimSpace(m.Text) != "" || len(m.Attachments) > 0:
			t.newest = o
		}
		out.add(o)
	}
	for _, it := range t.view.Outbox {
		if it.State != "sent" {
			out.add(u.outboxCard(t.s, it, func() { t.read(false) }))
		}
	}
	fill(t.thread, out...)
}

// noteWord is a desk's change of state in the words that the rest of the window uses.
func (u *UI) noteWord(note string) string {
	note = widgets.Line(note)
	if key := "status." + note; u.t.Has(key) {
		return u.tr("ticket.now", "state", u.t.T(key))
	}
	return note
}

func (t *ticket) message(m api.Message) object {
	u := t.u
	if m.StatusNote != "" && strings.TrimSpace(m.Text) == "" {
		return widgets.Caption(u.tr("ticket.note", "note", u.noteWord(m.StatusNote), "time", u.when(m.At)))
	}
	who := widgets.Line(m.From.Name)
	tone := widgets.ToneCard
	switch {
	case m.FromMe:
		who = u.tr("ticket.me")
	case who == "":
		who = u.tr("support.desk")
	}
	if !m.FromMe {
		tone = widgets.ToneInfo
	}
	parts := objects{
		widgets.Heading(u.tr("ticket.from", "who", who, "time", u.when(m.At))),
		widgets.Body(m.Text),
	}
	for _, a := range m.Attachments {
		parts.add(row(widgets.NewButton(u.inPage, widgets.Quiet,
			u.tr("ticket.save", "name", widgets.Line(a.Name), "size", u.size(a.Size)),
			func() { u.saveAttachment(t.s, t.n, a) })))
	}
	return widgets.NewPanel(tone, parts...)
}

// showActions offers what this user may do to this ticket now. It is only built anew when that changes, so
// that a text under way and the keyboard's place stay.
func (t *ticket) showActions() {
	a := t.view.Actions
	shape := strings.Join([]string{
		string(a.Reply), string(a.Reopen), string(a.Rate), map[bool]string{true: "w"}[t.writing],
		map[bool]string{true: "r"}[t.rated], map[bool]string{true: "e"}[t.ended()],
	}, "/")
	if shape == t.shape && t.note == nil {
		return
	}
	t.shape = shape
	u := t.u
	var out objects
	if t.note != nil {
		out.add(t.note)
		t.note = nil
		t.shape = ""
	}
	if t.writing {
		fill(t.act, append(out, busy(u.tr("ticket.sending")))...)
		return
	}
	var buttons objects
	if a.Reply != api.No {
		buttons.add(widgets.NewButton(u.inPage, widgets.Primary, u.tr("ticket.reply"),
			func() { t.write(false) }))
	}
	if a.Reopen != api.No && t.ended() {
		buttons.add(widgets.NewButton(u.inPage, widgets.Secondary, u.tr("ticket.reopen"),
			func() { t.write(true) }))
	}
	if len(buttons) > 0 {
		name := u.tr("ticket.reply_title")
		if a.Reply == api.No {
			name = u.tr("ticket.reopen_title")
		}
		out.add(field(name, t.entry), t.files.root, row(buttons...))
	}
	if a.Rate != api.No && u.state.Desk.Caps.CanRate && t.view.Rating == nil && !t.rated {
		out.add(t.rating())
	}
	if r := t.view.Rating; r != nil {
		out.add(widgets.Muted(u.tr("ticket.rated", "n", r.Value, "max", r.Max)))
	}
	fill(t.act, out...)
}

// ended tells whether there is something to reopen.
func (t *ticket) ended() bool {
	switch t.view.Status {
	case "new", "open", "pending":
		return false
	}
	return true
}

func (t *ticket) write(reopen bool) {
	text := strings.TrimSpace(t.entry.Text)
	if text == "" && (reopen || len(t.attach) == 0) {
		t.tell(widgets.NewPanel(widgets.ToneInfo, widgets.Body(t.u.tr("ticket.empty"))))
		t.u.win.Canvas().Focus(t.entry)
		return
	}
	in := api.ReplyInput{Text: text, Attach: t.attach}
	t.writing = true
	t.showActions()
	ask(t.s, sending, func(ctx context.Context) (api.Sent, error) {
		if reopen {
			return t.u.p.Service.Reopen(ctx, t.n, text)
		}
		return t.u.p.Service.Reply(ctx, t.n, in)
	}, func(sent api.Sent, err error) {
		t.writing = false
		if err != nil {
			t.tell(t.u.problem(err, nil))
			return
		}
		t.entry.SetText("")
		t.attach = nil
		t.files.show()
		t.tell(t.u.replyNote(sent))
		t.read(true)
	})
}

// replyNote says what became of a reply.
func (u *UI) replyNote(sent api.Sent) object {
	if sent.State == "sent" {
		return widgets.NewPanel(widgets.ToneGood, widgets.Body(u.tr("ticket.replied")))
	}
	parts := objects{widgets.Body(u.tr("ticket.reply_waits"))}
	if sent.Reason != nil {
		what, next := u.explain(sent.Reason)
		parts.add(widgets.Heading(what), widgets.Body(next))
	}
	return widgets.NewPanel(widgets.ToneWarn, parts...)
}

func (t *ticket) tell(o object) {
	t.note = o
	t.showActions()
	t.u.shell.refresh()
}

// rating asks how it went, where the desk wants to know.
func (t *ticket) rating() object {
	u := t.u
	most := u.state.Desk.Caps.RateMax
	if most < 2 || most > 10 {
		most = 5
	}
	buttons := make([]fyne.CanvasObject, 0, most)
	for i := 1; i <= most; i++ {
		buttons = append(buttons, widgets.NewButton(u.inPage, widgets.Secondary, u.tr("ticket.rate", "n",
			i, "max", most),
			func() { t.rate(api.Rating{Value: i, Max: most}) }))
	}
	return widgets.NewPanel(widgets.ToneCard, widgets.Heading(u.tr("ticket.rate_title")), row(buttons...))
}

func (t *ticket) rate(r api.Rating) {
	do(t.s, asking, func(ctx context.Context) error { return t.u.p.Service.Rate(ctx, t.n, r) },
		func(err error) {
			if err != nil {
				t.tell(t.u.problem(err, nil))
				return
			}
			t.rated = true
			t.tell(widgets.NewPanel(widgets.ToneGood, widgets.Body(t.u.tr("ticket.thanks"))))
			t.read(false)
		})
}
