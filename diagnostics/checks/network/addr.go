package network

import (
	"context"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func addr(catalogue.Spec) func(context.Context, int) diagnostics.Outcome {
	return func(context.Context, int) diagnostics.Outcome {
		links, err := usableLinks()
		if err != nil {
			return unknown("probe.interfaces")
		}
		return judgeAddr(links)
	}
}

// judgeAddr wants one address that a router would carry. 169.254.0.0/16 is what a computer gives itself when
// nobody answers its DHCP request; every interface has an fe80:: address, so that one says nothing.
func judgeAddr(links []probe.Link) diagnostics.Outcome {
	var v4, v6, self int
	var first string
	for _, l := range links {
		if !l.Up || !l.Running {
			continue
		}
		for _, p := range l.Addrs {
			a := p.Addr().Unmap()
			switch {
			case a.IsLoopback(), a.Is6() && a.IsLinkLocalUnicast():
				continue
			case a.IsLinkLocalUnicast():
				self++
				continue
			case a.Is4():
				v4++
			default:
				v6++
			}
			if first == "" {
				first = a.String()
			}
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("ipv4", int64(v4), ""), diagnostics.Int("ipv6", int64(v6), ""),
	}
	if first != "" {
		facts = append(facts, diagnostics.Identifier("address", first, diagnostics.Infra, diagnostics.KindIP))
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	}
	if self > 0 {
		return failed("net.addr/self_assigned", facts)
	}
	return failed("net.addr/none", facts)
}
