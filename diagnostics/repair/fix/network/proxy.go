package network

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// proxy has the desktop reach the network without the proxy that the user's own settings name. What the system or an
// administrator set is left alone.
type proxy struct{ settings act.UserProxy }

func newProxy(u act.UserProxy) proxy { return proxy{u} }

// ID is the repair's.
func (proxy) ID() string { return "proxy.reset_user" }

type proxySaved struct {
	Mode string `json:"mode"`
}

// Look says whether the user's own settings name a proxy that may be left out.
func (p proxy) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	mode, err := p.settings.Mode(ctx)
	switch {
	case err != nil:
		return repair.Look{Why: why(err, "no_desktop_proxy")}
	case mode == "none":
		if bad(results, "net.proxy") {
			return repair.Look{Why: "proxy_elsewhere"} // the environment names it, or Balise's own settings
		}
		return repair.Look{Why: "nothing_to_do"}
	case elsewhere(results):
		return repair.Look{Why: "proxy_elsewhere"}
	}
	if locked, err := p.settings.Locked(ctx); err != nil || locked {
		return repair.Look{Why: "set_by_organisation"}
	}
	return repair.Look{}
}

// elsewhere tells whether the proxy that fails is named by something else than the desktop.
func elsewhere(results []diagnostics.Result) bool {
	i := slices.IndexFunc(results, func(r diagnostics.Result) bool { return r.ID == "net.proxy" && r.Status.Bad() })
	if i < 0 {
		return false
	}
	return slices.ContainsFunc(results[i].Facts, func(f diagnostics.Fact) bool {
		return f.Key == "source" && (f.Value == "environment" || f.Value == "settings")
	})
}

// Prepare notes the setting.
func (p proxy) Prepare(ctx context.Context, _ repair.Job) (json.RawMessage, error) {
	mode, err := p.settings.Mode(ctx)
	if err != nil {
		return nil, failed(err, false)
	}
	if mode == "none" {
		return nil, repair.Because("nothing_to_do", nil)
	}
	return save(proxySaved{mode})
}

// Run takes the user's setting away. Where the same is in force afterwards it was not the user's: an administrator
// provides it.
func (p proxy) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s proxySaved
	if err := load(job.Saved, &s); err != nil {
		return nil, err
	}
	now, err := p.settings.Clear(ctx)
	if err != nil {
		return nil, changed(err)
	}
	if now == s.Mode {
		return nil, &repair.StepError{Reason: "set_by_organisation", Admin: true}
	}
	return nil, nil
}

// Undo sets it as it was.
func (p proxy) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	var s proxySaved
	if err := load(saved, &s); err != nil {
		return nil, 0, err
	}
	now, err := p.settings.Mode(ctx)
	if err == nil && now != s.Mode {
		err = p.settings.Put(ctx, s.Mode)
	}
	if err != nil {
		return nil, 1, fmt.Errorf("put the proxy setting back: %w", failed(err, true))
	}
	return nil, 0, nil
}
