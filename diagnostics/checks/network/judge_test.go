package network

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// said is an outcome in a word: its cause, or its status.
func said(o diagnostics.Outcome) string {
	if o.Status.Bad() {
		if o.Cause == "" || o.Severity == "" {
			return "a verdict without cause or severity"
		}
		return string(o.Status) + " " + string(o.Cause)
	}
	return string(o.Status)
}

func check(t *testing.T, name string, o diagnostics.Outcome, want string) {
	t.Helper()
	if got := said(o); got != want {
		t.Errorf("%s: %s, want %s (%v)", name, got, want, o.Facts)
	}
	for _, f := range o.Facts {
		if f.Class == "" {
			t.Errorf("%s: the fact %s has no class", name, f.Key)
		}
	}
	asTheCatalogueSays(t, o)
}

// asTheCatalogueSays: what is told of a bad result is what the catalogue promises, with its class, kind and unit.
func asTheCatalogueSays(t *testing.T, o diagnostics.Outcome) {
	t.Helper()
	id, tail, bad := strings.Cut(string(o.Cause), "/")
	if !bad {
		return
	}
	spec := catalogue.Catalogue{}.Get(id)
	if !slices.Contains(spec.Causes, tail) {
		t.Errorf("the catalogue does not list %s", o.Cause)
	}
	for _, f := range o.Facts {
		kind := string(f.Kind)
		if kind == "" && f.Unit != "" {
			kind = "-"
		}
		have := strings.TrimSpace(strings.Join([]string{string(f.Class), kind, f.Unit}, " "))
		want, ok := spec.Facts[f.Key]
		if want == "infra host" && have == "infra ip" {
			continue // a host that is known by its address
		}
		if !ok || want != have {
			t.Errorf("%s tells %s as %q, the catalogue says %q", id, f.Key, have, want)
		}
	}
}

func nic(name string, set ...func(*probe.Link)) probe.Link {
	l := probe.Link{Name: name, Up: true, Running: true, Known: true, Physical: true, SpeedMbs: 1000, Duplex: "full"}
	for _, f := range set {
		f(&l)
	}
	return l
}

func wifi(l *probe.Link)      { l.Wireless, l.SpeedMbs, l.Duplex = true, 0, "" }
func virtual(l *probe.Link)   { l.Physical = false }
func unlisted(l *probe.Link)  { l.Known, l.Physical = false, false }
func down(l *probe.Link)      { l.Up, l.Running = false, false }
func unplugged(l *probe.Link) { l.Running = false }
func tunnelled(l *probe.Link) { l.Tunnel, l.Physical = true, false }

func TestLink(t *testing.T) {
	for _, c := range []struct {
		name    string
		links   []probe.Link
		routed  string
		blocked bool
		want    string
	}{
		{"wired", []probe.Link{nic("eth0")}, "eth0", false, "pass"},
		{"nothing but the loopback", nil, "", false, "fail net.link/none"},
		{"a container's only interface", []probe.Link{nic("eth0", virtual)}, "", false, "pass"},
		{"a container without /sys", []probe.Link{nic("eth0", unlisted)}, "", false, "pass"},
		{
			"cable pulled, docker runs on",
			[]probe.Link{nic("eth0", unplugged), nic("docker0", virtual), nic("veth12ab34f", virtual)},
			"",
			false, "fail net.link/no_carrier",
		},
		{
			"cable pulled, VPN still up",
			[]probe.Link{nic("eth0", unplugged), nic("wg0", tunnelled)},
			"",
			false, "fail net.link/no_carrier",
		},
		{"a bridge over the card", []probe.Link{nic("eth0"), nic("br0", virtual)}, "br0", false, "pass"},
		{
			"laptop on Wi-Fi, no cable",
			[]probe.Link{nic("eth0", unplugged), nic("wlan0", wifi)},
			"wlan0",
			false, "pass",
		},
		{
			"Wi-Fi not connected",
			[]probe.Link{nic("wlan0", wifi, unplugged)},
			"", false,
			"fail net.link/wifi_not_connected",
		},
		{
			"flight mode",
			[]probe.Link{nic("eth0", unplugged), nic("wlan0", wifi, down)},
			"", true,
			"fail net.link/wifi_off",
		},
		{
			"flight mode with a cable",
			[]probe.Link{nic("eth0"), nic("wlan0", wifi, down)},
			"eth0", true,
			"pass",
		},
		{"switched off", []probe.Link{nic("eth0", down)}, "", false, "fail net.link/disabled"},
		{
			"10 Mb/s",
			[]probe.Link{nic("eth0", func(l *probe.Link) { l.SpeedMbs = 10 })},
			"eth0", false,
			"warn net.link/slow",
		},
		{
			"half duplex",
			[]probe.Link{nic("eth0", func(l *probe.Link) { l.Duplex = "half" })},
			"eth0",
			false, "warn net.link/slow",
		},
		{
			"a slow second card",
			[]probe.Link{nic("eth0"), nic("eth1", func(l *probe.Link) { l.SpeedMbs = 10 })},
			"eth0", false,
			"pass",
		},
		{
			"speed unknown",
			[]probe.Link{nic("eth0", func(l *probe.Link) { l.SpeedMbs = 0 })},
			"eth0",
			false, "pass",
		},
	} {
		check(t, c.name, judgeLink(usable(c.links, map[string]bool{c.routed: true}), c.blocked, 10), c.want)
	}
}

