package network

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// pair is one target by both families; an invalid address is one that it does not have.
type pair struct{ v4, v6 netip.AddrPort }

func ipv6(_ catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		routes, err := probe.DefaultRoutes()
		if err != nil {
			return unknown("probe.routes")
		}
		if !slices.ContainsFunc(routes, func(r probe.Route) bool { return r.V6 }) {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "ipv6.no_route"}
		}
		pairs := p.pairs(ctx)
		if len(pairs) == 0 {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "ipv6.no_target"}
		}
		return judgeIPv6(knockPairs(ctx, pairs))
	}
}

// pairs are targets with an IPv6 address: of the way out, else of the services that have one.
func (p Params) pairs(ctx context.Context) []pair {
	var one pair
	for _, raw := range p.Egress {
		a, err := netip.ParseAddrPort(raw)
		switch {
		case err != nil:
		case a.Addr().Unmap().Is4() && !one.v4.IsValid():
			one.v4 = a
		case a.Addr().Unmap().Is6() && !one.v6.IsValid():
			one.v6 = a
		}
	}
	if one.v6.IsValid() {
		return []pair{one}
	}
	const most = 2
	var list []pair
	for _, e := range p.endpoints() {
		u, err := url.Parse(e.URL)
		if err != nil || isLoopback(u.Hostname()) || isLiteral(u.Hostname()) || len(list) == most {
			continue
		}
		addrs, err := probe.LookupHost(ctx, u.Hostname())
		if err != nil {
			continue
		}
		_, port, _ := net.SplitHostPort(hostPort(u))
		if pair := pairOf(addrs, port); pair.v6.IsValid() {
			list = append(list, pair)
		}
	}
	return list
}

func pairOf(addrs []netip.Addr, port string) pair {
	var one pair
	for _, a := range addrs {
		ap, err := netip.ParseAddrPort(net.JoinHostPort(a.String(), port))
		switch {
		case err != nil:
		case a.Is4() && !one.v4.IsValid():
			one.v4 = ap
		case a.Is6() && !one.v6.IsValid():
			one.v6 = ap
		}
	}
	return one
}

// knocked is what became of one pair; a family that was not asked has the kind "none".
type knocked struct {
	kind4, kind6 string
	took4, took6 time.Duration
}

func knockPairs(ctx context.Context, pairs []pair) []knocked {
	answers := make(chan knocked, len(pairs))
	for _, one := range pairs {
		go func() {
			var k knocked
			done := make(chan struct{})
			go func() {
				defer close(done)
				k.kind4, k.took4 = knockOne(ctx, one.v4)
			}()
			k.kind6, k.took6 = knockOne(ctx, one.v6)
			<-done
			answers <- k
		}()
	}
	var list []knocked
	for range pairs {
		list = append(list, <-answers)
	}
	return list
}

func knockOne(ctx context.Context, a netip.AddrPort) (string, time.Duration) {
	if !a.IsValid() {
		return "none", 0
	}
	d := probe.DialTCP(ctx, a.String())
	if d.Conn != nil {
		_ = d.Conn.Close()
	}
	kind, _ := probe.Kind(d.Err)
	return kind, d.Took
}

// judgeIPv6 accuses a way that swallows. One that says no at once costs programs nothing: they take the
// other.
func judgeIPv6(list []knocked) diagnostics.Outcome {
	var ok6, silent6, ok4 int
	var best time.Duration
	for _, k := range list {
		switch k.kind6 {
		case "", probe.KindRefused, probe.KindReset:
			ok6++
			if best == 0 || k.took6 < best {
				best = k.took6
			}
		case probe.KindTimeout:
			silent6++
		}
		if k.kind4 == "" || k.kind4 == probe.KindRefused || k.kind4 == probe.KindReset {
			ok4++
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("targets", int64(len(list)), ""), diagnostics.Int("answered_ipv4", int64(ok4), ""),
		diagnostics.Int("answered_ipv6", int64(ok6), ""),
	}
	switch {
	case ok6 > 0:
		facts = append(facts, diagnostics.Int("connect", best.Milliseconds(), "ms"))
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case silent6 > 0 && ok4 > 0:
		return warned("net.ipv6/silent", diagnostics.Degrades, facts)
	case silent6 > 0:
		return unknown("ipv6.nothing_answers", facts...)
	}
	return diagnostics.Outcome{Status: diagnostics.NA, Detail: "ipv6.unreachable", Facts: facts}
}
