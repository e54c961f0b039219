package probe

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// conditionsPatience bounds all questions to the bus together.
const conditionsPatience = 400 * time.Millisecond

// ReadConditions asks NetworkManager whether the connection is metered, the desktop whether to save energy,
// and the battery how full it is. What nobody answers is no.
func ReadConditions(ctx context.Context) Conditions {
	c := Conditions{LowBattery: batteryLow("/")}
	ctx, cancel := context.WithTimeout(ctx, conditionsPatience)
	defer cancel()
	b, err := openSystemBus(ctx)
	if err != nil {
		return c
	}
	defer b.close()
	metered, _ := property[uint32](ctx, b, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
		"org.freedesktop.NetworkManager", "Metered")
	const yes, guessYes = 1, 3
	c.Metered = metered == yes || metered == guessYes
	profile, known := property[string](ctx, b, "org.freedesktop.UPower.PowerProfiles",
		"/org/freedesktop/UPower/PowerProfiles", "org.freedesktop.UPower.PowerProfiles", "ActiveProfile")
	if !known { // its name until 2024
		profile, _ = property[string](ctx, b, "net.hadess.PowerProfiles", "/net/hadess/PowerProfiles",
			"net.hadess.PowerProfiles", "ActiveProfile")
	}
	c.Saver = profile == "power-saver"
	if !c.LowBattery {
		// UPower's own word, which also knows batteries that the kernel shows in another way.
		level, _ := property[uint32](ctx, b, "org.freedesktop.UPower",
			"/org/freedesktop/UPower/devices/DisplayDevice", "org.freedesktop.UPower.Device", "WarningLevel")
		const low = 3
		c.LowBattery = level >= low
	}
	return c
}

// property reads one property of the type that it should have; nobody there, or another type, is not ok. A
// service that does not run is not started for this.
func property[T any](ctx context.Context, b bus, name string, path dbus.ObjectPath, iface, member string) (T, bool) {
	v, err := b.property(ctx, name, path, iface, member)
	typed, ok := v.(T)
	return typed, ok && err == nil
}

// batteryLow tells whether the computer runs on a battery that is nearly empty.
func batteryLow(root string) bool {
	dirs, _ := filepath.Glob(filepath.Join(root, "sys/class/power_supply/*"))
	for _, dir := range dirs {
		if firstLine(filepath.Join(dir, "type")) != "Battery" || firstLine(filepath.Join(dir, "scope")) == "Device" {
			continue
		}
		left, err := strconv.Atoi(firstLine(filepath.Join(dir, "capacity")))
		if err == nil && left < lowBattery && firstLine(filepath.Join(dir, "status")) == "Discharging" {
			return true
		}
	}
	return false
}

// ReadCounters reads what the kernel counts.
func ReadCounters() Counters {
	var c Counters
	for name, parse := range map[string]func(io.Reader, *Counters){
		"/proc/net/snmp": parseSNMP, "/proc/vmstat": parseKilled,
	} {
		if f, err := os.Open(name); err == nil {
			parse(f, &c)
			f.Close()
		}
	}
	return c
}

// Dumps counts the crashes that were written down between two moments.
func Dumps(after, until time.Time) (n int, known bool) { return dumps("/", after, until) }

func dumps(root string, after, until time.Time) (n int, known bool) {
	for _, dir := range []string{"var/lib/systemd/coredump", "var/crash"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			continue
		}
		known = true
		for _, e := range entries {
			if i, err := e.Info(); err == nil && i.ModTime().After(after) && !i.ModTime().After(until) {
				n++
			}
		}
	}
	return n, known
}

// WeakestSignal is the Wi-Fi signal in dBm; false without Wi-Fi.
func WeakestSignal() (float64, bool) {
	raw, err := os.ReadFile("/proc/net/wireless")
	if err != nil {
		return 0, false
	}
	return weakestSignal(string(raw))
}

// LoadAverage is the run queue's average length over the last minute.
func LoadAverage() (float64, error) {
	first, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("read the load: %w", err)
	}
	return v, nil
}

// NetworkDigest changes when this computer's addresses, default routes or name servers do. It names nothing.
func NetworkDigest() (uint64, error) {
	links, err := Links()
	if err != nil {
		return 0, fmt.Errorf("look at the network: %w", err)
	}
	routes, err := DefaultRoutes()
	if err != nil {
		return 0, err
	}
	var parts []string
	for _, l := range links {
		if !l.Running {
			continue
		}
		for _, p := range l.Addrs {
			if !p.Addr().IsLinkLocalUnicast() && !strings.HasPrefix(l.Name, "veth") { // containers come and go
				parts = append(parts, l.Name+" "+p.Masked().String())
			}
		}
	}
	for _, r := range routes {
		parts = append(parts, "via "+r.Iface+" "+r.Gateway.String())
	}
	local, remote, _ := NameServers()
	for _, a := range append(local, remote...) {
		parts = append(parts, "dns "+a.String())
	}
	slices.Sort(parts)
	h := fnv.New64a()
	for _, p := range slices.Compact(parts) {
		io.WriteString(h, p+"\n")
	}
	return h.Sum64(), nil
}
