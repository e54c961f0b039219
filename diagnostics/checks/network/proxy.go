package network

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func proxy(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		scripted := make(chan diagnostics.Outcome, 1)
		go func() { scripted <- proxyScript(ctx, spec) }()
		tried := firstFair(p.proxyTargets(), func(target *url.URL) diagnostics.Outcome {
			return p.tryProxies(ctx, target)
		})
		if script := <-scripted; !tried.Status.Bad() && script.Status != diagnostics.NA {
			return script // a proxy that answers does not help those who ask the script
		}
		return tried
	}
}

// firstFair tries targets in turn until one shows how the proxy itself is. That it does not reach one, or forbids
// it, may be the target's affair: a service that is stopped, a site that is not for everybody.
func firstFair(targets []*url.URL, try func(*url.URL) diagnostics.Outcome) diagnostics.Outcome {
	out := try(targets[0])
	for _, target := range targets[1:] {
		if out.Cause != "net.proxy/no_tunnel" && out.Cause != "net.proxy/denied" {
			break
		}
		if other := try(target); other.Status == diagnostics.Pass {
			return other
		}
	}
	return out
}

// tryProxies asks all proxies that are set for a target, which may be nil.
func (p Params) tryProxies(ctx context.Context, target *url.URL) diagnostics.Outcome {
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

// proxyTargets are endpoints of the settings that a proxy would be used for, each of another host: those of TLS
// where there are any, else one that is not, else nil.
func (p Params) proxyTargets() []*url.URL {
	const most = 3
	var secure []*url.URL
	var plain *url.URL
	for _, e := range p.endpoints() {
		u, err := url.Parse(e.URL)
		if err != nil || u.Hostname() == "" || isLoopback(u.Hostname()) {
			continue
		}
		known := slices.ContainsFunc(secure, func(o *url.URL) bool { return o.Hostname() == u.Hostname() })
		switch {
		case u.Scheme != "https":
			if plain == nil {
				plain = u
			}
		case !known && len(secure) < most:
			secure = append(secure, u)
		}
	}
	if len(secure) == 0 {
		return []*url.URL{plain}
	}
	return secure
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