func TestAddr(t *testing.T) {
	with := func(addrs ...string) []probe.Link {
		l := nic("eth0")
		for _, a := range addrs {
			l.Addrs = append(l.Addrs, netip.MustParsePrefix(a))
		}
		return []probe.Link{l}
	}
	for _, c := range []struct {
		name  string
		links []probe.Link
		want  string
	}{
		{"IPv4", with("192.0.2.7/24", "fe80::1/64"), "pass"},
		{"IPv6 only is a network too", with("2001:db8::7/64", "fe80::1/64"), "pass"},
		{"private IPv6", with("fd00::2/64"), "pass"},
		{"link-local only", with("fe80::1/64"), "fail net.addr/none"},
		{"self-assigned", with("169.254.3.4/16", "fe80::1/64"), "fail net.addr/self_assigned"},
		{"self-assigned beside a real one", with("169.254.3.4/16", "192.0.2.7/24"), "pass"},
		{"none", with(), "fail net.addr/none"},
		{
			"an address on a cable that is pulled",
			[]probe.Link{func() probe.Link { l := with("192.0.2.7/24")[0]; l.Running = false; return l }()},
			"fail net.addr/none",
		},
	} {
		check(t, c.name, judgeAddr(c.links), c.want)
	}
}

func TestGateway(t *testing.T) {
	gw := func(n probe.Neighbour, answered bool, took time.Duration) hop {
		return hop{probe.Route{Gateway: netip.MustParseAddr("192.0.2.1")}, answered, took, n}
	}
	six := func(h hop) hop { h.route.V6 = true; return h }
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		hops []hop
		want string
	}{
		{"no route", nil, "fail net.gateway/no_route"},
		{"refuses at once: alive", []hop{gw(probe.NeighbourReachable, true, 2*ms)}, "pass"},
		{"firewalled, but it says who it is", []hop{gw(probe.NeighbourReachable, false, 0)}, "pass"},
		{"firewalled, seen some time ago", []hop{gw(probe.NeighbourStale, false, 0)}, "pass"},
		{"the kernel does not tell", []hop{gw(probe.NeighbourUnknown, false, 0)}, "pass"},
		{"nobody home", []hop{gw(probe.NeighbourFailed, false, 0)}, "fail net.gateway/silent"},
		{"nobody home yet", []hop{gw(probe.NeighbourIncomplete, false, 0)}, "fail net.gateway/silent"},
		{
			"preferred dead, second alive",
			[]hop{gw(probe.NeighbourFailed, false, 0), gw(probe.NeighbourReachable, true, ms)},
			"fail net.gateway/preferred_dead",
		},
		{
			"IPv4 dead, IPv6 alive",
			[]hop{gw(probe.NeighbourFailed, false, 0), six(gw(probe.NeighbourReachable, true, ms))},
			"pass",
		},
		{
			"preferred alive, spare dead",
			[]hop{gw(probe.NeighbourReachable, true, ms), gw(probe.NeighbourFailed, false, 0)},
			"pass",
		},
		{"slow", []hop{gw(probe.NeighbourReachable, true, 400*ms)}, "warn net.gateway/slow"},
		{"a lost request is no distance", []hop{gw(probe.NeighbourReachable, true, 1014*ms)}, "pass"},
	} {
		check(t, c.name, judgeGateway(c.hops, 150*ms), c.want)
	}
}

