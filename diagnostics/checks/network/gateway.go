package network

import (
	"cmp"
	"context"
	"net"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// hop is what was seen of one default route.
type hop struct {
	route probe.Route
	// answered: it accepted or refused a connection, or it is a line without a router to ask.
	answered  bool
	took      time.Duration
	neighbour probe.Neighbour
}

func gateway(spec catalogue.Spec) func(context.Context, int) diagnostics.Outcome {
	slow := time.Duration(spec.Limit("slow_ms")) * time.Millisecond
	patience := time.Duration(spec.Limit("unresolved_ms")) * time.Millisecond
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		routes, err := probe.DefaultRoutes()
		if err != nil {
			return unknown("probe.routes")
		}
		return judgeGateway(askHops(ctx, routes, patience), slow)
	}
}

// askHops asks the routers of the best routes side by side, the preferred first.
func askHops(ctx context.Context, routes []probe.Route, patience time.Duration) []hop {
	const most = 4
	slices.SortStableFunc(routes, func(a, b probe.Route) int { return cmp.Compare(a.Metric, b.Metric) })
	routes = routes[:min(len(routes), most)]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type numbered struct {
		hop
		i int
	}
	answers := make(chan numbered, len(routes))
	for i, r := range routes {
		go func() { answers <- numbered{askHop(ctx, r, patience), i} }()
	}
	hops := make([]hop, len(routes))
	for range routes {
		h := <-answers
		hops[h.i] = h.hop
		if h.alive() && (h.i == 0 || h.route.V6 != routes[0].V6) {
			// The preferred one lives, or the other family does: enough to work. The rest is a remark.
			timer := time.AfterFunc(settleHops, cancel)
			defer timer.Stop()
		}
	}
	return hops
}

// settleHops is how long further routers are waited for once the preferred one has answered.
const settleHops = 200 * time.Millisecond

// askHop knocks on three doors that routers have. A closed door is an answer too. Where a firewall keeps
// silent, the neighbour table says whether the router answered the question who it is, which it must.
func askHop(ctx context.Context, r probe.Route, patience time.Duration) hop {
	h := hop{route: r, neighbour: probe.NeighbourNone}
	if !r.Gateway.IsValid() {
		h.answered = true
		return h
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	doors := []string{"443", "80", "53"}
	knocks := make(chan probe.Dial, len(doors))
	for _, port := range doors {
		go func() { knocks <- probe.DialTCP(ctx, net.JoinHostPort(r.Gateway.String(), port)) }()
	}
	start := time.Now()
	look := time.NewTicker(25 * time.Millisecond)
	defer look.Stop()
	for left := len(doors); left > 0; {
		select {
		case d := <-knocks:
			left--
			if d.Conn != nil {
				_ = d.Conn.Close()
			}
			kind, _ := probe.Kind(d.Err)
			if d.Err == nil || kind == probe.KindRefused || kind == probe.KindReset {
				h.answered, h.took, h.neighbour = true, d.Took, probe.NeighbourReachable
				return h
			}
		case <-look.C:
			h.neighbour = probe.NeighbourOf(r.Gateway)
			known := h.neighbour == probe.NeighbourReachable
			if known || h.neighbour == probe.NeighbourStale && time.Since(start) > patience {
				return h
			}
		}
	}
	h.neighbour = probe.NeighbourOf(r.Gateway)
	return h
}

func (h hop) alive() bool {
	return h.answered || h.neighbour == probe.NeighbourReachable || h.neighbour == probe.NeighbourStale ||
		h.neighbour == probe.NeighbourUnknown
}

// judgeGateway believes in a dead router only where the kernel's own question to it went unanswered.
func judgeGateway(hops []hop, slow time.Duration) diagnostics.Outcome {
	if len(hops) == 0 {
		return failed("net.gateway/no_route", []diagnostics.Fact{diagnostics.Int("routes", 0, "")})
	}
	first := hops[0]
	facts := []diagnostics.Fact{
		diagnostics.Int("routes", int64(len(hops)), ""),
		diagnostics.Text("neighbour", string(first.neighbour)),
		diagnostics.Bool("answered", first.answered),
	}
	if first.route.Gateway.IsValid() {
		facts = append(facts, hostFact("gateway", first.route.Gateway.WithZone("").String()))
	}
	if first.took > 0 {
		facts = append(facts, diagnostics.Int("connect", first.took.Milliseconds(), "ms"))
	}
	switch {
	case !first.alive() && slices.ContainsFunc(hops, func(h hop) bool {
		return h.alive() && h.route.V6 == first.route.V6
	}):
		return failed("net.gateway/preferred_dead", facts)
	case !slices.ContainsFunc(hops, hop.alive):
		out := failed("net.gateway/silent", facts)
		out.Error = string(first.neighbour)
		return out
	}
	if lost, _ := probe.LostSYN(first.took); first.took > slow && !lost {
		return warned("net.gateway/slow", diagnostics.Degrades, facts)
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}
