// Package tray is Balise's icon in the notification area and its menu.
//
// It is the only importer of fyne.io/systray, which keeps its state in package variables: one Tray a process,
// run once. What the icon shows is decided by pure functions in this file; run.go does it.
package tray

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"balise/app/internal/i18n"
)

// ErrNoBus says that there is no session bus, or no tray on this system: nothing was started, or the bus went
// away with the session.
var ErrNoBus = errors.New("no session bus for the tray")

// Action is an entry of the menu. The ones that show the window are named as what they ask the
// agent to show.
type Action string

// The entries.
const (
	Report   Action = "report"  // describe a problem, with a picture of the screen of now; also a click on the icon
	Now      Action = "now"     // mark this moment in the record of the last day
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
	// OnHost is called when it is known whether a tray host shows the icon, and when that changes. An absent
	// host is only reported after HostGrace: at the start of a session the panel may still be coming.
	OnHost func(present bool)
	// HostGrace is 3 s when zero.
	HostGrace time.Duration
}

// Status is what the icon, its tooltip and its menu tell.
type Status struct {
	Unread   int  // tickets with something new
	Waiting  int  // reports and replies in the outbox
	Refused  int  // of them refused: somebody has to look
	Problem  bool // the last check named a problem, or the desk cannot be used
	Practice bool // the practice desk is in use
	Record   bool // the record of the last day is kept: a moment can be marked
}

// Tray is the icon. Set may be called at any time, before Run too.
type Tray struct {
	p Params

	mu     sync.Mutex
	status Status
	change chan struct{} // holds at most one: the newest status is read when it is shown
}

// New makes the tray; nothing is shown before Run.
func New(p Params) *Tray {
	if p.Texts == nil {
		p.Texts = i18n.New("en")
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.HostGrace == 0 {
		p.HostGrace = defaultGrace
	}
	return &Tray{p: p, change: make(chan struct{}, 1)}
}

const (
	defaultGrace = 3 * time.Second
	// pace is how often the icon changes at most: hosts redraw the whole menu for each change.
	pace = time.Second
)

// Set changes what the icon tells. Changes are shown at most once per second.
func (t *Tray) Set(s Status) {
	t.mu.Lock()
	same := t.status == s
	t.status = s
	t.mu.Unlock()
	if same {
		return
	}
	select {
	case t.change <- struct{}{}:
	default:
	}
}

func (t *Tray) get() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// shape is one of the icon's four pictures. They differ by form, not by colour alone.
type shape string

const (
	normal    shape = "normal"    // the beacon
	attention shape = "attention" // with a speech bubble: somebody answered
	waiting   shape = "waiting"   // with an hourglass: something is not sent yet
	problem   shape = "problem"   // with a warning triangle
)

// shapeOf picks the picture. An answer comes first: a person waits behind it.
func shapeOf(s Status) shape {
	switch {
	case s.Unread > 0:
		return attention
	case s.Problem || s.Refused > 0:
		return problem
	case s.Waiting > 0:
		return waiting
	}
	return normal
}

// look is all that is shown of a status.
type look struct {
	shape    shape
	tickets  string // the label of "my tickets"
	tooltip  string
	practice bool
	record   bool
}

func lookOf(s Status, texts *i18n.Printer) look {
	l := look{shape: shapeOf(s), tickets: texts.T("tray.tickets"), practice: s.Practice, record: s.Record}
	tip := texts.T("tray.tip.normal")
	switch l.shape {
	case attention:
		tip = texts.N("tray.tip.unread", s.Unread)
	case problem:
		tip = texts.T("tray.tip.problem")
		if s.Refused > 0 {
			tip = texts.N("tray.tip.refused", s.Refused)
		}
	case waiting:
		tip = texts.N("tray.tip.waiting", s.Waiting)
	}
	if s.Unread > 0 {
		l.tickets = texts.N("tray.tickets_new", s.Unread)
	}
	l.tooltip = texts.T("tray.tip.title", "what", tip)
	return l
}
