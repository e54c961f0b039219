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

// VPN is the organisation's tunnel, from the settings.
type VPN struct {
	Required bool
	Name     string
	Inside   string // host:port that answers only through it
}

func (v VPN) configured() bool { return v.Required || v.Name != "" || v.Inside != "" }

// tunnelView is what was seen of the tunnel and of what lies inside.
type tunnelView struct {
	want    VPN
	tunnels []probe.Tunnel
	managed bool
	// asked says that something inside was looked for; kind is how that failed, empty when it answered.
	asked bool
	kind  string
	code  string
	// through: the way to it leads through a tunnel; routed says that this could be found out.
	through, routed bool
}

func vpn(_ catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		tunnels, managed, err := probe.Tunnels(ctx)
		if err != nil {
			return unknown("probe.tunnels")
		}
		v := tunnelView{want: p.VPN, tunnels: tunnels, managed: managed}
		if a, err := netip.ParseAddrPort(p.VPN.Inside); err == nil {
			v.through, v.routed = probe.ThroughTunnel(a), true
		}
		if p.VPN.Inside != "" {
			v.askInside(ctx)
		}
		return judgeVPN(v)
	}
}

// withoutTunnel is how long something inside may take where no tunnel is up: it then answers from next door,
// or not at all.
const withoutTunnel = 450 * time.Millisecond

func (v *tunnelView) askInside(ctx context.Context) {
	if v.state() != probe.TunnelUp {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, withoutTunnel)
		defer cancel()
	}
	d := probe.DialHost(ctx, v.want.Inside)
	v.asked = true
	v.kind, v.code = probe.Kind(d.Err)
	if d.Conn != nil {
		_ = d.Conn.Close()
	}
}

// ours are the tunnels that the settings mean: those of the name, or all.
func (v tunnelView) ours() []probe.Tunnel {
	if v.want.Name == "" {
		return v.tunnels
	}
	named := slices.DeleteFunc(slices.Clone(v.tunnels), func(t probe.Tunnel) bool {
		return t.Source == "manager" && t.Name != v.want.Name
	})
	if slices.ContainsFunc(named, func(t probe.Tunnel) bool { return t.Name == v.want.Name }) {
		return slices.DeleteFunc(named, func(t probe.Tunnel) bool { return t.Name != v.want.Name })
	}
	return named // the name may be the manager's, which does not answer; an interface then stands for it
}

// state is how far the tunnel is. The manager's word counts before the look of an interface.
func (v tunnelView) state() probe.TunnelState {
	state := probe.TunnelDown
	for _, t := range v.ours() {
		switch {
		case t.Source == "link" && v.routed && !v.through && t.Name != v.want.Name:
			// Somebody's tunnel, but not the one that leads inside.
		case t.State == probe.TunnelUp:
			if t.Source == "manager" || !managedDown(v.ours()) {
				return probe.TunnelUp
			}
		case state == probe.TunnelDown && t.State != probe.TunnelUnknown:
			state = t.State
		}
	}
	if v.through {
		return probe.TunnelUp
	}
	return state
}

// managedDown tells whether the manager speaks of a tunnel that is not up: its interface may be there
// already.
func managedDown(list []probe.Tunnel) bool {
	return slices.ContainsFunc(list, func(t probe.Tunnel) bool {
		return t.Source == "manager" && t.State != probe.TunnelUp
	})
}

// judgeVPN: what answers inside proves the tunnel, or that none is needed here; nothing else is then asked.
func judgeVPN(v tunnelView) diagnostics.Outcome {
	active := slices.ContainsFunc(v.tunnels, func(t probe.Tunnel) bool { return t.Source == "manager" })
	if !v.want.configured() && !active {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "config.probes.vpn"}
	}
	state := v.state()
	facts := []diagnostics.Fact{
		diagnostics.Text("tunnel", string(state)), diagnostics.Bool("required", v.want.Required),
	}
	if v.asked {
		reached := "yes"
		if v.kind != "" {
			reached = v.kind
		}
		facts = append(facts, diagnostics.Text("inside", reached))
	}
	bad := func(cause diagnostics.Cause) diagnostics.Outcome {
		out := failed(cause, facts)
		if !v.want.Required {
			out.Severity = diagnostics.Degrades
		}
		out.Error, out.Target = v.code, "vpn"
		return out
	}
	inside := v.asked && (v.kind == "" || v.kind == probe.KindRefused || v.kind == probe.KindReset)
	switch {
	case inside, state == probe.TunnelUp && !v.asked:
		return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	case state == probe.TunnelUp && (v.kind == probe.KindName || v.kind == probe.KindNameTimeout ||
		v.kind == probe.KindNameFailed):
		return bad("net.vpn/names")
	case state == probe.TunnelUp:
		return bad("net.vpn/dead")
	case state == probe.TunnelSignIn:
		return bad("net.vpn/sign_in")
	case state == probe.TunnelFailed:
		return bad("net.vpn/failed")
	case state == probe.TunnelConnecting, state == probe.TunnelDisconnecting:
		return bad("net.vpn/connecting")
	case v.want.Required:
		return bad("net.vpn/down")
	}
	return diagnostics.Outcome{Status: diagnostics.NA, Detail: "vpn.not_in_use", Facts: facts}
}
