package machine

import (
	"context"
	"encoding/json"
	"runtime"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// spoolerRestart restarts the printing service.
type spoolerRestart struct{ env }

// ID is the repair's.
func (*spoolerRestart) ID() string { return "spooler.restart" }

// spooler is the printing service as the system's manager knows it.
type spooler struct {
	Service string `json:"service"`
	Socket  string `json:"socket,omitempty"`
}

// Look says whether there is a printing service that may be started.
func (r *spoolerRestart) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	if runtime.GOOS == "darwin" { // launchd starts it by itself; what helps there is in the settings
		return repair.Look{
			Skip: []string{"restart"}, Steps: map[string]repair.StepLook{stepOpen: {Page: "printers"}},
		}
	}
	_, why := r.find(ctx)
	return repair.Look{Why: why, Skip: []string{stepOpen}, Steps: map[string]repair.StepLook{"restart": {Elevated: true}}}
}

func (r *spoolerRestart) find(ctx context.Context) (spooler, string) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	found := spooler{Service: "cups.service", Socket: "cups.socket"}
	if runtime.GOOS == "windows" {
		found = spooler{Service: "Spooler"}
	}
	s, err := r.services(ctx, false)
	if err != nil {
		return found, "no_service_manager"
	}
	defer s.Close()
	state, err := s.State(ctx, found.Service)
	switch {
	case err != nil:
		return found, "no_service_manager"
	case state.Load == "masked":
		return found, "masked"
	case state.Load != "loaded":
		return found, "no_printer"
	}
	if found.Socket != "" {
		if state, err := s.State(ctx, found.Socket); err != nil || state.Load != "loaded" {
			found.Socket = ""
		}
	}
	return found, ""
}

// Prepare keeps what it is called.
func (r *spoolerRestart) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step == stepOpen {
		return json.Marshal(spooler{})
	}
	found, why := r.find(ctx)
	if why != "" {
		return nil, repair.Because(why, nil)
	}
	return json.Marshal(found)
}

// Run restarts it. What waits to be printed is on the disk and stays.
func (r *spoolerRestart) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	if job.Step == stepOpen {
		return nil, r.page("printers")
	}
	what, err := read[spooler](job.Saved)
	if err != nil {
		return nil, err
	}
	s, err := r.services(ctx, false)
	if err != nil {
		return nil, stepError(err, false)
	}
	defer s.Close()
	touched := false
	if what.Socket != "" {
		state, err := s.State(ctx, what.Socket)
		if err != nil {
			return nil, stepError(err, false)
		}
		if !state.Good() {
			if err := s.Start(ctx, what.Socket); err != nil {
				return nil, stepError(err, false)
			}
			touched = true
		}
	}
	if err := s.Restart(ctx, what.Service); err != nil {
		return nil, stepError(err, touched)
	}
	return []diagnostics.Fact{diagnostics.Bool("service_restarted", true)}, nil
}

// Undo has nothing to put back.
func (*spoolerRestart) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
