//go:build !linux

package act

import (
	"context"
	"time"
)

// OwnProcesses has nothing to offer here: Windows and macOS have a window of their own for it, which a manual step
// names.
func OwnProcesses() Processes { return Processes{UID: -1} }

// List is not written for this system.
func (Processes) List(context.Context) ([]Running, error) { return nil, ErrAbsent }

// Ended is not written for this system.
func (Processes) Ended(Running) bool { return false }

// Close is not written for this system.
func (Processes) Close(Running) error { return ErrAbsent }

// Kill is not written for this system.
func (Processes) Kill(Running) error { return ErrAbsent }

// Await is not written for this system.
func (Processes) Await(_ context.Context, list []Running, _ time.Duration) []Running { return list }
