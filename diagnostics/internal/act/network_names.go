package act

import (
	"context"
	"errors"
	"fmt"
)

// NameCache is who keeps the answers of name servers on this computer.
type NameCache string

// The stores of names.
const (
	// Resolved is systemd-resolved. Whoever is at the computer may empty its store: FlushCaches and
	// ResetServerFeatures are unprivileged methods (src/resolve/resolved-bus.c, org.freedesktop.resolve1(5)).
	Resolved NameCache = "resolved"
	// Dnsmasq is the one that NetworkManager runs for itself. Only the manager can restart it, with an
	// administrator's yes (polkit: org.freedesktop.NetworkManager.reload).
	Dnsmasq NameCache = "dnsmasq"
)

const (
	resolveName = "org.freedesktop.resolve1"
	resolvePath = "/org/freedesktop/resolve1"
	// reloadDNS is NetworkManager's NM_MANAGER_RELOAD_FLAGS_DNS_FULL: restart the DNS plugin.
	reloadDNS = uint32(4)
)

// FindNameCache tells who keeps names here; ErrAbsent when nobody does that we can ask. nscd listens to root only.
func FindNameCache(ctx context.Context) (NameCache, error) {
	b, err := openOwned(ctx, resolveName)
	if err == nil {
		b.Close()
		return Resolved, nil
	}
	if !errors.Is(err, ErrAbsent) {
		return "", err
	}
	n, err := OpenNetworks(ctx)
	if err != nil {
		return "", err
	}
	defer n.Close()
	mode, err := read[string](ctx, n.b, nmName, nmPath+"/DnsManager", nmName+".DnsManager", "Mode")
	if err == nil && mode != "dnsmasq" {
		err = fmt.Errorf("%w: names are kept by nobody", ErrAbsent)
	}
	return Dnsmasq, err
}

// FlushNames forgets what name servers answered, and what is believed of these servers.
func FlushNames(ctx context.Context, cache NameCache) error {
	switch cache {
	case Resolved:
		b, err := openOwned(ctx, resolveName)
		if err != nil {
			return err
		}
		defer b.Close()
		if err := b.Do(ctx, resolveName, resolvePath, resolveName+".Manager.FlushCaches", nil); err != nil {
			return err
		}
		err = b.Do(ctx, resolveName, resolvePath, resolveName+".Manager.ResetServerFeatures", nil)
		if errors.Is(err, ErrAbsent) || errors.Is(err, ErrDenied) {
			return nil // an older one has no such method; the store is empty, which is what was asked for
		}
		return err
	case Dnsmasq:
		n, err := OpenNetworks(ctx)
		if err != nil {
			return err
		}
		defer n.Close()
		asking, cancel := context.WithTimeout(ctx, asked)
		defer cancel()
		return undecidedIf(asking, n.b.Do(asking, nmName, nmPath, nmName+".Reload", []any{reloadDNS}))
	}
	return fmt.Errorf("no store of names is called %q", cache)
}
