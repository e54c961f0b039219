//go:build !linux

package probe

import (
	"context"
	"strings"
)

// Tunnels are the interfaces that look like a VPN's. macOS keeps several utun devices for its own services,
// with nothing but a link-local address; these are none. No system-wide manager is asked here: managed is
// false.
func Tunnels(context.Context) (tunnels []Tunnel, managed bool, err error) {
	links, err := Links()
	if err != nil {
		return nil, false, err
	}
	for _, l := range links {
		if !looksLikeTunnel(l) {
			continue
		}
		t := Tunnel{Name: l.Name, Kind: "link", State: TunnelDown, Source: "link", Iface: l.Name}
		if l.Up && l.Running && hasRoutableAddress(l) {
			t.State = TunnelUp
		}
		tunnels = append(tunnels, t)
	}
	return tunnels, false, nil
}

func looksLikeTunnel(l Link) bool {
	name := strings.ToLower(l.Name)
	for _, part := range []string{"utun", "ppp", "ipsec", "tun", "wireguard", "wg", "openvpn", "vpn"} {
		if strings.HasPrefix(name, part) || strings.Contains(name, "vpn") {
			return true
		}
	}
	return false
}

func hasRoutableAddress(l Link) bool {
	for _, p := range l.Addrs {
		if a := p.Addr().Unmap(); !a.IsLinkLocalUnicast() && !a.IsLoopback() {
			return true
		}
	}
	return false
}