func TestEgress(t *testing.T) {
	const ms = time.Millisecond
	up := func(took time.Duration) exit { return exit{took: took} }
	dead := func(kind string) exit { return exit{kind: kind, code: strings.ToUpper(kind)} }
	six := func(e exit) exit { e.v6 = true; return e }
	for _, c := range []struct {
		name  string
		exits []exit
		want  string
	}{
		{"both", []exit{up(20 * ms), up(30 * ms)}, "pass"},
		{"one target of two is down: its own affair", []exit{up(20 * ms), dead(probe.KindTimeout)}, "pass"},
		{"none", []exit{dead(probe.KindTimeout), dead(probe.KindTimeout)}, "fail net.egress/silent"},
		{"mixed", []exit{dead(probe.KindTimeout), dead(probe.KindUnreachable)}, "fail net.egress/silent"},
		{"refused", []exit{dead(probe.KindRefused)}, "fail net.egress/refused"},
		{
			"no way",
			[]exit{dead(probe.KindUnreachable), dead(probe.KindUnreachable)},
			"fail net.egress/unreachable",
		},
		{"forbidden here", []exit{dead(probe.KindDenied)}, "fail net.egress/denied"},
		{"no IPv6 here", []exit{up(20 * ms), six(dead(probe.KindUnreachable))}, "pass"},
		{"IPv6 black-holed", []exit{up(20 * ms), six(dead(probe.KindTimeout))}, "pass"},
		{"one request lost", []exit{up(20 * ms), up(1010 * ms)}, "pass"},
		{"every request lost", []exit{up(1020 * ms), up(3040 * ms)}, "pass"},
		{"far away", []exit{up(700 * ms)}, "pass"},
	} {
		check(t, c.name, judgeEgress(c.exits), c.want)
	}
}

func TestPortal(t *testing.T) {
	answer := func(status int, location, body string) probe.HTTPAnswer {
		return probe.HTTPAnswer{Status: status, Header: http.Header{"Location": {location}}, Body: []byte(body)}
	}
	page := probe.Connectivity{URL: "http://portal.example/204"}
	nm := probe.Connectivity{URL: "http://nm.example/", Body: "NetworkManager is online"}
	for _, c := range []struct {
		name string
		page probe.Connectivity
		a    probe.HTTPAnswer
		want string
	}{
		{"204", page, answer(204, "", ""), "pass"},
		{"redirect", page, answer(302, "http://login.hotel.example/", ""), "fail net.portal/sign_in"},
		{
			"redirect to an address", page, answer(307, "http://192.0.2.1/login", ""),
			"fail net.portal/sign_in",
		},
		{"511", page, answer(511, "", "sign in"), "fail net.portal/sign_in"},
		{"another page", page, answer(200, "", "<html>Welcome"), "fail net.portal/replaced"},
		{"a 204 with a body is no 204", page, answer(204, "", "x"), "fail net.portal/replaced"},
		{"the system's page", nm, answer(200, "", "NetworkManager is online\n"), "pass"},
		{"the system's page, replaced", nm, answer(200, "", "<html>"), "fail net.portal/replaced"},
		{
			"the page's own server prefers https", page, answer(301, "https://portal.example/204", ""),
			"unknown",
		},
		{"the page is gone", page, answer(404, "", ""), "unknown"},
		{"its server is down", page, answer(503, "", ""), "unknown"},
		{"no answer", page, probe.HTTPAnswer{Stage: probe.StageTCP, Err: syscall.ECONNREFUSED}, "unknown"},
	} {
		check(t, c.name, judgePortal(c.page, c.a), c.want)
	}
}

