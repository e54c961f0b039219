package ui

import (
	"strings"

	"fyne.io/fyne/v2"
)

// The pages.
const (
	pageDescribe = "describe"
	pageVerdict  = "verdict"
	pageRepair   = "repair"
	pageReview   = "review"
	pageSent     = "sent"
	pageTickets  = "tickets"
	pageTicket   = "ticket"
	pageOutbox   = "outbox"
	pageRequest  = "request"
	pageCheck    = "check"
	pageTrust    = "trust"
	pageSettings = "settings"
	pageSignIn   = "signin"
)

// route is a page and what it is about: a ticket's number, or the incident to go on with.
type route struct{ name, arg string }

// parseRoute reads what the agent and the command line call a page. What it does not know is the first
// page: a link must never end nowhere.
func parseRoute(name, incident string) route {
	head, rest, _ := strings.Cut(strings.Trim(name, "/"), "/")
	switch head {
	case pageTicket:
		if rest == "" {
			return route{name: pageTickets}
		}
		return route{pageTicket, rest}
	case pageTickets, pageOutbox, pageCheck, pageRequest, pageTrust, pageSettings, pageSignIn:
		return route{name: head}
	case pageRepair: // a planned restart: the self-tests say what it is for, and lead to calling it off
		return route{name: pageCheck}
	}
	return route{pageDescribe, incident}
}

// inFlow tells the pages between the first word and the sent report.
func inFlow(name string) bool {
	switch name {
	case pageDescribe, pageVerdict, pageRepair, pageReview:
		return true
	}
	return false
}

// page is what one page shows.
type page struct {
	body    []fyne.CanvasObject
	foot    []fyne.CanvasObject // left to right; the one thing to do comes last
	primary interface{ Tapped(*fyne.PointEvent) }
	focus   fyne.Focusable
	escape  func()
	drop    func([]string)
	leave   func()
	reload  func() // reads the page's data again, keeping what was typed
	seen    func() // tells the agent that the user has what is new before their eyes
	wide    bool
}

// go_ shows a page and ends the one before it. (go is Go's.)
func (u *UI) go_(to route) {
	if u.cur != nil && u.cur.leave != nil {
		u.cur.leave()
	}
	u.shell.openScope()
	u.at = to
	u.flow.changed = nil
	u.cur = u.build(to, u.shell.scope)
	u.shell.show(u.cur, to.name)
}

// again builds the page that is open anew.
func (u *UI) again() { u.go_(u.at) }

func (u *UI) build(to route, s *scope) *page {
	if u.gone {
		return u.buildGone()
	}
	switch to.name {
	case pageVerdict:
		return u.buildVerdict(s)
	case pageRepair:
		return u.buildRepair(s)
	case pageReview:
		return u.buildReview(s)
	case pageSent:
		return u.buildSent(s)
	case pageTickets:
		return u.buildTickets(s)
	case pageTicket:
		return u.buildTicket(s, to.arg)
	case pageOutbox:
		return u.buildOutbox(s)
	case pageCheck:
		return u.buildCheck(s)
	case pageRequest:
		return u.buildRequest(s, to.arg)
	case pageTrust:
		return u.buildTrust(s)
	case pageSettings:
		return u.buildSettings(s)
	case pageSignIn:
		return u.buildSignIn(s)
	default:
		return u.buildDescribe(s, to.arg)
	}
}
