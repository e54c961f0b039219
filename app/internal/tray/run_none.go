//go:build darwin && !cgo

package tray

import "context"

// Run returns ErrNoBus: the tray of macOS is built with cgo only.
func (t *Tray) Run(context.Context) error { return ErrNoBus }

// HostPresent says that nothing shows tray icons.
func HostPresent(context.Context) bool { return false }
