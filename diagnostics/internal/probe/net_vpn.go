package probe

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
