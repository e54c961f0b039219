package repair

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"balise/diagnostics"
)

// portalOpen is guided: Balise opens the page that the network wants, the user signs in, and the test
// turns.
const portalOpen = "portal.open"

type portal struct {
	page          func() string
	open          func(string) error
	every, within time.Duration
}

func newPortal(p Params) *portal {
	return &portal{page: p.PortalURL, open: p.OpenURL, every: p.PollEvery, within: p.PollFor}
}

func (p *portal) rules() rules { return rules{every: p.every, within: p.within} }

func (p *portal) describe(context.Context, []diagnostics.Result) Info {
	info := Info{
		ID: portalOpen, Verifies: []string{"net.portal"}, Risk: NoRisk, CostS: 60, Available: true,
		Steps: []Step{{ID: "open", Kind: Manual, Risk: NoRisk, URL: p.address()}},
	}
	switch {
	case info.Steps[0].URL == "":
		info.Available, info.Why = false, "no_url"
	case p.open == nil:
		info.Available, info.Why = false, "no_browser"
	}
	return info
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

func (p *portal) prepare(context.Context, string, string, json.RawMessage) (json.RawMessage, error) {
	return nil, nil
}

func (p *portal) run(_ context.Context, _ string, _ json.RawMessage) ([]diagnostics.Fact, error) {
	address := p.address()
	if address == "" {
		return nil, &stepError{reason: "no_url"}
	}
	// A browser that does not start is no reason to stop: the page's address stands in the step, and the
	// user may open it by hand while we wait.
	return []diagnostics.Fact{diagnostics.Bool("opened", p.open(address) == nil)}, nil
}

func (p *portal) pending(_ context.Context, s Step, _ json.RawMessage) Step { return s }

func (p *portal) undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
