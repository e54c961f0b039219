package network

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// parcel is what became of full-size packets to one endpoint.
type parcel struct {
	name string
	open bool // connected: without that there is nothing to say about packets
	probe.Packets
}

func mtu(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	size := int(spec.Limit("hello_bytes"))
	patience := time.Duration(spec.Limit("patience_ms")) * time.Millisecond
	const most = 2
	targets := p.tlsTargets()
	targets = targets[:min(len(targets), most)]
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		if len(targets) == 0 {
			return notConfigured("probes.services")
		}
		answers := make(chan parcel, len(targets))
		for _, t := range targets {
			go func() { answers <- sendParcel(ctx, t, size, patience) }()
		}
		var parcels []parcel
		for range targets {
			parcels = append(parcels, <-answers)
		}
		return judgeMTU(parcels)
	}
}

// sendParcel goes straight: through a proxy the packets would be the proxy's.
func sendParcel(ctx context.Context, e Endpoint, size int, patience time.Duration) parcel {
	u, _ := url.Parse(e.URL) // parsed before
	out := parcel{name: e.Name}
	dial, cancel := context.WithTimeout(ctx, patience)
	d := probe.DialHost(dial, hostPort(u))
	cancel()
	if d.Err != nil {
		return out // whether it can be reached is another self-test's question
	}
	out.open = true
	out.Packets = probe.SendLarge(ctx, d.Conn, u.Hostname(), size, patience)
	if out.Err != nil || out.Acked > 0 && !out.Gap {
		return out
	}
	// Is it the size, or has the way died meanwhile? A small packet on a new connection tells.
	if d = probe.DialHost(ctx, hostPort(u)); d.Err == nil {
		out.SmallAcked = probe.SendSmall(ctx, d.Conn, u.Hostname(), patience/2)
	}
	return out
}

// judgeMTU wants one confirmed packet. Packets of full size that nobody confirms, beside small ones that are,
// leave little else than a device on the way that drops what is too large and does not say so.
func judgeMTU(parcels []parcel) diagnostics.Outcome {
	var bad []parcel
	asked := 0
	for _, p := range parcels {
		switch {
		case errors.Is(p.Err, probe.ErrNoTCPState):
			return unknown("probe.tcp_state")
		case !p.open || p.Err != nil:
			continue
		case (p.Acked == 0 || p.Gap) && p.SmallAcked && p.Written > p.MSS:
			bad = append(bad, p)
		case p.Acked == 0:
			continue // the way died, or the peer did
		}
		asked++
	}
	if asked == 0 {
		return unknown("mtu.no_connection")
	}
	worst := parcels[slices.IndexFunc(parcels, func(p parcel) bool { return p.open && p.Err == nil })]
	if len(bad) > 0 {
		worst = bad[0]
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("written", int64(worst.Written), "B"), diagnostics.Int("acked", int64(worst.Acked), "B"),
		diagnostics.Int("segment", int64(worst.MSS), "B"), diagnostics.Text("endpoint", worst.name),
		diagnostics.Int("sent_again", int64(worst.Retrans), ""),
	}
	if len(bad) == 0 {
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	}
	out := warned("net.mtu/silent", diagnostics.Degrades, facts)
	out.Target = worst.name
	return out
}
