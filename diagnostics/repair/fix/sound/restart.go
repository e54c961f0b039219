package sound

import (
	"context"
	"encoding/json"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// audioRestart starts the user's sound server again.
const audioRestart = "audio.restart"

// The steps: what Balise does itself, and the page where it cannot.
const (
	stepRestart = "restart"
	stepPage    = "page"
)

type restart struct{ p Params }

// ID is the repair's.
func (r *restart) ID() string { return audioRestart }

// restarted is what the step does. Nothing is to be put back: a sound server has no state but the one it reads when
// it starts.
type restarted struct {
	// Units are services of the user's session in the order of starting; empty: the server is started directly.
	Units []string `json:"units,omitempty"`
	Page  bool     `json:"page,omitempty"`
}

// Look says which services are concerned.
func (r *restart) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	_, why := findServer(ctx)
	switch {
	case why == whyManual:
		look := r.p.page(stepPage, "sound")
		look.Skip = []string{stepRestart}
		return look
	case why != "":
		return repair.Look{Why: why, Skip: []string{stepPage}}
	}
	return repair.Look{Skip: []string{stepPage}}
}

// Prepare keeps what is to be started.
func (r *restart) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step == stepPage {
		return json.Marshal(restarted{Page: true})
	}
	s, why := findServer(ctx)
	if why != "" {
		return nil, repair.Because(why, nil)
	}
	return json.Marshal(s)
}

// Run starts it again.
func (r *restart) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	s, err := read[restarted](job.Saved)
	if err != nil {
		return nil, err
	}
	if s.Page {
		return r.p.show("sound"), nil
	}
	if err := startServer(ctx, s, job.Progress); err != nil {
		return nil, err
	}
	if len(s.Units) == 0 {
		return nil, nil
	}
	return []diagnostics.Fact{{Key: "services", Value: s.Units, Class: diagnostics.Plain}}, nil
}

// Undo has nothing to put back.
func (r *restart) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}

// whyManual is for a system on which the user does it by hand.
const whyManual = "manual"
