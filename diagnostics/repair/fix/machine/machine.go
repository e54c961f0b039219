// Package machine repairs the installation itself: its services, its updates, and a restart of the computer. What
// needs more rights than the user's is asked of the system's own authority (package act); there is no other way.
package machine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// Params is what these repairs work with.
type Params struct {
	// Units are services of the system that the user may have restarted.
	Units func() []string
	// OpenSettings shows a page of the system's own settings.
	OpenSettings func(page string) error
}

// env is the machine as these repairs see it; tests replace parts of it.
type env struct {
	units    func() []string
	settings func(page string) error
	failed   func(ctx context.Context) ([]probe.Unit, error)
	services func(ctx context.Context, user bool) (act.Services, error)
	restarts func(ctx context.Context) (act.Restarter, error)
	packages func(ctx context.Context) (probe.Packages, error)
	simulate func(ctx context.Context) (act.Simulation, error)
	boot     func() (string, error)
	now      func() time.Time
	// steady is how long a service must stay up to count as up.
	steady time.Duration
	look   time.Duration // between two looks
}

func newEnv(p Params) env {
	if p.Units == nil {
		p.Units = func() []string { return nil }
	}
	if p.OpenSettings == nil {
		p.OpenSettings = func(string) error { return errors.New("nothing here opens settings") }
	}
	const steady = 30 * time.Second
	return env{
		units: p.Units, settings: p.OpenSettings,
		failed: probe.NewUnits().Failed, packages: probe.NewInstallation().Packages,
		services: act.OpenServices, restarts: act.OpenRestarter, simulate: act.SimulateCompletion, boot: act.Boot,
		now: time.Now, steady: steady, look: time.Second,
	}
}

// Fixers are the repairs of this area.
func Fixers(p Params) []repair.Fixer { return fixers(newEnv(p)) }

func fixers(e env) []repair.Fixer {
	return []repair.Fixer{
		&unitRestart{e}, &spoolerRestart{e}, &restartPC{e}, &finish{e}, &install{e},
	}
}

// read opens what Prepare saved.
func read[T any](saved json.RawMessage) (T, error) {
	var s T
	if len(saved) == 0 {
		return s, repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil {
		return s, fmt.Errorf("read what was saved: %w", err)
	}
	return s, nil
}

// stepError gives an error of the system its code. touched says that something was changed before.
func stepError(err error, touched bool) error {
	var step *repair.StepError
	if errors.As(err, &step) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, act.ErrDenied) {
		return err
	}
	e := repair.Because("error", err)
	var failed *act.FailedError
	var kit *act.KitError
	switch {
	case errors.Is(err, act.ErrDenied):
		e.Reason, e.Admin, e.Untouched = "not_allowed", true, !touched
	case errors.As(err, &kit):
		e.Reason = kit.Code
		// A source without a signature, a licence, a program that would go: somebody has to judge that.
		e.Admin = kit.Code == "not_trusted" || kit.Code == "licence" || kit.Code == "would_remove"
	case errors.Is(err, act.ErrAbsent):
		e.Reason, e.Untouched = "no_service_manager", !touched
	case errors.As(err, &failed):
		e.Reason = "service_failed"
	}
	return e
}

// page is the manual step of a system on which Balise does not do it itself.
func (e env) page(page string) error {
	if err := e.settings(page); err != nil {
		return &repair.StepError{Reason: "no_settings", Untouched: true, Err: err}
	}
	return nil
}

// glance is how long a look at the machine may take: whoever asks need not bound it.
const glance = 4 * time.Second

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
