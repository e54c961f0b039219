package network

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func portal(_ catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		page := probe.Connectivity{URL: p.Portal}
		if p.Portal == "" {
			var ok bool
			if page, ok = probe.SystemConnectivity(); !ok {
				return notConfigured("probes.portal")
			}
		}
		roots, _ := probe.Roots(p.CAFile)
		a := probe.Fetch(ctx, probe.HTTPRequest{URL: page.URL, Direct: true, Roots: roots})
		return judgePortal(page, a)
	}
}

// judgePortal accuses a portal only when somebody answered in the page's place. No answer at all, or an error
// of the page's own server, says nothing about portals: unknown.
func judgePortal(page probe.Connectivity, a probe.HTTPAnswer) diagnostics.Outcome {
	if a.Err != nil {
		_, code := probe.Kind(a.Err)
		out := unknown("portal.no_answer", diagnostics.Text("stage", a.Stage))
		out.Error = code
		return out
	}
	facts := []diagnostics.Fact{diagnostics.Int("http_status", int64(a.Status), "")}
	asked, _ := url.Parse(page.URL)
	switch {
	case a.Status == http.StatusNoContent && len(a.Body) == 0:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case page.Body != "" && a.Status == http.StatusOK && bytes.HasPrefix(a.Body, []byte(page.Body)):
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case a.Status == http.StatusNetworkAuthenticationRequired:
		return failed("net.portal/sign_in", facts)
	case a.Status/100 == 3:
		to, err := asked.Parse(a.Header.Get("Location"))
		if err == nil && strings.EqualFold(to.Hostname(), asked.Hostname()) {
			// The page's own server prefers https: the setting is unfortunate, the network is not.
			return unknown("portal.own_redirect", facts...)
		}
		if err == nil && to.Hostname() != "" {
			facts = append(facts, hostFact("redirect", to.Hostname()))
		}
		return failed("net.portal/sign_in", facts)
	case a.Status/100 == 2:
		return failed("net.portal/replaced", facts)
	}
	return unknown("portal.server", facts...)
}
