package network

import (
	"context"
	"net/http"
	"net/url"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func proxy(_ catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		target := p.proxyTarget()
		proxies := probe.Proxies(ctx, p.Proxy, target)
		if len(proxies) == 0 {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "proxy.none"}
		}
		address := ""
		if target != nil && target.Scheme == "https" {
			// Many proxies rightly refuse tunnels to port 80; only a TLS target is a fair question.
			address = hostPort(target)
		}
		answers := make(chan diagnostics.Outcome, len(proxies))
		for _, one := range proxies {
			go func() { answers <- judgeProxy(one, probe.TryProxy(ctx, one.URL, address)) }()
		}
		var worst diagnostics.Outcome
		for range proxies {
			if out := <-answers; worst.Status == "" || out.Status.Bad() && !worst.Status.Bad() {
				worst = out
			}
		}
		return worst
	}
}

// proxyTarget is an endpoint of the settings that a proxy would be used for.
func (p Params) proxyTarget() *url.URL {
	var plain *url.URL
	for _, e := range p.endpoints() {
		u, err := url.Parse(e.URL)
		if err != nil || u.Hostname() == "" || isLoopback(u.Hostname()) {
			continue
		}
		if u.Scheme == "https" {
			return u
		}
		if plain == nil {
			plain = u
		}
	}
	return plain
}

func judgeProxy(proxy probe.Proxy, a probe.ProxyAnswer) diagnostics.Outcome {
	if a.Conn != nil {
		_ = a.Conn.Close()
	}
	facts := []diagnostics.Fact{
		diagnostics.Text("source", proxy.Source), diagnostics.Text("stage", a.Stage),
		hostFact("proxy", proxy.URL.Hostname()),
	}
	if a.Status != 0 {
		facts = append(facts, diagnostics.Int("http_status", int64(a.Status), ""))
	}
	kind, code := probe.Kind(a.Err)
	fail := func(cause diagnostics.Cause) diagnostics.Outcome {
		out := failed(cause, facts)
		out.Error, out.Target = code, "proxy"
		return out
	}
	switch {
	case a.Stage == "name":
		return fail("net.proxy/name")
	case kind == probe.KindRefused:
		return fail("net.proxy/refused")
	case a.Stage == "tcp":
		return fail("net.proxy/silent")
	case a.Stage == "connect" && a.Err != nil:
		return fail("net.proxy/no_tunnel")
	case a.Status == http.StatusProxyAuthRequired:
		return fail("net.proxy/sign_in")
	case a.Status == http.StatusForbidden, a.Status == http.StatusMethodNotAllowed:
		return fail("net.proxy/denied")
	case a.Status != 0 && a.Status/100 != 2:
		return fail("net.proxy/no_tunnel")
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}
