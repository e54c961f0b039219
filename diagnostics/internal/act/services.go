package act

import (
	"context"
	"time"
)

// Services starts services of the system's manager, or of the user's own.
type Services interface {
	State(ctx context.Context, name string) (UnitState, error)
	Restart(ctx context.Context, name string) error
	Start(ctx context.Context, name string) error
	Forget(ctx context.Context, name string) error
	Close()
}

// Restarter plans a restart of the computer.
type Restarter interface {
	// Reason says what speaks against a restart, as a code, and whether it takes an administrator's password.
	Reason(ctx context.Context) (why string, elevated bool, err error)
	Planned(ctx context.Context) (Planned, error)
	Schedule(ctx context.Context, at time.Time) error
	Cancel(ctx context.Context) error
	Close()
}
