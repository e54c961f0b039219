package probe

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/route"
)

// describeLink knows nothing beyond the flags here.
func describeLink(*Link) {}

// DefaultRoutes reads the routing table; the order in which the system lists services is their preference.
func DefaultRoutes() ([]Route, error) {
	raw, err := route.FetchRIB(syscall.AF_UNSPEC, route.RIBTypeRoute, 0)
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	msgs, err := route.ParseRIB(route.RIBTypeRoute, raw)
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	var routes []Route
	for _, m := range msgs {
		if r, ok := darwinRoute(m); ok {
			r.Metric = len(routes)
			routes = append(routes, r)
		}
	}
	return bestRoutes(routes), nil
}

// rtfIfScope marks a route that only sockets bound to its interface use: not the way that programs take.
const rtfIfScope = 0x1000000

func darwinRoute(m route.Message) (Route, bool) {
	msg, ok := m.(*route.RouteMessage)
	if !ok || msg.Flags&syscall.RTF_UP == 0 || msg.Flags&rtfIfScope != 0 ||
		msg.Flags&(syscall.RTF_REJECT|syscall.RTF_BLACKHOLE) != 0 ||
		len(msg.Addrs) <= syscall.RTAX_NETMASK {
		return Route{}, false
	}
	dst, v6, ok := darwinAddr(msg.Addrs[syscall.RTAX_DST])
	if !ok || !dst.IsUnspecified() {
		return Route{}, false
	}
	if mask, _, ok := darwinAddr(msg.Addrs[syscall.RTAX_NETMASK]); ok && !mask.IsUnspecified() {
		return Route{}, false
	}
	r := Route{V6: v6}
	if i, err := net.InterfaceByIndex(msg.Index); err == nil {
		r.Iface = i.Name
	}
	if gw, _, ok := darwinAddr(msg.Addrs[syscall.RTAX_GATEWAY]); ok && msg.Flags&syscall.RTF_GATEWAY != 0 {
		r.Gateway = gw
		if gw.Is6() && gw.IsLinkLocalUnicast() {
			r.Gateway = gw.WithZone(r.Iface)
		}
	}
	return r, true
}

func darwinAddr(a route.Addr) (addr netip.Addr, v6, ok bool) {
	switch a := a.(type) {
	case *route.Inet4Addr:
		return netip.AddrFrom4(a.IP), false, true
	case *route.Inet6Addr:
		return netip.AddrFrom16(a.IP), true, true
	}
	return netip.Addr{}, false, false
}

// NeighbourOf looks for the address among the routes to machines on the wire: an entry without a hardware
// address is a question without an answer.
func NeighbourOf(addr netip.Addr) Neighbour {
	const rtfLLInfo = 0x400
	family := syscall.AF_INET
	if addr.Is6() {
		family = syscall.AF_INET6
	}
	raw, err := route.FetchRIB(family, route.RIBType(syscall.NET_RT_FLAGS), rtfLLInfo)
	if err != nil {
		return NeighbourUnknown
	}
	msgs, err := route.ParseRIB(route.RIBType(syscall.NET_RT_FLAGS), raw)
	if err != nil {
		return NeighbourUnknown
	}
	for _, m := range msgs {
		msg, ok := m.(*route.RouteMessage)
		if !ok || len(msg.Addrs) <= syscall.RTAX_GATEWAY {
			continue
		}
		if a, _, ok := darwinAddr(msg.Addrs[syscall.RTAX_DST]); !ok || a.WithZone("") != addr.WithZone("") {
			continue
		}
		if hw, ok := msg.Addrs[syscall.RTAX_GATEWAY].(*route.LinkAddr); ok {
			if len(hw.Addr) == 0 {
				return NeighbourIncomplete
			}
			return NeighbourStale // it has answered; the table does not say when
		}
	}
	return NeighbourUnknown
}
