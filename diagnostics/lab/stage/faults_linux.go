package stage

import (
	"os"
	"path/filepath"
	"strings"
)

// Resolvers sets the client's name servers. Processes that start later see them; none is a broken file.
func (l *Lab) Resolvers(addrs ...string) error {
	var b strings.Builder
	for _, a := range addrs {
		b.WriteString("nameserver " + a + "\n")
	}
	return os.WriteFile(filepath.Join(l.etc, "resolv.conf"), []byte(b.String()), 0o644)
}

// CutRoute takes the client's default route away; GiveRoute gives it back.
func (l *Lab) CutRoute() error { return ip("-n", l.client, "route", "del", "default") }

// GiveRoute undoes CutRoute.
func (l *Lab) GiveRoute() error {
	return ip("-n", l.client, "route", "replace", "default", "via", RouterIP)
}

// Unplug takes the carrier away, as a pulled cable does; Plug gives it back.
func (l *Lab) Unplug() error { return ip("-n", l.router, "link", "set", "lan", "down") }

// Plug undoes Unplug.
func (l *Lab) Plug() error {
	if err := ip("-n", l.router, "link", "set", "lan", "up"); err != nil {
		return err
	}
	return l.GiveRoute()
}

// Disable switches the client's adapter off.
func (l *Lab) Disable() error { return ip("-n", l.client, "link", "set", "eth0", "down") }

// NoLease leaves the client with the address that it gives itself when nobody answers its request for one.
func (l *Lab) NoLease() error {
	if err := ip("-n", l.client, "addr", "flush", "dev", "eth0"); err != nil {
		return err
	}
	return ip("-n", l.client, "addr", "add", "169.254.12.34/16", "dev", "eth0")
}

// KillRouter makes the router deaf to the question who it is; ReviveRouter heals it.
func (l *Lab) KillRouter() error {
	if err := ip("-n", l.router, "addr", "flush", "dev", "lan"); err != nil {
		return err
	}
	return ip("-n", l.client, "neigh", "flush", "dev", "eth0")
}

// ReviveRouter undoes KillRouter.
func (l *Lab) ReviveRouter() error {
	return ip("-n", l.router, "addr", "replace", RouterIP+"/24", "dev", "lan")
}

// Blackhole makes the router drop everything for an address or a network of the world without a word;
// Reach lets it through again.
func (l *Lab) Blackhole(dest string) error {
	return ip("-n", l.router, "route", "replace", "blackhole", dest)
}

// Reach undoes Blackhole.
func (l *Lab) Reach(dest string) error { return ip("-n", l.router, "route", "del", "blackhole", dest) }

// ProviderDown drops everything beyond the router; ProviderUp undoes it. Two halves, because they are more
// specific than the router's own route to the world.
func (l *Lab) ProviderDown() error {
	if err := l.Blackhole("10.77.1.0/25"); err != nil {
		return err
	}
	return l.Blackhole("10.77.1.128/25")
}

// ProviderUp undoes ProviderDown.
func (l *Lab) ProviderUp() error {
	if err := l.Reach("10.77.1.0/25"); err != nil {
		return err
	}
	return l.Reach("10.77.1.128/25")
}

// RemoveAdapter leaves the client with nothing but its loopback.
func (l *Lab) RemoveAdapter() error { return ip("-n", l.client, "link", "del", "eth0") }

// DeadDetour gives the client a second default route, preferred, over an address where nobody lives.
func (l *Lab) DeadDetour() error {
	err := ip("-n", l.client, "route", "replace", "default", "via", RouterIP, "metric", "600")
	if err != nil {
		return err
	}
	// The first one had no metric of its own: the kernel keeps both until it goes.
	if err := ip("-n", l.client, "route", "del", "default", "metric", "0"); err != nil {
		return err
	}
	return ip("-n", l.client, "route", "add", "default", "via", "10.77.0.99", "metric", "50")
}
