package probe

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ReadInstalls reads what dpkg, rpm or pacman did last, from their data's age and from their logs.
func ReadInstalls() (Installs, error) { return readInstalls("/") }

func readInstalls(root string) (Installs, error) {
	var p Installs
	for _, m := range []struct {
		data, log string
		parse     func(io.Reader) []Installed
	}{
		{"var/lib/dpkg/status", "var/log/dpkg.log", func(r io.Reader) []Installed {
			return parseDpkgLog(r, time.Local)
		}},
		{"usr/lib/sysimage/rpm/rpmdb.sqlite", "var/log/dnf.rpm.log", parseDnfLog},
		{"var/lib/rpm/rpmdb.sqlite", "var/log/dnf.rpm.log", parseDnfLog},
		{"var/lib/pacman/local", "var/log/pacman.log", parsePacmanLog},
	} {
		st, err := os.Stat(filepath.Join(root, m.data))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return p, fmt.Errorf("read packages: %w", err)
		}
		p.Changed = st.ModTime()
		p.Recent = readTail(filepath.Join(root, m.log), m.parse)
		p.Count = countInstalled(root, m.data)
		return p, nil
	}
	return p, fmt.Errorf("read packages: %w", fs.ErrNotExist)
}

// readTail parses the end of a log; one that cannot be read says nothing.
func readTail(name string, parse func(io.Reader) []Installed) []Installed {
	const tail = 512 << 10
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > tail {
		_, _ = f.Seek(-tail, io.SeekEnd) // the first line is then half of one, which parses as none
	}
	return parse(io.LimitReader(f, tail))
}

func countInstalled(root, data string) int {
	pattern := ""
	switch {
	case strings.Contains(data, "dpkg"):
		pattern = "var/lib/dpkg/info/*.list"
	case strings.Contains(data, "pacman"):
		pattern = "var/lib/pacman/local/*/desc"
	default:
		return 0 // inside rpm's own database
	}
	names, _ := filepath.Glob(filepath.Join(root, pattern))
	return len(names)
}

// deviceClasses are the devices whose drivers people meet: screen, network, sound, camera, Bluetooth.
var deviceClasses = [...]string{"drm", "net", "sound", "video4linux", "bluetooth", "nvme"}

// DeviceDrivers names the drivers of the screen, the network cards, sound, camera and Bluetooth, and every
// module from outside the kernel's own tree: VPN clients, security agents and makers' drivers.
func DeviceDrivers() ([]string, error) { return deviceDrivers("/") }

func deviceDrivers(root string) ([]string, error) {
	var names []string
	add := func(name string) {
		if name = cleanText(name, 64); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, class := range deviceClasses {
		links, _ := filepath.Glob(filepath.Join(root, "sys/class", class, "*/device/driver"))
		for _, l := range links {
			if target, err := os.Readlink(l); err == nil {
				add(filepath.Base(target))
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(root, "proc/modules"))
	if err != nil && len(names) == 0 {
		return nil, fmt.Errorf("read drivers: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		// name size users by state address (taints): O is out of tree, P proprietary, E unsigned.
		f := strings.Fields(line)
		if len(f) > 6 && strings.ContainsAny(f[6], "OPE") {
			add(f[0])
		}
	}
	slices.Sort(names)
	return names, nil
}

var trustBundles = [...]string{
	"etc/ssl/certs/ca-certificates.crt", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"etc/pki/tls/certs/ca-bundle.crt", "etc/ssl/ca-bundle.pem", "etc/ssl/cert.pem",
}

// TrustStore counts the root certificates that the system trusts, and sums them up.
func TrustStore() (count int, digest string, err error) { return trustStore("/") }

func trustStore(root string) (int, string, error) {
	const limit = 8 << 20
	for _, name := range trustBundles {
		f, err := os.Open(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, "", fmt.Errorf("read trusted certificates: %w", err)
		}
		raw, err := io.ReadAll(io.LimitReader(f, limit))
		f.Close()
		if err != nil {
			return 0, "", fmt.Errorf("read trusted certificates: %w", err)
		}
		sum := sha256.Sum256(raw)
		return bytes.Count(raw, []byte("-----BEGIN CERTIFICATE-----")), hex.EncodeToString(sum[:8]), nil
	}
	return 0, "", fmt.Errorf("read trusted certificates: %w", fs.ErrNotExist)
}

// USBDevices are maker and model of what is plugged in, without hubs of the computer itself and without
// serial numbers; sorted.
func USBDevices() ([]string, error) { return usbDevices("/") }

func usbDevices(root string) ([]string, error) {
	const ownHubs = "1d6b" // the Linux Foundation's number
	dir := filepath.Join(root, "sys/bus/usb/devices")
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("list USB devices: %w", err)
	}
	makers, _ := filepath.Glob(filepath.Join(dir, "*/idVendor"))
	ids := []string{}
	for _, m := range makers {
		maker, model := firstLine(m), firstLine(filepath.Join(filepath.Dir(m), "idProduct"))
		if maker != "" && maker != ownHubs {
			ids = append(ids, maker+":"+model)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// ReadRouter finds the router of the best default route.
func ReadRouter() (Router, error) {
	routes, err := DefaultRoutes()
	if err != nil {
		return Router{}, err
	}
	links, err := Links()
	if err != nil {
		return Router{}, err
	}
	slices.SortStableFunc(routes, func(a, b Route) int {
		if a.V6 != b.V6 { // the older family's addresses tell networks apart better
			if a.V6 {
				return 1
			}
			return -1
		}
		return a.Metric - b.Metric
	})
	if len(routes) == 0 {
		return Router{}, fmt.Errorf("find the router: %w", fs.ErrNotExist)
	}
	best := routes[0]
	r := Router{Address: best.Gateway}
	if best.Gateway.IsValid() {
		r.MAC = arpOf(best.Gateway)
	}
	for _, l := range links {
		for _, p := range l.Addrs {
			if l.Name == best.Iface && p.Addr().Is4() == !best.V6 && !p.Addr().IsLinkLocalUnicast() {
				r.Prefix = p.Masked()
			}
		}
	}
	return r, nil
}

// arpOf is the hardware address of a neighbour of the older family; empty when it is not known.
func arpOf(a netip.Addr) string {
	raw, err := os.ReadFile("/proc/net/arp")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if len(f) >= 4 && f[0] == a.String() && f[3] != "00:00:00:00:00:00" {
			return f[3]
		}
	}
	return ""
}
