package network

import (
	"context"
	"encoding/json"
	"net/url"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// portalOpen is guided: Balise opens the page that the network wants, the user signs in, and the test
// turns.
const portalOpen = "portal.open"

type portal struct {
	page func() string
	open func(string) error
}

func newPortal(p Params) *portal {
	return &portal{page: p.PortalURL, open: p.OpenURL}
}

// ID is the repair's.
func (p *portal) ID() string { return portalOpen }

// Look says which page would be opened.
func (p *portal) Look(context.Context, []diagnostics.Result) repair.Look {
	look := repair.Look{Steps: map[string]repair.StepLook{"open": {URL: p.address()}}}
	switch {
	case p.address() == "":
		look.Why = "no_url"
	case p.open == nil:
		look.Why = "no_browser"
	}
	return look
}

// address is the page of the settings, never one that the network handed out: a portal answers in its place
// anyway, and what a redirect says is not trusted.
func (p *portal) address() string {
	if p.page == nil {
		return ""
	}
	return webPage(p.page())
}

// webPage returns the address if it is one of a web page, else nothing.
func webPage(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// Prepare has nothing to keep.
func (p *portal) Prepare(context.Context, repair.Job) (json.RawMessage, error) {
	return nil, nil
}

// Run opens the page.
func (p *portal) Run(context.Context, repair.Job) ([]diagnostics.Fact, error) {
	address := p.address()
	if address == "" {
		return nil, repair.Because("no_url", nil)
	}
	// A browser that does not start is no reason to stop: the page's address stands in the step, and the
	// user may open it by hand while we wait.
	return []diagnostics.Fact{diagnostics.Bool("opened", p.open(address) == nil)}, nil
}

// Undo has nothing to put back.
func (p *portal) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
