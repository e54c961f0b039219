// Package ui is Balise's window: one page a file, each a step of the way from "it does not work" to a
// ticket and its answer.
//
// It only speaks to the agent's api.Service, always from a goroutine with a deadline, and comes back to
// Fyne's goroutine by Params.Post. What a desk, a file name or a URL says is shown as plain text.
package ui

import (
	"context"
	"log/slog"
	"time"

	"fyne.io/fyne/v2"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/theme"
	"balise/app/internal/ui/widgets"
)

// Params is what the window needs.
type Params struct {
	App     fyne.App
	Service api.Service
	Texts   *i18n.Printer
	// Page and Incident are what to open on, as api.Service.Show takes them; empty is "describe".
	Page     string
	Incident string
	// Post runs a function on Fyne's goroutine; nil is fyne.Do.
	Post func(func())
	// Linger is how long the program stays after its window was closed; 0 is three minutes.
	Linger time.Duration
	// Theme is the look; nil is the product's own, light or dark as the system says.
	Theme fyne.Theme
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	Log *slog.Logger
}

const (
	defaultLinger = 3 * time.Minute
	// unsentLinger is longer: somebody who closed the window over a half-written text may come back.
	unsentLinger = 30 * time.Minute
)

// UI is the window.
type UI struct {
	p     Params
	t     *i18n.Printer
	win   fyne.Window
	life  *scope // as long as the program
	shell *shell
	// inPage brings the focused widget into view; outPage is for the rail and the footer, which always are.
	inPage, outPage *widgets.Host

	cur   *page
	at    route
	flow  *flow
	state api.State
	owner api.Branding
	known bool // the agent has answered at least once
	gone  bool // the agent does not answer now
	// looking says that a search for the agent is due.
	looking bool
	hidden  bool
	front   bool // the window has the keyboard
	closes  int  // counts closings, so that a timer of an earlier one does nothing
	first   bool
}

// New builds the window and shows the page asked for. Run, or the App's own loop, brings it to life.
func New(p Params) *UI {
	if p.Post == nil {
		p.Post = fyne.Do
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Linger == 0 {
		p.Linger = defaultLinger
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Theme == nil {
		p.Theme = theme.New()
	}
	u := &UI{p: p, t: p.Texts, first: true}
	u.life = newScope(context.Background(), p.Post)
	u.inPage = &widgets.Host{OnKey: u.onKey, OnShortcut: u.onShortcut, OnFocus: u.intoView}
	u.outPage = &widgets.Host{OnKey: u.onKey, OnShortcut: u.onShortcut}
	u.flow = newFlow(u)
	p.App.Settings().SetTheme(p.Theme)
	u.win = p.App.NewWindow(u.t.T("app.name"))
	u.win.SetPadded(false)
	u.win.SetIcon(appIcon())
	u.shell = newShell(u)
	u.win.SetContent(u.shell.root)
	u.win.Resize(fyne.NewSize(980, 690))
	u.win.SetCloseIntercept(u.close)
	u.win.SetOnDropped(u.dropped)
	u.win.Canvas().SetOnTypedKey(u.onKey)
	u.addShortcuts()
	p.App.Lifecycle().SetOnEnteredForeground(func() { u.front = true; u.witness() })
	p.App.Lifecycle().SetOnExitedForeground(func() { u.front = false })
	u.go_(parseRoute(p.Page, p.Incident))
	u.readState()
	u.follow()
	return u
}

// Window is Fyne's window.
func (u *UI) Window() fyne.Window { return u.win }

// Show shows and raises the window on a page, as the agent's "show" events ask.
func (u *UI) Show(pageName, incident string) {
	u.hidden = false
	u.win.Show()
	u.win.RequestFocus()
	to := parseRoute(pageName, incident)
	// The page that is open already stays as it is, with what was typed in it.
	if to == u.at || (to.name == pageDescribe && to.arg == "" && u.flow.underWay() && inFlow(u.at.name)) {
		u.witness()
		return
	}
	u.go_(to)
}

// Run shows the window and runs the program until it ends.
func (u *UI) Run() {
	u.win.Show()
	u.p.App.Run()
	u.Stop()
}

// Stop ends everything that runs behind the window.
func (u *UI) Stop() { u.life.end() }

// close hides the window and ends the program some minutes later, unless the window is wanted again: a
// start takes a second and a text that was typed is worth keeping for a while.
func (u *UI) close() {
	u.win.Hide()
	u.hidden = true
	u.closes++
	n, wait := u.closes, u.p.Linger
	if u.flow.unsent() {
		wait = max(wait, unsentLinger)
	}
	time.AfterFunc(wait, func() {
		u.p.Post(func() {
			if u.hidden && u.closes == n {
				u.flow.drop()
				u.p.App.Quit()
			}
		})
	})
}

// tr is one of the window's own texts.
func (u *UI) tr(key string, args ...any) string { return u.t.T("window."+key, args...) }

func (u *UI) dropped(_ fyne.Position, uris []fyne.URI) {
	if u.cur == nil || u.cur.drop == nil {
		return
	}
	var paths []string
	for _, uri := range uris {
		if uri.Scheme() == "file" {
			paths = append(paths, uri.Path())
		}
	}
	if len(paths) > 0 {
		u.cur.drop(paths)
	}
}
