package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// clock has the system set its clock by the network: it starts the service, and starts anew one that runs and has
// not managed it. The time itself is never set by hand.
type clock struct{}

// ID is the repair's.
func (clock) ID() string { return "time.resync" }

type clockSaved struct {
	On bool `json:"on"`
}

// Look says whether there is a service that could.
func (clock) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := repair.Look{Steps: map[string]repair.StepLook{"resync": {Elevated: true}}}
	for _, id := range []string{"time.skew", "time.sync"} {
		if bad(results, id) {
			look.Verify = append(look.Verify, id)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	s, err := act.ReadClockService(ctx)
	switch {
	case err != nil:
		look.Why = why(err, "no_time_service")
	case !s.Able:
		look.Why = "no_time_service"
	}
	return look
}

// Prepare notes whether the service was on.
func (clock) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	s, err := act.ReadClockService(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	return save(clockSaved{s.On})
}

// Run starts the service, after stopping it where it runs.
func (clock) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s clockSaved
	if err := load(job.Saved, &s); err != nil {
		return nil, err
	}
	if s.On {
		if err := act.SetClockService(ctx, false); err != nil {
			return nil, changed(err)
		}
	}
	if err := act.SetClockService(ctx, true); err != nil {
		return nil, failed(err, s.On || !errors.Is(err, act.ErrDenied))
	}
	return []diagnostics.Fact{diagnostics.Bool("was_on", s.On)}, nil
}

// Undo puts the service back to how it was. A clock that was set right meanwhile stays right.
func (clock) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	var s clockSaved
	if err := load(saved, &s); err != nil {
		return nil, 0, err
	}
	now, err := act.ReadClockService(ctx)
	if err == nil && now.On != s.On {
		err = act.SetClockService(ctx, s.On)
	}
	if err != nil {
		return nil, 1, fmt.Errorf("put the time service back: %w", failed(err, true))
	}
	return nil, 0, nil
}
