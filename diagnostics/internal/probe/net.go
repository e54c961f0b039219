// Package probe is the only place that touches the machine: /proc, /sys, netlink, D-Bus, gopsutil, children.
//
// Its functions look and return what they saw; they judge nothing.
package probe

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
)

// Link is one network interface.
type Link struct {
	Index   int
	Name    string
	Up      bool // the administrator wants it
	Running bool // and it has carrier
	Tunnel  bool // point to point, or without addresses of a wire: a VPN
	// Physical is true for hardware, false for software; Known says that the system told.
	Physical bool
	Known    bool
	Wireless bool
	SpeedMbs int    // 0 when unknown
	Duplex   string // "full", "half" or nothing
	Addrs    []netip.Prefix
}

// Links returns every interface but the loopback.
func Links() ([]Link, error) {
	ifaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var links []Link
	for _, i := range ifaces {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		l := Link{
			Index: i.Index, Name: i.Name, Up: i.Flags&net.FlagUp != 0, Running: i.Flags&net.FlagRunning != 0,
			Tunnel: i.Flags&net.FlagPointToPoint != 0,
		}
		addrs, err := i.Addrs()
		if err == nil {
			for _, a := range addrs {
				if p, err := netip.ParsePrefix(a.String()); err == nil {
					l.Addrs = append(l.Addrs, p)
				}
			}
		}
		describeLink(&l)
		links = append(links, l)
	}
	return links, nil
}

// Route is one default route.
type Route struct {
	Iface   string
	Gateway netip.Addr // invalid for a route without a gateway: point to point
	Metric  int
	V6      bool
}

// routesKept are enough to know which way is preferred.
const routesKept = 64

// bestRoutes are the preferred ones first.
func bestRoutes(routes []Route) []Route {
	slices.SortStableFunc(routes, func(a, b Route) int { return cmp.Compare(a.Metric, b.Metric) })
	return routes[:min(len(routes), routesKept)]
}

// Neighbour is the kernel's view of a machine on the same wire.
type Neighbour string

// The views.
const (
	NeighbourNone       Neighbour = "none"       // never asked
	NeighbourIncomplete Neighbour = "incomplete" // asked, no answer so far
	NeighbourFailed     Neighbour = "failed"     // asked, no answer
	NeighbourReachable  Neighbour = "reachable"  // answered lately
	NeighbourStale      Neighbour = "stale"      // answered some time ago
	NeighbourUnknown    Neighbour = "unknown"    // the kernel does not tell
)
