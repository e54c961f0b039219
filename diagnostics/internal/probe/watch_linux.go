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
	if os.Getenv("DBUS_SYSTEM_BUS_ADDRESS") == "" && !exists("/run/dbus/system_bus_socket") {
		return c
	}
	ctx, cancel := context.WithTimeout(ctx, conditionsPatience)
	defer cancel()
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return c
	}
	defer conn.Close()
	read := func(name, path, property string, into any) {
		// A service that does not run is not started for this.
		iface, member := property[:strings.LastIndexByte(property, '.')], property[strings.LastIndexByte(property, '.')+1:]
		var v dbus.Variant
		err := conn.Object(name, dbus.ObjectPath(path)).CallWithContext(ctx,
			"org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, iface, member).Store(&v)
		if err == nil {
			_ = v.Store(into) // another type says nothing
		}
	}
	var metered uint32
	read("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
		"org.freedesktop.NetworkManager.Metered", &metered)
	const yes, guessYes = 1, 3
	c.Metered = metered == yes || metered == guessYes
	var profile string
	read("org.freedesktop.UPower.PowerProfiles", "/org/freedesktop/UPower/PowerProfiles",
		"org.freedesktop.UPower.PowerProfiles.ActiveProfile", &profile)
	if profile == "" { // its name until 2024
		read("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles", "net.hadess.PowerProfiles.ActiveProfile", &profile)
	}
	c.Saver = profile == "power-saver"
	if !c.LowBattery {
		// UPower's own word, which also knows batteries that the kernel shows in another way.
		var level uint32
		read("org.freedesktop.UPower", "/org/freedesktop/UPower/devices/DisplayDevice",
			"org.freedesktop.UPower.Device.WarningLevel", &level)
		const low = 3
		c.LowBattery = level >= low
	}
	return c
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
