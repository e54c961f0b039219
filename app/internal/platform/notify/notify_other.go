//go:build !linux

package notify

import "context"

// Notifier shows nothing on this system yet and says so. It must never become a script that holds the text of
// a ticket.
type Notifier struct{ p Params }

// New makes a Notifier.
func New(p Params) *Notifier { return &Notifier{p: p} }

// Show returns ErrUnsupported.
func (n *Notifier) Show(context.Context, Note) error { return ErrUnsupported }

// Withdraw has nothing to take away.
func (n *Notifier) Withdraw(context.Context, string) error { return nil }

// Close has nothing to let go of.
func (n *Notifier) Close() error { return nil }