func TestNameServers(t *testing.T) {
	at := func(states ...string) []server {
		var list []server
		for i, s := range states {
			stub := strings.HasPrefix(s, "stub:")
			list = append(list, server{addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), state: strings.TrimPrefix(s, "stub:"), local: stub})
		}
		return list
	}
	for _, c := range []struct {
		name    string
		servers []server
		want    string
	}{
		{"none", nil, "fail net.dns.servers/unconfigured"},
		{"one, well", at("ok"), "pass"},
		{"one, dead", at("silent"), "fail net.dns.servers/silent"},
		{"all closed", at("closed", "closed"), "fail net.dns.servers/closed"},
		{"all dead, each in its way", at("closed", "silent"), "fail net.dns.servers/silent"},
		{"all say SERVFAIL", at("servfail", "servfail"), "fail net.dns.servers/servfail"},
		{"all refuse", at("refused"), "fail net.dns.servers/refused"},
		{"out of reach", at("unreachable", "unreachable"), "fail net.dns.servers/unreachable"},
		{"first dead", at("silent", "ok"), "warn net.dns.servers/first_dead"},
		{"first slow", at("slow", "ok"), "warn net.dns.servers/first_dead"},
		{"spare dead", at("ok", "silent"), "warn net.dns.servers/one_dead"},
		{"stub well, one behind it dead", at("stub:ok", "ok", "silent"), "warn net.dns.servers/one_dead"},
		{"stub dead, servers well", at("stub:closed", "ok"), "fail net.dns.servers/local_dead"},
		{"stub dead, and nothing known behind it", at("stub:closed"), "fail net.dns.servers/local_dead"},
		{
			"stub alive, all behind it dead, and it says so", at("stub:servfail", "silent"),
			"fail net.dns.servers/silent",
		},
		{
			"stub answers from its cache, all behind it dead", at("stub:ok", "silent", "silent"),
			"warn net.dns.servers/upstream_dead",
		},
	} {
		check(t, c.name, judgeServers(c.servers), c.want)
	}
	tcp := at("ok")
	tcp[0].tcp = true
	check(t, "only TCP", judgeServers(tcp), "warn net.dns.servers/tcp_only")
}

