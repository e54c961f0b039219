package probe

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/host"
)

// SystemInfo is the operating system and the machine it runs on.
type SystemInfo struct {
	OS      string `json:"os"`   // GOOS
	Name    string `json:"name"` // "Debian GNU/Linux 12 (bookworm)"
	Version string `json:"version,omitempty"`
	Kernel  string `json:"kernel,omitempty"`
	Arch    string `json:"arch"`
	Vendor  string `json:"vendor,omitempty"`
	Model   string `json:"model,omitempty"`
	// Virtual names the virtual machine or container, when it is one.
	Virtual string        `json:"virtual,omitempty"`
	Uptime  time.Duration `json:"uptime_ns"`
}

// CPUInfo is the processor.
type CPUInfo struct {
	Model   string  `json:"model"`
	Cores   int     `json:"cores"`
	Threads int     `json:"threads"`
	MHz     float64 `json:"mhz,omitempty"`
}

// NIC is one network interface.
type NIC struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"` // "wired", "wifi", "vpn", "virtual", "other"
	Up        bool     `json:"up"`
	SpeedMbps int64    `json:"speed_mbps,omitempty"`
	MTU       int      `json:"mtu"`
	MAC       string   `json:"mac,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
}

// ResolverInfo is which name servers this computer asks.
type ResolverInfo struct {
	Servers []string `json:"servers,omitempty"`
	Search  []string `json:"search,omitempty"`
}

// DisplayInfo is one connected display.
type DisplayInfo struct {
	Name   string `json:"name"` // the connector's: "HDMI-A-1"
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// ReadSystem reads the operating system's name and version and how long it has been running.
func ReadSystem(ctx context.Context) (SystemInfo, error) {
	s := SystemInfo{OS: runtime.GOOS, Arch: runtime.GOARCH}
	up, err := host.UptimeWithContext(ctx)
	if err != nil {
		return s, fmt.Errorf("read uptime: %w", err)
	}
	s.Uptime = time.Duration(up) * time.Second
	if s.Kernel, err = host.KernelVersionWithContext(ctx); err != nil {
		return s, fmt.Errorf("read kernel version: %w", err)
	}
	if virt, role, err := host.VirtualizationWithContext(ctx); err == nil && role == "guest" {
		s.Virtual = virt
	}
	if err := systemOS(ctx, &s); err != nil {
		return s, fmt.Errorf("read system release: %w", err)
	}
	return s, nil
}

// ReadCPU reads the processor's name and size.
func ReadCPU(ctx context.Context) (CPUInfo, error) {
	c := CPUInfo{Threads: runtime.NumCPU()}
	all, err := cpu.InfoWithContext(ctx)
	if err != nil {
		return c, fmt.Errorf("read processor: %w", err)
	}
	if len(all) > 0 {
		c.Model, c.MHz = strings.Join(strings.Fields(all[0].ModelName), " "), all[0].Mhz
	}
	if n, err := cpu.CountsWithContext(ctx, false); err == nil {
		c.Cores = n
	}
	return c, nil
}

// ReadNICs lists the network interfaces but loopback.
func ReadNICs(context.Context) ([]NIC, error) {
	var out []NIC
	for _, i := range interfaces() {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		n := NIC{Name: i.Name, MTU: i.MTU, MAC: i.HardwareAddr.String(), Up: i.Flags&net.FlagRunning != 0}
		n.Kind, n.SpeedMbps = nicOS(i.Name)
		addrs, err := i.Addrs()
		if err != nil {
			return out, fmt.Errorf("read addresses: %w", err)
		}
		for _, a := range addrs {
			n.Addresses = append(n.Addresses, a.String())
		}
		out = append(out, n)
	}
	return out, nil
}

// ReadResolver reads which name servers are asked.
func ReadResolver(context.Context) (ResolverInfo, error) { return resolverOS() }

// ReadDisplays lists the connected displays without talking to a display server.
func ReadDisplays(context.Context) ([]DisplayInfo, error) { return displaysOS() }

// ReadLanguage is the user's language and format settings.
func ReadLanguage() string { return languageOS() }

// OwnOrSystem keeps the programs of this user and of the system: those of somebody else who is signed in are
// none of this ticket's business.
func OwnOrSystem(list []Process) []Process {
	var out []Process
	for _, p := range list {
		if ownOrSystemOS(p.PID) {
			out = append(out, p)
		}
	}
	return out
}
