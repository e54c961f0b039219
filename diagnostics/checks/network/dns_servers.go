package network

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// server is what one name server said.
type server struct {
	addr  netip.Addr
	local bool
	state string // "ok", "slow", "silent", "closed", "unreachable", "servfail", "refused"
	tcp   bool
	took  time.Duration
}

func dnsServers(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	slow := time.Duration(spec.Limit("slow_ms")) * time.Millisecond
	tcpAfter := time.Duration(spec.Limit("tcp_after_ms")) * time.Millisecond
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		local, remote, ok := probe.NameServers()
		if !ok {
			return diagnostics.Outcome{Status: diagnostics.NA, Detail: "probe.name_servers"}
		}
		name := ""
		if names := p.hostnames(); len(names) > 0 {
			name = names[0]
		}
		answers := make(chan server, len(local)+len(remote))
		ask := func(a netip.Addr, isLocal bool) {
			s := sayState(probe.AskServer(ctx, a, name, tcpAfter), name != "", slow)
			s.addr, s.local = a, isLocal
			answers <- s
		}
		for _, a := range local {
			go ask(a, true)
		}
		for _, a := range remote {
			go ask(a, false)
		}
		var servers []server
		for range len(local) + len(remote) {
			servers = append(servers, <-answers)
		}
		order := append(local, remote...)
		slices.SortFunc(servers, func(a, b server) int {
			return slices.Index(order, a.addr) - slices.Index(order, b.addr)
		})
		return judgeServers(servers)
	}
}

// sayState puts an answer into one word. Without a name of the organisation's the question was for the root,
// which a server may decline; that it answers at all is then enough.
func sayState(a probe.DNSAnswer, named bool, slow time.Duration) server {
	s := server{tcp: a.TCP, took: a.Took, state: "ok"}
	kind, _ := probe.Kind(a.Err)
	switch {
	case a.Err != nil && kind == probe.KindRefused:
		s.state = "closed"
	case a.Err != nil && kind == probe.KindUnreachable:
		s.state = "unreachable"
	case a.Err != nil:
		s.state = "silent"
	case a.RCode == "servfail" && named:
		s.state = "servfail"
	case a.RCode == "refused" && named:
		s.state = "refused"
	case a.Took > slow && !a.TCP:
		s.state = "slow"
	}
	return s
}

func (s server) works() bool { return s.state == "ok" || s.state == "slow" }

func judgeServers(servers []server) diagnostics.Outcome {
	if len(servers) == 0 {
		return failed("net.dns.servers/unconfigured", []diagnostics.Fact{diagnostics.Int("servers", 0, "")})
	}
	var states []string
	var remote, working []server
	for _, s := range servers {
		states = append(states, s.state)
		if s.works() {
			working = append(working, s)
		}
		if !s.local {
			remote = append(remote, s)
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("servers", int64(len(servers)), ""),
		diagnostics.Int("answered", int64(len(working)), ""),
		{Key: "states", Value: states, Class: diagnostics.Plain},
	}
	for _, s := range servers {
		if !s.works() {
			facts = append(facts, hostFact("server", s.addr.String()))
			break
		}
	}
	first := servers[0]
	switch {
	case len(working) == 0 && len(remote) > 0:
		return failed(allDead(remote), facts)
	case len(working) == 0, first.local && !first.works() && !anyWorks(servers, true):
		// The program on this computer that everything asks is dead, whatever the servers behind it are.
		return failed("net.dns.servers/local_dead", facts)
	case first.local && len(remote) > 0 && !anyWorks(remote, false):
		// A stub that answers from its cache while all behind it is silent.
		return warned("net.dns.servers/upstream_dead", diagnostics.Degrades, facts)
	case !first.works() || first.state == "slow":
		return warned("net.dns.servers/first_dead", diagnostics.Degrades, facts)
	case len(working) < len(servers):
		return warned("net.dns.servers/one_dead", diagnostics.Notice, facts)
	case !slices.ContainsFunc(working, func(s server) bool { return !s.tcp }):
		return warned("net.dns.servers/tcp_only", diagnostics.Degrades, facts)
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}

func anyWorks(servers []server, local bool) bool {
	return slices.ContainsFunc(servers, func(s server) bool { return s.local == local && s.works() })
}

func allDead(servers []server) diagnostics.Cause {
	first := servers[0].state
	for _, s := range servers {
		if s.state != first {
			return "net.dns.servers/silent"
		}
	}
	switch first {
	case "servfail":
		return "net.dns.servers/servfail"
	case "refused":
		return "net.dns.servers/refused"
	case "closed":
		return "net.dns.servers/closed"
	case "unreachable":
		return "net.dns.servers/unreachable"
	}
	return "net.dns.servers/silent"
}
