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

// proxy has the desktop reach the network without the proxy that the user's own settings name. What the system or an
// administrator set is left alone.
// Desktops that keep theirs elsewhere (KDE) are asked through their own page: the user does it.
type proxy struct {
	settings act.UserProxy
	guide
}

const (
	proxyPage = "proxy"
	clearStep = "clear"
)

// ID is the repair's.
func (proxy) ID() string { return "proxy.reset_user" }

type proxySaved struct {
	Mode string `json:"mode"`
}

// Look says whether the user's own settings name a proxy that may be left out.
func (p proxy) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	look := repair.Look{Skip: []string{pageStep}}
	mode, err := p.settings.Mode(ctx)
	from := source(results)
	switch {
	case from == "environment", from == "settings": // the user's start files name it, or Balise's own settings
		look.Why = "proxy_elsewhere"
	case err != nil && !errors.Is(err, act.ErrAbsent):
		look.Why = "service_silent"
	case (err != nil || mode == "none") && from == "desktop":
		return p.byHand()
	case err != nil:
		look.Why = "no_desktop_proxy"
	case mode == "none":
		look.Why = "nothing_to_do"
	default:
		if locked, err := p.settings.Locked(ctx); err != nil || locked {
			look.Why = "set_by_organisation"
		}
	}
	return look
}

// byHand is for a desktop that names a proxy and keeps its settings where Balise does not change them.
func (p proxy) byHand() repair.Look {
	look := repair.Look{Skip: []string{clearStep}, Steps: map[string]repair.StepLook{pageStep: {Page: proxyPage}}}
	if !p.has(proxyPage) {
		look.Why = "no_settings_page"
	}
	return look
}

// source is who names the proxy that fails: "desktop", "environment" or "settings"; empty where that is not known.
func source(results []diagnostics.Result) string {
	for _, r := range results {
		if r.ID != "net.proxy" || !r.Status.Bad() {
			continue
		}
		for _, f := range r.Facts {
			if word, ok := f.Value.(string); ok && f.Key == "source" {
				return word
			}
		}
	}
	return ""
}

// Prepare notes the setting.
func (p proxy) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step == pageStep {
		return nil, nil // the user changes what he wants to
	}
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
	if job.Step == pageStep {
		return p.show(proxyPage), nil
	}
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
