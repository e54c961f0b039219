package network

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// exit is what became of one target.
type exit struct {
	v6   bool
	kind string // empty: connected
	code string
	took time.Duration
}

func egress(_ catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	var targets []netip.AddrPort
	for _, raw := range p.Egress {
		// A name would test the name server too, which is another check's work: literals only.
		if a, err := netip.ParseAddrPort(raw); err == nil {
			targets = append(targets, a)
		}
	}
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		if len(targets) == 0 {
			return notConfigured("probes.egress")
		}
		return judgeEgress(knock(ctx, targets))
	}
}

// settleEgress is how long slower targets are waited for once one has answered: enough to see whether the
// other family works too, without making a healthy computer wait for a dead target.
const settleEgress = 400 * time.Millisecond

func knock(ctx context.Context, targets []netip.AddrPort) []exit {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan exit, len(targets))
	for _, t := range targets {
		go func() {
			d := probe.DialTCP(ctx, t.String())
			if d.Conn != nil {
				_ = d.Conn.Close()
			}
			kind, code := probe.Kind(d.Err)
			answers <- exit{v6: t.Addr().Is6() && !t.Addr().Is4In6(), kind: kind, code: code, took: d.Took}
		}()
	}
	var exits []exit
	for range targets {
		e := <-answers
		exits = append(exits, e)
		if e.kind == "" {
			timer := time.AfterFunc(settleEgress, cancel)
			defer timer.Stop()
		}
	}
	return exits
}

// judgeEgress wants one connection. A family without any route is a family that this network does not have;
// one that has a route and is silent makes every program wait.
func judgeEgress(exits []exit) diagnostics.Outcome {
	kinds := map[string]int{}
	var ok, ok6, ok4, silent6, silent4 int
	best := time.Duration(0)
	lost := 0
	for _, e := range exits {
		kinds[e.kind]++
		switch {
		case e.kind == "" && e.v6:
			ok6++
		case e.kind == "":
			ok4++
		case e.kind == probe.KindTimeout && e.v6:
			silent6++
		case e.kind == probe.KindTimeout:
			silent4++
		}
		if e.kind == "" {
			ok++
			if l, _ := probe.LostSYN(e.took); l {
				lost++
			} else if best == 0 || e.took < best {
				best = e.took
			}
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("targets", int64(len(exits)), ""), diagnostics.Int("answered", int64(ok), ""),
	}
	if best > 0 {
		facts = append(facts, diagnostics.Int("connect", best.Milliseconds(), "ms"))
	}
	if lost > 0 {
		facts = append(facts, diagnostics.Int("lost_requests", int64(lost), ""))
	}
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts, Target: "egress[0.." + strconv.Itoa(len(exits)-1) + "]"}
	warn := func(cause diagnostics.Cause, s diagnostics.Severity) diagnostics.Outcome {
		out.Status, out.Severity, out.Cause = diagnostics.Warn, s, cause
		return out
	}
	switch {
	case ok > 0 && (ok4 == 0 && silent4 > 0 || ok6 == 0 && silent6 > 0):
		return warn("net.egress/one_family", diagnostics.Degrades)
	case ok > 1 && lost == ok:
		return warn("net.egress/loss", diagnostics.Degrades)
	case ok > 0:
		return out
	}
	out.Status, out.Severity, out.Cause = diagnostics.Fail, diagnostics.Blocks, "net.egress/silent"
	out.Error = exits[0].code
	switch len(exits) {
	case kinds[probe.KindRefused]:
		out.Cause = "net.egress/refused"
	case kinds[probe.KindUnreachable]:
		out.Cause = "net.egress/unreachable"
	case kinds[probe.KindDenied]:
		out.Cause = "net.egress/denied"
	}
	return out
}
