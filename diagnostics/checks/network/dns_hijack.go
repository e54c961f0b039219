package network

import (
	"context"
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// knownName has addresses that are the same everywhere (RFC 7050, RFC 8880), so that whoever answers
// something else is inventing.
const knownName = "ipv4only.arpa"

func isKnownAddr(a netip.Addr) bool {
	return a == netip.AddrFrom4([4]byte{192, 0, 0, 170}) || a == netip.AddrFrom4([4]byte{192, 0, 0, 171})
}

// inquiry is what a name server says of one name.
type inquiry struct {
	rcode string // empty: no answer
	addrs []netip.Addr
}

func dnsHijack(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	patience := time.Duration(spec.Limit("patience_ms")) * time.Millisecond
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		local, remote, ok := probe.NameServers()
		servers := slices.Concat(local, remote)
		if !ok || len(servers) == 0 {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "probe.name_servers"}
		}
		names := []string{knownName, randomLabel() + "." + knownName}
		if own := p.hostnames(); len(own) > 0 {
			names = append(names, randomLabel()+"."+own[0])
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		answers := make([]inquiry, len(names))
		done := make(chan struct{}, len(names))
		for i, name := range names {
			go func() {
				answers[i] = inquire(ctx, servers, name, patience)
				done <- struct{}{}
			}()
		}
		for range names {
			<-done
		}
		return judgeHijack(answers[0], answers[1:])
	}
}

// inquire takes the first answer of the configured servers: the system does the same, a dead one beside a
// living one is another self-test's finding.
func inquire(ctx context.Context, servers []netip.Addr, name string, patience time.Duration) inquiry {
	const most = 2
	servers = servers[:min(len(servers), most)]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan probe.DNSAnswer, len(servers))
	for _, s := range servers {
		go func() { answers <- probe.AskServer(ctx, s, name, patience/2) }()
	}
	for range servers {
		if a := <-answers; a.Err == nil && a.RCode != "" {
			return inquiry{rcode: a.RCode, addrs: a.Addrs}
		}
	}
	return inquiry{}
}

// randomLabel is a name that nobody has given to anything.
func randomLabel() string { return strings.ToLower(rand.Text())[:16] }

// judgeHijack accuses only on two kinds of proof: the one name whose addresses everybody knows has others, or
// two invented names that have nothing in common lead to the same place. One invented name that resolves may
// be a catch-all of its owner's; a network that knows neither name has said nothing.
func judgeHijack(known inquiry, invented []inquiry) diagnostics.Outcome {
	genuine, other := 0, 0
	for _, a := range known.addrs {
		if isKnownAddr(a) {
			genuine++
		} else if !a.IsUnspecified() && !a.IsLoopback() {
			other++ // an address of nowhere is a filter's way to say no
		}
	}
	answered, resolved := 0, 0
	for _, a := range invented {
		if a.rcode != "" {
			answered++
		}
		if len(a.addrs) > 0 {
			resolved++
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Bool("known_name", genuine > 0), diagnostics.Int("invented_resolved", int64(resolved), ""),
		diagnostics.Int("invented_asked", int64(len(invented)), ""),
	}
	degrading := func(cause diagnostics.Cause) diagnostics.Outcome {
		out := failed(cause, facts)
		out.Severity = diagnostics.Degrades
		return out
	}
	switch {
	case len(invented) > 1 && resolved == len(invented) && sharesAddr(invented):
		return degrading("net.dns.hijack/wildcard")
	case other > 0 && genuine == 0:
		return degrading("net.dns.hijack/forged")
	case genuine > 0 || answered > 0:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	}
	return unknown("dns.no_answer", facts...)
}

func sharesAddr(list []inquiry) bool {
	for _, a := range list[0].addrs {
		all := true
		for _, other := range list[1:] {
			all = all && slices.Contains(other.addrs, a)
		}
		if all && !a.IsUnspecified() && !a.IsLoopback() {
			return true
		}
	}
	return false
}
