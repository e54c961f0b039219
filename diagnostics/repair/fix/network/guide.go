package network

import (
	"context"
	"encoding/json"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// pageStep is the step in which the user does it by hand, in the system's own settings.
const pageStep = "page"

// guide opens a page of the system's settings. That it does not open is no reason to stop: the user finds it by the
// step's words.
type guide struct {
	open  func(page string) error
	known func(page string) bool
}

func newGuide(p Params) guide { return guide{p.OpenSettings, p.HasSettings} }

// has tells whether there is such a page here.
func (g guide) has(page string) bool { return g.open != nil && (g.known == nil || g.known(page)) }

func (g guide) show(page string) []diagnostics.Fact {
	return []diagnostics.Fact{diagnostics.Bool("opened", g.open != nil && g.open(page) == nil)}
}

// rejoin is a Wi-Fi network to be forgotten and joined again. Only the user can: he types the key, and Balise never
// sees it.
type rejoin struct{ guide }

// ID is the repair's.
func (rejoin) ID() string { return "wifi.rejoin" }

const wifiPage = "wifi"

// Look says whether there is Wi-Fi.
func (rejoin) Look(ctx context.Context, _ []diagnostics.Result) repair.Look {
	look := repair.Look{Steps: map[string]repair.StepLook{pageStep: {Page: wifiPage}}}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	all, err := onNetworks(ctx, func(n act.Networks) ([]act.Adapter, error) { return n.Adapters(ctx) })
	switch {
	case err != nil:
		look.Why = why(err, "no_network_manager")
	case !slices.ContainsFunc(all, func(a act.Adapter) bool { return a.Wifi }):
		look.Why = "no_wifi"
	}
	return look
}

// Prepare has nothing to keep: Balise changes nothing.
func (rejoin) Prepare(context.Context, repair.Job) (json.RawMessage, error) { return nil, nil }

// Run opens the page.
func (r rejoin) Run(context.Context, repair.Job) ([]diagnostics.Fact, error) {
	return r.show(wifiPage), nil
}

// Undo has nothing to put back.
func (rejoin) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
