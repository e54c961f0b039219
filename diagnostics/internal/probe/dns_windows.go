package probe

import (
	"net/netip"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// NameServers are those of the adapters that are up. Local are those on this computer, Remote those beyond
// it. ok is false where the system does not say.
func NameServers() (local, remote []netip.Addr, ok bool) {
	list, err := adapters()
	if err != nil {
		return nil, nil, false
	}
	for _, a := range list {
		if a.OperStatus != windows.IfOperStatusUp {
			continue
		}
		for s := a.FirstDnsServerAddress; s != nil; s = s.Next {
			addr, _, known := sockaddr(unsafe.Pointer(s.Address.Sockaddr))
			switch {
			case !known || siteLocal(addr) || slices.Contains(local, addr) || slices.Contains(remote, addr):
			case addr.IsLoopback():
				local = append(local, addr)
			default:
				remote = append(remote, addr)
			}
		}
	}
	const most = 4
	return local, remote[:min(len(remote), most)], true
}

// siteLocal are fec0:0:0:ffff::1 to 3, which Windows lists where no server was given.
func siteLocal(a netip.Addr) bool {
	return netip.MustParsePrefix("fec0::/10").Contains(a)
}
