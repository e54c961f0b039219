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

// tally is what the targets of one family did.
type tally struct{ ok, silent int }

// dead tells whether a family has a way that leads nowhere: some target was silent, none answered. Without
// any route a target fails at once, and the family is simply not there.
func (t tally) dead() bool { return t.ok == 0 && t.silent > 0 }

// judgeEgress wants one connection. A family that has a route and is silent makes every program wait.
func judgeEgress(exits []exit) diagnostics.Outcome {
	var v4, v6 tally
	var lost int
	var best time.Duration
	for _, e := range exits {
		family := &v4
		if e.v6 {
			family = &v6
		}
		switch e.kind {
		case "":
			family.ok++
			if l, _ := probe.LostSYN(e.took); l {
				lost++
			} else if best == 0 || e.took < best {
				best = e.took
			}
		case probe.KindTimeout:
			family.silent++
		}
	}
	ok := v4.ok + v6.ok
	facts := []diagnostics.Fact{
		diagnostics.Int("targets", int64(len(exits)), ""), diagnostics.Int("answered", int64(ok), ""),
	}
	if best > 0 {
		facts = append(facts, diagnostics.Int("connect", best.Milliseconds(), "ms"))
	}
	if lost > 0 {
		facts = append(facts, diagnostics.Int("lost_requests", int64(lost), ""))
	}
	switch {
	case ok == 0:
		return noExit(exits, facts)
	case v4.dead():
		return warned("net.egress/one_family", diagnostics.Degrades, facts)
	}
	// A dead IPv6 beside a living IPv4 is net.ipv6's to name, lost requests are net.quality's.
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}

// noExit names how all targets failed, if they failed alike.
func noExit(exits []exit, facts []diagnostics.Fact) diagnostics.Outcome {
	out := failed("net.egress/silent", facts)
	out.Error, out.Target = exits[0].code, "egress[0.."+strconv.Itoa(len(exits)-1)+"]"
	for _, e := range exits {
		if e.kind != exits[0].kind {
			return out
		}
	}
	switch exits[0].kind {
	case probe.KindRefused:
		out.Cause = "net.egress/refused"
	case probe.KindUnreachable:
		out.Cause = "net.egress/unreachable"
	case probe.KindDenied:
		out.Cause = "net.egress/denied"
	}
	return out
}
