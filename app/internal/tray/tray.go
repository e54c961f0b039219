// Package tray is Balise's icon in the notification area and its menu.
package tray

import (
	"errors"
	"log/slog"

	"balise/app/internal/i18n"
)

// ErrNoBus says that there is no session bus, or no tray on this system: nothing was started.
var ErrNoBus = errors.New("no session bus for the tray")

// Action is an entry of the menu.
type Action string

// The entries.
const (
	Report   Action = "report"  // describe a problem; also a click on the icon itself
	Tickets  Action = "tickets" // my tickets
	Check    Action = "check"   // check this computer
	DeskPage Action = "desk"    // the practice desk's page
	Quit     Action = "quit"    // end Balise
)

// Params is what the tray needs.
type Params struct {
	Texts *i18n.Printer
	Log   *slog.Logger
	// OnAction is called on a goroutine of its own for each click.
	OnAction func(Action)
	// OnHost is called when it is known whether a tray host shows the icon, and when that changes.
	OnHost func(present bool)
}

// Status is what the icon, its tooltip and its menu tell.
type Status struct {
	Unread   int  // tickets with something new
	Waiting  int  // reports and replies in the outbox
	Refused  int  // of them refused: somebody has to look
	Problem  bool // the last check named a problem, or the desk cannot be used
	Practice bool // the practice desk is in use
}

// Tray is the icon. Set may be called at any time, before Run too.
type Tray struct{ p Params }

// New makes the tray; nothing is shown before Run.
func New(p Params) *Tray { return &Tray{p: p} }
