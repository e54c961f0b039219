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
		return diagnostics.Outcome{
			Status: diagnostics.Unknown, Detail: "portal.no_answer", Error: code,
			Facts: []diagnostics.Fact{diagnostics.Text("stage", a.Stage)},
		}
	}
	facts := []diagnostics.Fact{diagnostics.Int("http_status", int64(a.Status), "")}
	fail := func(cause diagnostics.Cause) diagnostics.Outcome {
		return diagnostics.Outcome{
			Status: diagnostics.Fail, Severity: diagnostics.Blocks, Cause: cause, Facts: facts,
		}
	}
	asked, _ := url.Parse(page.URL)
	switch {
	case a.Status == http.StatusNoContent && len(a.Body) == 0:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case page.Body != "" && a.Status == http.StatusOK && bytes.HasPrefix(a.Body, []byte(page.Body)):
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case a.Status == http.StatusNetworkAuthenticationRequired:
		return fail("net.portal/sign_in")
	case a.Status/100 == 3:
		to, err := asked.Parse(a.Header.Get("Location"))
		if err == nil && strings.EqualFold(to.Hostname(), asked.Hostname()) {
			// The page's own server prefers https: the setting is unfortunate, the network is not.
			return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "portal.own_redirect", Facts: facts}
		}
		if err == nil && to.Hostname() != "" {
			facts = append(facts, hostFact("redirect", to.Hostname()))
		}
		return fail("net.portal/sign_in")
	case a.Status/100 == 2:
		return fail("net.portal/replaced")
	}
	return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "portal.server", Facts: facts}
}
