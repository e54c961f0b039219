package probe

import (
	"context"
	"net"
	"os"
	"os/user"
	"strings"

	"github.com/shirou/gopsutil/v3/host"
)

// Identity is what the computer knows of its user, of itself and of its network.
type Identity struct {
	UserName, FullName, Home string
	// Others are the accounts of other people on this computer.
	Others          []string
	Hostnames       []string // the name first, then others ("pretty", transient)
	MACs, Addresses []string
	SearchDomains   []string
	Serials         []string // serial numbers, UUIDs and the machine's ID
	AssetTag        string   // the firmware's, where it says one
}

// Identities reads the identity. What cannot be read is left out: an identifier that we cannot read, we
// cannot send either.
func Identities(ctx context.Context) Identity {
	var id Identity
	if u, err := user.Current(); err == nil {
		id.UserName, id.Home = u.Username, u.HomeDir
		if i := strings.LastIndexByte(id.UserName, '\\'); i >= 0 {
			id.UserName = id.UserName[i+1:] // DOMAIN\user on Windows
		}
		id.FullName, _, _ = strings.Cut(u.Name, ",")
	}
	if id.UserName == "" {
		id.UserName = os.Getenv("USER")
	}
	if name, err := os.Hostname(); err == nil {
		id.Hostnames = append(id.Hostnames, name)
	}
	for _, nic := range interfaces() {
		if nic.HardwareAddr != nil {
			id.MACs = append(id.MACs, nic.HardwareAddr.String())
		}
		addrs, err := nic.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() {
				id.Addresses = append(id.Addresses, n.IP.String())
			}
		}
	}
	if v, err := host.HostIDWithContext(ctx); err == nil {
		id.Serials = append(id.Serials, v)
	}
	identityOS(&id)
	return id
}

func interfaces() []net.Interface {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	return all
}
