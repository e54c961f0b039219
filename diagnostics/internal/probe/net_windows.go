package probe

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// adapters are the system's own descriptions of its interfaces. The memory stays reachable through the
// pointers.
func adapters() ([]*windows.IpAdapterAddresses, error) {
	const flags = windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST
	size := uint32(16 << 10)
	for range 4 { // the list may grow between two calls
		buf := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buf[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW {
			continue
		}
		if err != nil {
			return nil, err
		}
		var list []*windows.IpAdapterAddresses
		for a := first; a != nil; a = a.Next {
			list = append(list, a)
		}
		return list, nil
	}
	return nil, windows.ERROR_BUFFER_OVERFLOW
}

// Interface types of the IANA's list.
const (
	ifPPP    = 23
	ifWifi   = 71
	ifTunnel = 131
)

func describeLink(l *Link) {
	list, err := adapters()
	if err != nil {
		return
	}
	for _, a := range list {
		if int(a.IfIndex) != l.Index && int(a.Ipv6IfIndex) != l.Index {
			continue
		}
		l.Wireless = a.IfType == ifWifi
		l.Tunnel = l.Tunnel || a.IfType == ifPPP || a.IfType == ifTunnel
		l.Running = a.OperStatus == windows.IfOperStatusUp
		const mega = 1_000_000
		if speed := a.TransmitLinkSpeed; speed < 1<<62 { // all ones is "unknown"
			l.SpeedMbs = int(speed / mega)
		}
	}
}

// DefaultRoutes returns the default routes of both families; the metric is the route's and its interface's.
func DefaultRoutes() ([]Route, error) {
	var table *windows.MibIpForwardTable2
	if err := windows.GetIpForwardTable2(windows.AF_UNSPEC, &table); err != nil {
		return nil, err
	}
	defer windows.FreeMibTable(unsafe.Pointer(table))
	names, metrics := interfaceNames()
	var routes []Route
	for _, row := range table.Rows() {
		if row.DestinationPrefix.PrefixLength != 0 || row.Loopback != 0 {
			continue
		}
		hop, v6, ok := sockaddr(unsafe.Pointer(&row.NextHop))
		if !ok {
			continue
		}
		r := Route{
			Iface: names[row.InterfaceIndex], V6: v6,
			Metric: int(row.Metric) + metrics[row.InterfaceIndex],
		}
		if !hop.IsUnspecified() {
			r.Gateway = hop
			if hop.IsLinkLocalUnicast() && v6 {
				r.Gateway = hop.WithZone(r.Iface)
			}
		}
		routes = append(routes, r)
	}
	return bestRoutes(routes), nil
}

func interfaceNames() (names map[uint32]string, metrics map[uint32]int) {
	names, metrics = map[uint32]string{}, map[uint32]int{}
	list, err := adapters()
	if err != nil {
		return names, metrics
	}
	for _, a := range list {
		for _, index := range []uint32{a.IfIndex, a.Ipv6IfIndex} {
			names[index] = windows.UTF16PtrToString(a.FriendlyName)
			metrics[index] = int(a.Ipv4Metric)
		}
	}
	return names, metrics
}

// sockaddr reads a SOCKADDR_INET: family, port, then four bytes, or flow information and sixteen.
func sockaddr(p unsafe.Pointer) (addr netip.Addr, v6, ok bool) {
	const size = 28
	return parseSockaddr((*[size]byte)(p)[:])
}

func parseSockaddr(b []byte) (addr netip.Addr, v6, ok bool) {
	switch binary.NativeEndian.Uint16(b) {
	case windows.AF_INET:
		return netip.AddrFrom4([4]byte(b[4:8])), false, true
	case windows.AF_INET6:
		return netip.AddrFrom16([16]byte(b[8:24])), true, true
	}
	return netip.Addr{}, false, false
}

// mibIpnetRow2 is MIB_IPNET_ROW2: one entry of the neighbour table.
type mibIpnetRow2 struct {
	Address               windows.RawSockaddrInet6
	InterfaceIndex        uint32
	InterfaceLuid         uint64
	PhysicalAddress       [32]byte
	PhysicalAddressLength uint32
	State                 int32
	Flags                 uint32
	ReachabilityTime      uint32
}

// mibIpnetTable2 is MIB_IPNET_TABLE2.
type mibIpnetTable2 struct {
	NumEntries uint32
	Table      [1]mibIpnetRow2
}

// NeighbourOf asks the system's neighbour table for one address.
func NeighbourOf(addr netip.Addr) Neighbour {
	proc := windows.NewLazySystemDLL("iphlpapi.dll").NewProc("GetIpNetTable2")
	if proc.Find() != nil {
		return NeighbourUnknown
	}
	family := uintptr(windows.AF_INET)
	if addr.Is6() {
		family = windows.AF_INET6
	}
	var table *mibIpnetTable2
	if rc, _, _ := proc.Call(family, uintptr(unsafe.Pointer(&table))); rc != 0 || table == nil {
		return NeighbourUnknown
	}
	defer windows.FreeMibTable(unsafe.Pointer(table))
	for _, row := range unsafe.Slice(&table.Table[0], table.NumEntries) {
		a, _, ok := sockaddr(unsafe.Pointer(&row.Address))
		if ok && a == addr.WithZone("") {
			return windowsNeighbour(row.State)
		}
	}
	return NeighbourUnknown
}

// windowsNeighbour puts NL_NEIGHBOR_STATE into a word. An entry that is "unreachable" was asked in vain; the
// system also says so of one that it merely has not asked yet, hence not "failed" but "unknown".
func windowsNeighbour(state int32) Neighbour {
	switch state {
	case 1:
		return NeighbourIncomplete
	case 2, 3, 4:
		return NeighbourStale
	case 5, 6:
		return NeighbourReachable
	}
	return NeighbourUnknown
}
