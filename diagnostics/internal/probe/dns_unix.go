//go:build unix

package probe

import (
	"errors"
	"net/netip"
	"os"
	"slices"
)

const (
	resolvConf = "/etc/resolv.conf"
	// resolvedConf is where systemd-resolved lists the servers behind its stub.
	resolvedConf = "/run/systemd/resolve/resolv.conf"
)

// NameServers are the configured name servers. Local are those on this machine (a stub such as resolved's),
// Remote those beyond it. ok is false where the system does not say.
func NameServers() (local, remote []netip.Addr, ok bool) {
	raw, err := os.ReadFile(resolvConf)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, true
	}
	if err != nil {
		return nil, nil, false
	}
	for _, a := range parseResolvConf(string(raw)) {
		if a.IsLoopback() {
			local = append(local, a)
		} else {
			remote = append(remote, a)
		}
	}
	if len(local) > 0 {
		if raw, err := os.ReadFile(resolvedConf); err == nil {
			for _, a := range parseResolvConf(string(raw)) {
				if !a.IsLoopback() && !slices.Contains(remote, a) {
					remote = append(remote, a)
				}
			}
		}
	}
	return local, remote, true
}
