package ui

import (
	"context"
	"errors"
	"time"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// reconnect is how often a lost agent is looked for: often enough for a user who watches, cheap enough for
// one who left the window open overnight.
const reconnect = 2 * time.Second

// readState asks the agent how things stand.
func (u *UI) readState() {
	ask(u.life, quick, u.p.Service.State, u.gotState)
}

func (u *UI) gotState(s api.State, err error) {
	if err != nil {
		if agentGone(err) {
			u.lost()
		} else {
			u.look() // an agent that is slow to answer is not gone
		}
		return
	}
	was, back, knew := u.state, u.gone, u.known
	u.state, u.gone, u.known = s, false, true
	if back {
		u.flow.rejoin()
	}
	if back || !knew {
		u.learnWords()
		u.learnBranding()
	}
	switch {
	case s.Language != "" && s.Language != u.t.Lang():
		u.setLanguage(s.Language)
	case u.mustSignIn():
		u.go_(route{name: pageSignIn})
	case back || !knew || was.Desk.Practice != s.Desk.Practice || was.Desk.SignedIn != s.Desk.SignedIn:
		if back || u.at.name == pageSettings {
			u.again()
			break
		}
		u.shell.setBanner()
		if u.flow.changed != nil {
			u.flow.changed()
		}
	}
	u.first = false
	u.shell.rail.Refresh()
}

// mustSignIn tells whether this is somebody's first start: a desk is set, nobody is signed in, and nothing
// else was asked for.
func (u *UI) mustSignIn() bool {
	d := u.state.Desk
	return u.first && u.at == route{name: pageDescribe} && !d.Practice && !d.SignedIn &&
		d.Problem != nil && d.Problem.Code == api.CodeDeskNoCredential
}

// setLanguage starts the window's texts again in another language; what was typed stays in the flow.
func (u *UI) setLanguage(lang string) {
	u.t = i18n.New(lang)
	u.learnWords()
	u.win.SetTitle(u.t.T("app.name"))
	u.shell.rail.Refresh()
	u.again()
}

// learnWords asks for the words that support packs bring; what is shown from then on has them.
func (u *UI) learnWords() {
	lang := u.t.Lang()
	ask(u.life, quick, func(ctx context.Context) (map[string]string, error) {
		return u.p.Service.Words(ctx, lang)
	}, func(words map[string]string, err error) {
		if err != nil {
			u.p.Log.Info("the packs' words", "err", err) // their codes show instead
			return
		}
		if len(words) > 0 && u.t.Lang() == lang {
			u.t = i18n.New(lang).With(words)
			if u.flow.changed != nil {
				u.flow.changed()
			}
		}
	})
}

// follow listens to the agent for as long as the window lives.
func (u *UI) follow() {
	go func() {
		for u.life.ctx.Err() == nil {
			err := u.p.Service.Events(u.life.ctx, func(e api.Event) {
				u.p.Post(func() { u.onEvent(e) })
			})
			if u.life.ctx.Err() != nil {
				return
			}
			u.p.Log.Info("the agent's events ended", "err", err)
			u.p.Post(u.readState)
			select {
			case <-u.life.ctx.Done():
				return
			case <-time.After(reconnect):
			}
		}
	}()
}

func (u *UI) onEvent(e api.Event) {
	if u.life.over() {
		return
	}
	switch e.Kind {
	case "show":
		u.Show(e.Page, e.Incident)
	case "ticket":
		if u.at == (route{pageTicket, e.Ticket}) || u.at.name == pageTickets {
			u.reload()
		}
		if u.front {
			u.witness()
		}
		u.readState()
	case "outbox":
		if u.at.name == pageOutbox || u.at.name == pageTickets || u.at.name == pageSent {
			u.reload()
		}
		u.readState()
	case "repair":
		u.flow.othersRepair(e)
	case "notices":
		if u.at.name == pageDescribe {
			u.reload()
		}
	default:
		u.readState()
	}
}

// witness tells the open page that the user has it before their eyes.
func (u *UI) witness() {
	if !u.hidden && u.cur != nil && u.cur.seen != nil {
		u.cur.seen()
	}
}

// reload lets the open page read its data again, where it knows how.
func (u *UI) reload() {
	if u.hidden || u.cur == nil || u.cur.reload == nil {
		return
	}
	u.cur.reload()
}

// lost shows that the agent does not answer, and looks for it until it does.
func (u *UI) lost() {
	if !u.gone {
		u.gone = true
		u.again()
	}
	u.look()
}

// look asks the agent again in a while; one search is enough, however many questions went unanswered.
func (u *UI) look() {
	if u.looking {
		return
	}
	u.looking = true
	u.life.after(reconnect, func() {
		u.looking = false
		u.readState()
	})
}

// agentGone tells an agent that is not there from one that says no.
func agentGone(err error) bool { return api.CodeOf(err) == api.CodeNoAgent }

// buildGone is the page that shows when the agent does not answer.
func (u *UI) buildGone() *page {
	retry := widgets.NewButton(u.outPage, widgets.Primary, u.t.T("button.retry"), u.readState)
	p := &page{primary: retry, focus: retry}
	p.body = append(p.body,
		widgets.Title(u.tr("gone.title")),
		widgets.NewPanel(widgets.ToneWarn, widgets.Lead(u.tr("gone.what")), widgets.Body(u.tr("gone.next"))),
		widgets.Muted(u.tr("gone.kept")),
	)
	if s := u.support(); s != "" {
		p.body = append(p.body, widgets.Body(s))
	}
	p.foot = append(p.foot, retry)
	return p
}

// support is how to reach people without Balise, or nothing.
func (u *UI) support() string {
	s := u.state.Support
	if s.Phone == "" {
		return ""
	}
	name := s.Name
	if name == "" {
		name = u.tr("support.desk")
	}
	if s.Hours == "" {
		return u.tr("support.call", "name", widgets.Line(name), "phone", widgets.Line(s.Phone))
	}
	return u.tr("support.call_hours", "name", widgets.Line(name), "phone", widgets.Line(s.Phone),
		"hours", widgets.Line(s.Hours))
}

// explain is what happened and what to do next, in words, never the raw error.
func (u *UI) explain(err error) (what, next string) {
	var e *api.Error
	if !errors.As(err, &e) {
		e = &api.Error{Code: api.CodeInternal}
		if errors.Is(err, context.DeadlineExceeded) {
			return u.tr("slow.what"), u.tr("slow.next")
		}
	}
	args := map[string]string{}
	for k, v := range e.Args {
		args[k] = widgets.Line(v)
	}
	return u.t.Error(e.Code, args)
}

// problem is a panel that explains an error, with a button to try again when there is something to try.
func (u *UI) problem(err error, again func()) *widgets.Panel {
	what, next := u.explain(err)
	parts := objects{widgets.Heading(what), widgets.Body(next)}
	if again != nil {
		parts.add(row(widgets.NewButton(u.inPage, widgets.Secondary, u.t.T("button.retry"), again)))
	}
	if d := detailOf(err); d != "" {
		parts.add(widgets.NewFold(u.inPage, u.tr("error.detail"), func() object { return widgets.Mono(d) }))
	}
	return widgets.NewPanel(widgets.ToneBad, parts...)
}

func detailOf(err error) string {
	var e *api.Error
	if errors.As(err, &e) && e.Detail != "" {
		return e.Code + "\n" + e.Detail
	}
	return ""
}
