package probe

import (
	"net"
	"net/netip"
)

// TunnelState is how far a VPN connection is.
type TunnelState string

// The states.
const (
	TunnelUnknown       TunnelState = "unknown"
	TunnelConnecting    TunnelState = "connecting"
	TunnelSignIn        TunnelState = "sign_in" // it waits for a password
	TunnelUp            TunnelState = "up"
	TunnelDisconnecting TunnelState = "disconnecting"
	TunnelFailed        TunnelState = "failed"
	TunnelDown          TunnelState = "down"
)

// Tunnel is one VPN connection.
type Tunnel struct {
	Name   string // as the user named it: for comparing with the settings, not for telling
	Kind   string // "vpn", "wireguard", "link"
	State  TunnelState
	Source string // "manager": the system's own word; "link": an interface that looks like one
	Iface  string
}

// ThroughTunnel tells whether the way to an address leads through an interface that is a tunnel. Nothing is
// sent for it: the system only chooses the way.
func ThroughTunnel(addr netip.AddrPort) bool {
	conn, err := net.Dial("udp", addr.String())
	if err != nil {
		return false
	}
	defer conn.Close()
	from, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return false
	}
	links, err := Links()
	if err != nil {
		return false
	}
	for _, l := range links {
		for _, p := range l.Addrs {
			if p.Addr().Unmap() == from.Addr().Unmap() {
				return l.Tunnel
			}
		}
	}
	return false
}
