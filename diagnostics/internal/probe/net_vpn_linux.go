package probe

import (
	"context"
	"path/filepath"
	"strings"
)

// Tunnels are the VPN connections that NetworkManager runs, and the interfaces that look like one's. managed
// is false when NetworkManager did not answer.
func Tunnels(ctx context.Context) (tunnels []Tunnel, managed bool, err error) {
	m, mErr := readManager(ctx)
	links, err := Links()
	if err != nil {
		return m.tunnels, mErr == nil, err
	}
	tunnels = m.tunnels
	for _, l := range links {
		if kind := tunnelKind(sysNet, l); kind != "" {
			t := Tunnel{Name: l.Name, Kind: kind, State: TunnelDown, Source: "link", Iface: l.Name}
			// A tun device without a program behind it has no carrier, a WireGuard one has no such notion.
			if l.Up && (l.Running || kind == "wireguard") && len(l.Addrs) > 0 {
				t.State = TunnelUp
			}
			tunnels = append(tunnels, t)
		}
	}
	return tunnels, mErr == nil, nil
}

// tunnelKind tells a VPN's interface from a virtual machine's: a tap device that belongs to a bridge is none.
func tunnelKind(root string, l Link) string {
	dir := filepath.Join(root, l.Name)
	if strings.Contains(readWord(filepath.Join(dir, "uevent")), "DEVTYPE=wireguard") {
		return "wireguard"
	}
	if flags := readWord(filepath.Join(dir, "tun_flags")); flags != "" {
		if l.Tunnel {
			return "tun"
		}
		return "" // tap: an Ethernet card in software
	}
	if strings.HasPrefix(l.Name, "ppp") && l.Tunnel {
		return "ppp"
	}
	return ""
}