func TestServerState(t *testing.T) {
	for _, c := range []struct {
		a     probe.DNSAnswer
		named bool
		want  string
	}{
		{probe.DNSAnswer{RCode: "success"}, true, "ok"},
		{probe.DNSAnswer{RCode: "nxdomain"}, true, "ok"}, // it works; that the name is unknown is another matter
		{probe.DNSAnswer{RCode: "servfail"}, true, "servfail"},
		{probe.DNSAnswer{RCode: "refused"}, true, "refused"},
		{probe.DNSAnswer{RCode: "refused"}, false, "ok"}, // it may decline to speak of the root
		{probe.DNSAnswer{RCode: "success", Took: 1500 * time.Millisecond}, true, "slow"},
		{probe.DNSAnswer{Err: syscall.ECONNREFUSED}, true, "closed"},
		{probe.DNSAnswer{Err: syscall.EHOSTUNREACH}, true, "unreachable"},
		{probe.DNSAnswer{Err: errors.New("?")}, true, "silent"},
	} {
		if got := sayState(c.a, c.named, time.Second).state; got != c.want {
			t.Errorf("%+v: %s, want %s", c.a, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	const slow = 800 * time.Millisecond
	missing := []lookup{{kind: probe.KindName, code: "NXDOMAIN"}}
	check(t, "resolved", judgeNames([]lookup{{addrs: 1, took: 5 * time.Millisecond}}, "", slow), "pass")
	check(
		t, "one of two exists",
		judgeNames([]lookup{missing[0], {addrs: 1, took: 5 * time.Millisecond}}, "", slow), "pass",
	)
	check(
		t, "slow", judgeNames([]lookup{{addrs: 1, took: time.Second}}, "", slow),
		"warn net.dns.system/slow",
	)
	check(
		t, "silence", judgeNames([]lookup{{kind: probe.KindNameTimeout}}, "", slow),
		"fail net.dns.system/silent",
	)
	for why, want := range map[string]string{
		"nxdomain": "no_such_name", "success": "no_such_name", "servfail": "servfail", "refused": "refused",
		"unconfigured": "unconfigured", "silent": "silent", "": "silent", "rcode9": "silent",
	} {
		check(t, "why "+why, judgeNames(missing, why, slow), "fail net.dns.system/"+want)
	}
}

func TestProxy(t *testing.T) {
	u, _ := url.Parse("http://user:secret@proxy.example:3128")
	for _, c := range []struct {
		name string
		a    probe.ProxyAnswer
		want string
	}{
		{"tunnel", probe.ProxyAnswer{Stage: "done", Status: 200}, "pass"},
		{"nothing to ask it for", probe.ProxyAnswer{Stage: "done"}, "pass"},
		{"no such name", probe.ProxyAnswer{Stage: "name", Err: syscall.EINVAL}, "fail net.proxy/name"},
		{"refused", probe.ProxyAnswer{Stage: "tcp", Err: syscall.ECONNREFUSED}, "fail net.proxy/refused"},
		{"silent", probe.ProxyAnswer{Stage: "tcp", Err: syscall.ETIMEDOUT}, "fail net.proxy/silent"},
		{"407", probe.ProxyAnswer{Stage: "connect", Status: 407}, "fail net.proxy/sign_in"},
		{"403", probe.ProxyAnswer{Stage: "connect", Status: 403}, "fail net.proxy/denied"},
		{"503", probe.ProxyAnswer{Stage: "connect", Status: 503}, "fail net.proxy/no_tunnel"},
		{
			"hangs up",
			probe.ProxyAnswer{Stage: "connect", Err: syscall.ECONNRESET},
			"fail net.proxy/no_tunnel",
		},
	} {
		o := judgeProxy(probe.Proxy{URL: u, Source: "settings"}, c.a)
		check(t, c.name, o, c.want)
		for _, f := range o.Facts {
			if strings.Contains(f.String(), "secret") || strings.Contains(f.String(), "user") {
				t.Errorf("%s: the fact %s tells the proxy's password", c.name, f.Key)
			}
		}
	}
}

func TestProxyScript(t *testing.T) {
	spec := catalogue.Catalogue{}.Get("net.proxy")
	script := []byte("function FindProxyForURL(url, host) { return \"DIRECT\"; }")
	for name, c := range map[string]struct {
		a    probe.HTTPAnswer
		want string
	}{
		"a script":        {probe.HTTPAnswer{Stage: "http", Status: 200, Body: script}, "pass"},
		"moved":           {probe.HTTPAnswer{Stage: "http", Status: 302}, "pass"},
		"gone":            {probe.HTTPAnswer{Stage: "http", Status: 404}, "warn net.proxy/pac"},
		"a page":          {probe.HTTPAnswer{Stage: "http", Status: 200, Body: []byte("<html>sign in")}, "warn net.proxy/pac"},
		"late":            {probe.HTTPAnswer{Stage: "http", Status: 200, Body: script, Took: 1500 * time.Millisecond}, "warn net.proxy/pac"},
		"nobody answers":  {probe.HTTPAnswer{Stage: "tcp", Err: syscall.ETIMEDOUT}, "warn net.proxy/pac"},
		"nobody is there": {probe.HTTPAnswer{Stage: "tcp", Err: syscall.ECONNREFUSED}, "warn net.proxy/pac"},
	} {
		check(t, name, judgeScript(c.a, "pac.example", spec), c.want)
	}
}

func TestTLS(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	fine := func(name string) shake {
		return shake{name: name, host: name + ".example", open: true, read: true, cert: probe.Certificate{Issuer: "CA", NotAfter: now.Add(90 * day)}}
	}
	refused := func(name, reason, issuer string) shake {
		s := fine(name)
		s.reason, s.cert.Issuer = reason, issuer
		return s
	}
	closed := shake{name: "x", host: "x.example", code: "ECONNREFUSED"}
	soon := fine("erp")
	soon.cert.NotAfter = now.Add(3 * day)
	for _, c := range []struct {
		name   string
		shakes []shake
		want   string
	}{
		{"fine", []shake{fine("erp"), fine("desk")}, "pass"},
		{"nothing could be asked", []shake{closed}, "unknown"},
		{"what could be asked is fine", []shake{closed, fine("erp")}, "pass"},
		{"expires soon", []shake{fine("desk"), soon}, "warn net.tls/expiring"},
		{"expired", []shake{fine("desk"), refused("erp", probe.TLSExpired, "CA")}, "fail net.tls/expired"},
		{
			"one stranger is that host's affair",
			[]shake{fine("desk"), refused("erp", probe.TLSUntrusted, "Box")},
			"fail net.tls/untrusted",
		},
		{
			"the same stranger everywhere",
			[]shake{refused("desk", probe.TLSUntrusted, "Box"), refused("erp", probe.TLSUntrusted, "Box")},
			"fail net.tls/intercepted",
		},
		{
			"two strangers",
			[]shake{refused("desk", probe.TLSUntrusted, "A"), refused("erp", probe.TLSUntrusted, "B")},
			"fail net.tls/untrusted",
		},
	} {
		check(t, c.name, judgeTLS(c.shakes, now, 14*day), c.want)
	}
	for reason := range tlsCauses {
		check(
			t, reason, judgeTLS([]shake{refused("erp", reason, "CA")}, now, day),
			"fail "+string(tlsCauses[reason]),
		)
	}
}

// This computer is no TLS target, plain http neither, and a name is asked for once.
func TestTargets(t *testing.T) {
	p := Params{
		Portal: "http://Portal.example/204", Desk: "https://desk.example/rt",
		Services: []Endpoint{
			{"erp", "https://erp.example/"},
			{"same", "https://erp.example/other"},
			{"plain", "http://old.example/"},
			{"here", "https://localhost:8443/"},
			{"here too", "https://127.0.0.1/"},
			{"literal", "https://192.0.2.7/"},
			{"broken", "://"},
		},
	}
	var names []string
	for _, e := range p.tlsTargets() {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != "erp literal desk" {
		t.Error(got)
	}
	if got := strings.Join(p.hostnames(), " "); got != "portal.example desk.example erp.example" {
		t.Error(got)
	}
	var hosts []string
	for _, u := range p.proxyTargets() {
		hosts = append(hosts, u.Host)
	}
	if got := strings.Join(hosts, " "); got != "erp.example 192.0.2.7 desk.example" {
		t.Error(got)
	}
	if list := (Params{Desk: "http://127.0.0.1:8080"}).proxyTargets(); len(list) != 1 || list[0] != nil {
		t.Error(list)
	}
}

// A service that is stopped behind a proxy is no fault of the proxy, and one more call shows it.
func TestProxyIsJudgedByMoreThanOneTarget(t *testing.T) {
	bad := func(c diagnostics.Cause) diagnostics.Outcome {
		return diagnostics.Outcome{Status: diagnostics.Fail, Cause: c}
	}
	good := diagnostics.Outcome{Status: diagnostics.Pass}
	for _, c := range []struct {
		name    string
		answers []diagnostics.Outcome
		want    diagnostics.Cause
		asked   int
	}{
		{"all is well", []diagnostics.Outcome{good, good}, "", 1},
		{"one service is stopped", []diagnostics.Outcome{bad("net.proxy/no_tunnel"), good}, "", 2},
		{"one site is forbidden", []diagnostics.Outcome{bad("net.proxy/denied"), good}, "", 2},
		{"nothing behind it", []diagnostics.Outcome{bad("net.proxy/no_tunnel"), bad("net.proxy/silent")}, "net.proxy/no_tunnel", 2},
		{"the proxy itself", []diagnostics.Outcome{bad("net.proxy/refused"), good}, "net.proxy/refused", 1},
	} {
		asked := 0
		out := firstFair(make([]*url.URL, len(c.answers)), func(*url.URL) diagnostics.Outcome {
			asked++
			return c.answers[asked-1]
		})
		if out.Cause != c.want || asked != c.asked {
			t.Errorf("%s: %q after %d", c.name, out.Cause, asked)
		}
	}
}
