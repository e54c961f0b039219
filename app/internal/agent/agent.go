package agent

import (
	"context"
	"errors"

	"balise/app/internal/ipc/api"
)

// Agent is the core. It implements api.Service.
type Agent struct {
	api.Service // grows into methods of its own
	p           Params
}

var _ api.Service = (*Agent)(nil)

// New locks the state folder and opens the state. The error is an *api.Error: api.CodeBusy when another
// Balise holds it. The network is not touched.
func New(p Params) (*Agent, error) {
	return nil, api.NewError(api.CodeInternal, errors.New("agent: not built yet"))
}

// Run is the resident loop: sender, follow-up, practice desk, socket. It returns nil when ctx ends or Quit
// was called.
func (a *Agent) Run(ctx context.Context) error { return errors.New("agent: not built yet") }

// Close ends what runs and gives the state folder back.
func (a *Agent) Close() error { return nil }

// Connect reaches the resident agent, or makes one in this process when there is none. The function that
// it returns gives everything back. p.Resident is ignored.
func Connect(ctx context.Context, p Params) (api.Service, func(), error) {
	return nil, nil, api.NewError(api.CodeInternal, errors.New("agent: not built yet"))
}

// Tell says what the tray should show; it is called at each change until ctx ends, and once at the start.
func (a *Agent) Tell(ctx context.Context, on func(api.State)) error { return nil }

// Warn adds a code to State.Warnings ("tray.no_host"); Unwarn takes it away.
func (a *Agent) Warn(code string) {}

// Unwarn takes a warning away.
func (a *Agent) Unwarn(code string) {}
