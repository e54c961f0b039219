package network

import (
	"context"
	"net/netip"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func udp(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	patience := time.Duration(spec.Limit("patience_ms")) * time.Millisecond
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		if p.UDP == "" {
			return notConfigured("probes.udp")
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		tcp := make(chan bool, 1)
		go func() { tcp <- p.tcpWorks(ctx) }()
		a := probe.STUN(ctx, p.UDP)
		if a.Err == nil {
			return judgeUDP(a, false)
		}
		return judgeUDP(a, <-tcp)
	}
}

// tcpWorks tells whether anything can be reached by TCP: without that, silence says nothing about UDP.
func (p Params) tcpWorks(ctx context.Context) bool {
	var targets []netip.AddrPort
	for _, raw := range p.Egress {
		if a, err := netip.ParseAddrPort(raw); err == nil {
			targets = append(targets, a)
		}
	}
	for _, e := range knock(ctx, targets) {
		if e.kind == "" {
			return true
		}
	}
	return false
}

func judgeUDP(a probe.Bind, tcpWorks bool) diagnostics.Outcome {
	kind, code := probe.Kind(a.Err)
	facts := []diagnostics.Fact{diagnostics.Bool("udp", a.Err == nil), diagnostics.Bool("tcp", tcpWorks)}
	switch {
	case a.Err == nil:
		facts = []diagnostics.Fact{milliseconds("connect", a.Took), diagnostics.Bool("udp", true)}
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case kind == probe.KindTimeout && tcpWorks:
		out := warned("net.udp/silent", diagnostics.Degrades, facts)
		out.Error, out.Target = code, "udp"
		return out
	}
	// A closed port, a name that does not exist, nothing that answers at all: not a word on UDP.
	out := unknown("udp.no_answer", facts...)
	out.Error = code
	return out
}
