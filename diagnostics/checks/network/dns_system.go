package network

import (
	"context"
	"net/netip"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// lookup is what became of one name.
type lookup struct {
	addrs int
	took  time.Duration
	kind  string // empty: resolved
	code  string
}

func dnsSystem(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	slow := time.Duration(spec.Limit("slow_ms")) * time.Millisecond
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		names := p.hostnames()
		if len(names) == 0 && p.Portal == "" {
			if c, ok := probe.SystemConnectivity(); ok {
				names = Params{Portal: c.URL}.hostnames()
			}
		}
		if len(names) == 0 {
			return notConfigured("probes")
		}
		looks := resolve(ctx, names)
		why := ""
		if !anyResolved(looks) && ctx.Err() == nil {
			why = whyNot(ctx, names[0])
		}
		out := judgeNames(looks, why, slow)
		if out.Status == diagnostics.Warn && serversAreQuick(ctx, names[0], slow) {
			// Slow to ask, quick to answer: this computer is busy, its name servers are not to blame.
			out = diagnostics.Outcome{Status: diagnostics.Pass, Facts: out.Facts}
		}
		return out
	}
}

// serversAreQuick asks the first name server itself.
func serversAreQuick(ctx context.Context, name string, slow time.Duration) bool {
	local, remote, ok := probe.NameServers()
	servers := append(local, remote...)
	if !ok || len(servers) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	return probe.AskServer(ctx, servers[0], name, slow).Err == nil
}

func resolve(ctx context.Context, names []string) []lookup {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan lookup, len(names))
	for _, name := range names {
		go func() {
			start := time.Now()
			addrs, err := probe.LookupHost(ctx, name)
			kind, code := probe.Kind(err)
			answers <- lookup{len(addrs), time.Since(start), kind, code}
		}()
	}
	var looks []lookup
	for range names {
		l := <-answers
		looks = append(looks, l)
		if l.kind == "" {
			break // names are resolved; whether each exists is its service's check
		}
	}
	return looks
}

func anyResolved(looks []lookup) bool {
	for _, l := range looks {
		if l.kind == "" {
			return true
		}
	}
	return false
}

// whyNot asks the name servers themselves, because the system only says that there was no answer.
func whyNot(ctx context.Context, name string) string {
	const patience, tcpAfter = 600 * time.Millisecond, 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	local, remote, ok := probe.NameServers()
	servers := append(local, remote...)
	if !ok {
		return ""
	}
	if len(servers) == 0 {
		return "unconfigured"
	}
	answers := make(chan probe.DNSAnswer, len(servers))
	for _, s := range servers {
		go func(s netip.Addr) { answers <- probe.AskServer(ctx, s, name, tcpAfter) }(s)
	}
	why := "silent"
	for range servers {
		if a := <-answers; a.RCode != "" && why != "nxdomain" {
			why = a.RCode
		}
	}
	return why
}

func judgeNames(looks []lookup, why string, slow time.Duration) diagnostics.Outcome {
	best := time.Duration(0)
	for _, l := range looks {
		if l.kind == "" && (best == 0 || l.took < best) {
			best = l.took
		}
	}
	facts := []diagnostics.Fact{diagnostics.Int("names", int64(len(looks)), "")}
	if best > 0 {
		facts = append(facts, diagnostics.Int("took", best.Milliseconds(), "ms"))
		if best <= slow {
			return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
		}
		// Final: a second look would find the name in a cache and prove nothing.
		out := warned("net.dns.system/slow", diagnostics.Notice, facts)
		out.Final = true
		return out
	}
	out := failed("net.dns.system/silent", facts)
	for _, l := range looks {
		out.Error = l.code
		if l.kind == probe.KindNameTimeout {
			out.Facts = append(out.Facts, diagnostics.Text("answer", "silent"))
			return out
		}
	}
	switch why {
	case "nxdomain", "success": // success without an address: the name exists, but not as a host
		out.Cause = "net.dns.system/no_such_name"
	case "servfail":
		out.Cause = "net.dns.system/servfail"
	case "refused":
		out.Cause = "net.dns.system/refused"
	case "unconfigured":
		out.Cause = "net.dns.system/unconfigured"
	}
	if why != "" {
		out.Facts = append(out.Facts, diagnostics.Text("answer", why))
	}
	return out
}
