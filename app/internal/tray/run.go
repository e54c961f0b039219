package tray

import "context"

// Run shows the icon until ctx ends or Close is called. It must run on the main goroutine of the program
// (macOS and Windows want that). Without a session bus it returns ErrNoBus at once.
func (t *Tray) Run(ctx context.Context) error { return ErrNoBus }

// Set changes what the icon tells. Changes are shown at most once per second.
func (t *Tray) Set(s Status) {}

// HostPresent asks the session bus whether anything shows tray icons.
func HostPresent(ctx context.Context) bool { return false }
