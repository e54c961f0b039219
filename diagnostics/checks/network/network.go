// Package network tests the way from this computer to the services: link, address, router, names, the way
// out, captive portals, proxies and certificates.
//
// Each file holds one self-test: a function that looks, and a pure one that judges what was seen. No verdict
// rests on ICMP, and no host is contacted that the settings, or the system itself, do not name.
package network

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

// Endpoint is one address to talk to, with the name that people know it by.
type Endpoint struct {
	Name string
	URL  string
}

// Params are the targets, from the settings.
type Params struct {
	Portal   string
	Egress   []string // host:port, IP literals
	Services []Endpoint
	Desk     string
	CAFile   string
	Proxy    string
	VPN      VPN
	UDP      string // host:port of a STUN server
	Load     string // URL of a large object
}

// Checks are the network's self-tests, from the cable outwards.
func Checks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	type spec = catalogue.Spec
	var list []diagnostics.Check
	add := func(id string, make func(spec) diagnostics.Check) {
		list = append(list, make(cat.Get(id)))
	}
	add("net.radio", func(s spec) diagnostics.Check { return s.Check(radio(s)) })
	add("net.link", func(s spec) diagnostics.Check { return s.Check(link(s)) })
	add("net.wifi", func(s spec) diagnostics.Check { return s.Check(wifiCheck(s)) })
	add("net.addr", func(s spec) diagnostics.Check { return s.Check(addr(s)) })
	add("net.gateway", func(s spec) diagnostics.Check { return s.Check(gateway(s)) })
	add("net.dns.system", func(s spec) diagnostics.Check { return s.Check(dnsSystem(s, p)) })
	add("net.dns.servers", func(s spec) diagnostics.Check { return s.Check(dnsServers(s, p)) })
	add("net.dns.hijack", func(s spec) diagnostics.Check { return s.Check(dnsHijack(s, p)) })
	add("net.egress", func(s spec) diagnostics.Check { return s.Check(egress(s, p)) })
	add("net.portal", func(s spec) diagnostics.Check { return s.Check(portal(s, p)) })
	add("net.proxy", func(s spec) diagnostics.Check { return s.Check(proxy(s, p)) })
	add("net.ipv6", func(s spec) diagnostics.Check { return s.Check(ipv6(s, p)) })
	add("net.quality", func(s spec) diagnostics.Check { return s.Check(quality(s, p)) })
	add("net.mtu", func(s spec) diagnostics.Check { return s.Check(mtu(s, p)) })
	add("net.udp", func(s spec) diagnostics.Check { return s.Check(udp(s, p)) })
	add("net.tls", func(s spec) diagnostics.Check { return s.Check(tlsCheck(s, p)) })
	add("net.vpn", func(s spec) diagnostics.Check { return s.Check(vpn(s, p)) })
	add("net.responsiveness", func(s spec) diagnostics.Check { return s.Check(responsiveness(s, p)) })
	return list
}

// notConfigured is the outcome of a check whose target the settings do not name; key says which setting.
func notConfigured(key string) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.NA, Detail: "config." + key}
}

// failed, warned and unknown make outcomes.
func failed(cause diagnostics.Cause, facts []diagnostics.Fact) diagnostics.Outcome {
	return diagnostics.Outcome{
		Status: diagnostics.Fail, Severity: diagnostics.Blocks, Cause: cause, Facts: facts,
	}
}

func warned(
	cause diagnostics.Cause, severity diagnostics.Severity, facts []diagnostics.Fact,
) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.Warn, Severity: severity, Cause: cause, Facts: facts}
}

func unknown(detail string, facts ...diagnostics.Fact) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: detail, Facts: facts}
}

// endpoints are the desk and the services, the desk last: it is ours, not what the user complains about.
func (p Params) endpoints() []Endpoint {
	list := append([]Endpoint(nil), p.Services...)
	if p.Desk != "" {
		list = append(list, Endpoint{Name: deskName, URL: p.Desk})
	}
	return list
}

// deskName stands for the service desk among the endpoints' names.
const deskName = "desk"

// hostnames are the names to resolve: of the portal, the desk and the services, literals and this very
// computer left out.
func (p Params) hostnames() []string {
	const most = 3
	var names []string
	seen := map[string]bool{}
	add := func(raw string) {
		u, err := url.Parse(raw)
		if err != nil || len(names) == most {
			return
		}
		h := strings.ToLower(u.Hostname())
		if h == "" || seen[h] || isLiteral(h) || isLocalName(h) {
			return
		}
		seen[h] = true
		names = append(names, h)
	}
	add(p.Portal)
	add(p.Desk)
	for _, s := range p.Services {
		add(s.URL)
	}
	return names
}

func isLiteral(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isLocalName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// isLoopback tells whether a URL's host is this computer.
func isLoopback(host string) bool {
	if isLocalName(host) {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// hostPort is the address of a URL, with the scheme's port if it names none.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func hostFact(key, host string) diagnostics.Fact {
	kind := diagnostics.KindHost
	if isLiteral(host) {
		kind = diagnostics.KindIP
	}
	return diagnostics.Identifier(key, host, diagnostics.Infra, kind)
}
