// Package checks is the explicit list of Balise's self-tests.
//
// Each area has its own package below; this one only puts the list together from the settings.
package checks

import (
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/pack/probes"
)

// Config is what the self-tests need from the settings. It crosses a pipe to the child process as
// JSON, so it holds values only.
type Config struct {
	// Portal is the URL of a page with a known answer (204 without a body), for captive portals.
	Portal string `json:"portal,omitempty"`
	// Egress are host:port targets, IP literals, that prove a way out without any name server.
	Egress []string `json:"egress,omitempty"`
	// Services are the organisation's services, one svc.reach.<name> check each.
	Services []Service `json:"services,omitempty"`
	// Time are URLs whose Date header, or host:123 addresses whose SNTP answer, give the time.
	Time []string `json:"time,omitempty"`
	// CAFile is an extra PEM bundle that TLS tests trust beside the system's.
	CAFile string `json:"ca_file,omitempty"`
	// Proxy is the desk proxy of the settings, tested by net.proxy beside the system's.
	Proxy string `json:"proxy,omitempty"`
	// Mail are mail servers: imaps, imap, smtps, smtp or https URLs.
	Mail []Service `json:"mail,omitempty"`
	// Shares are file servers: smb, nfs or sftp URLs, with the folder where the share should be mounted.
	Shares []Service `json:"shares,omitempty"`
	VPN    VPN       `json:"vpn,omitzero"`
	// UDP is the host:port of a STUN server, for calls and tunnels.
	UDP string `json:"udp,omitempty"`
	// Load is the URL of a large object, for net.responsiveness.
	Load string `json:"load,omitempty"`
	// Units are service units whose failure matters to the user; Agents are the security and management
	// agents (unit or program names) that must run.
	Units  []string `json:"units,omitempty"`
	Agents []string `json:"agents,omitempty"`
	// Limits replace thresholds of the catalogue.
	Limits catalogue.Limits `json:"limits,omitempty"`
	// Desk is the service desk's URL: net.tls and time.skew may use it, it is ours to talk to.
	Desk string `json:"desk,omitempty"`
	// Packs are the self-tests of support packs, as data: the child reads no pack.
	Packs []probes.Check `json:"packs,omitempty"`
}

// Service is one service of the organisation.
type Service struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Mount is where a share belongs; empty for anything else.
	Mount string `json:"mount,omitempty" yaml:"mount,omitempty"`
}

// VPN is the organisation's tunnel.
type VPN struct {
	// Required says that nothing of the organisation's works without it.
	Required bool `json:"required,omitempty"`
	// Name is the connection's name in the system; empty is any.
	Name string `json:"name,omitempty"`
	// Inside is a host:port that answers only through the tunnel.
	Inside string `json:"inside,omitempty"`
}
