package probe

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const sysNet = "/sys/class/net"

// describeLink adds what /sys knows; without /sys the flags of netlink stand alone.
func describeLink(l *Link) {
	dir := filepath.Join(sysNet, l.Name)
	if _, err := os.Stat(dir); err != nil {
		return
	}
	l.Known = true
	_, err := os.Stat(filepath.Join(dir, "device"))
	l.Physical = err == nil
	if readWord(filepath.Join(dir, "carrier")) == "0" {
		l.Running = false // the flag follows up to a second later
	}
	_, err = os.Stat(filepath.Join(dir, "wireless"))
	l.Wireless = err == nil
	if !l.Wireless {
		_, err = os.Stat(filepath.Join(dir, "phy80211"))
		l.Wireless = err == nil
	}
	if n, err := strconv.Atoi(readWord(filepath.Join(dir, "speed"))); err == nil && n > 0 {
		l.SpeedMbs = n
	}
	if d := readWord(filepath.Join(dir, "duplex")); d == "full" || d == "half" {
		l.Duplex = d
	}
}

func readWord(name string) string {
	raw, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}

// DefaultRoutes returns the default routes of both families.
func DefaultRoutes() ([]Route, error) {
	v4, err := os.Open("/proc/net/route")
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	defer v4.Close()
	routes := parseRoutes4(io.LimitReader(v4, routeBytes))
	if v6, err := os.Open("/proc/net/ipv6_route"); err == nil {
		routes = append(routes, parseRoutes6(io.LimitReader(v6, routeBytes))...)
		v6.Close()
	}
	return bestRoutes(routes), nil
}

// routeBytes of a table are read: it can be huge on a computer that is a router too, and the kernel lists the
// default routes first.
const routeBytes = 4 << 20

// otherRoute4 tells cheaply that a line is no default route: most lines of a large table are not.
func otherRoute4(line []byte) bool { return !bytes.Contains(line, []byte("\t00000000\t")) }

func otherRoute6(line []byte) bool { return !bytes.HasPrefix(line, []byte(zeros6+" 00 ")) }

const zeros6 = "00000000000000000000000000000000"

const (
	routeUp     = 0x1
	routeReject = 0x200
)

// parseRoutes4 reads /proc/net/route: hexadecimal words in the machine's byte order.
func parseRoutes4(table io.Reader) []Route {
	var routes []Route
	lines := bufio.NewScanner(table)
	lines.Scan() // the head
	for lines.Scan() {
		if otherRoute4(lines.Bytes()) {
			continue
		}
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		flags, err := strconv.ParseUint(f[3], 16, 32)
		if err != nil || flags&routeUp == 0 || flags&routeReject != 0 {
			continue
		}
		gw, err := strconv.ParseUint(f[2], 16, 32)
		if err != nil {
			continue
		}
		metric, _ := strconv.Atoi(f[6])
		r := Route{Iface: f[0], Metric: metric}
		if gw != 0 {
			var b [4]byte
			binary.NativeEndian.PutUint32(b[:], uint32(gw))
			r.Gateway = netip.AddrFrom4(b)
		}
		routes = append(routes, r)
	}
	return routes
}

// parseRoutes6 reads /proc/net/ipv6_route. The kernel keeps a reject route on lo there; it is no way out.
func parseRoutes6(table io.Reader) []Route {
	var routes []Route
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		if otherRoute6(lines.Bytes()) {
			continue
		}
		f := strings.Fields(lines.Text())
		if len(f) < 10 || f[1] != "00" || strings.Trim(f[0], "0") != "" || f[9] == "lo" {
			continue
		}
		flags, err := strconv.ParseUint(f[8], 16, 32)
		if err != nil || flags&routeUp == 0 || flags&routeReject != 0 {
			continue
		}
		raw, err := hex.DecodeString(f[4])
		if err != nil || len(raw) != 16 {
			continue
		}
		metric, _ := strconv.ParseInt(f[5], 16, 64)
		r := Route{Iface: f[9], Metric: int(metric), V6: true}
		if gw := netip.AddrFrom16([16]byte(raw)); !gw.IsUnspecified() {
			if gw.IsLinkLocalUnicast() {
				gw = gw.WithZone(f[9])
			}
			r.Gateway = gw
		}
		routes = append(routes, r)
	}
	return routes
}

// NeighbourOf asks the kernel's neighbour table for one address.
func NeighbourOf(addr netip.Addr) Neighbour {
	family := unix.AF_INET
	if addr.Is6() {
		family = unix.AF_INET6
	}
	raw, err := syscall.NetlinkRIB(unix.RTM_GETNEIGH, family)
	if err != nil {
		return NeighbourUnknown
	}
	msgs, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return NeighbourUnknown
	}
	want := addr.WithZone("").AsSlice()
	found := NeighbourNone
	for _, m := range msgs {
		if m.Header.Type == unix.RTM_NEWNEIGH {
			if n, ok := parseNeighbour(m.Data, want); ok {
				found = n
			}
		}
	}
	return found
}

// parseNeighbour reads one ndmsg: family, padding, interface index, state, flags, type, then attributes.
func parseNeighbour(data, want []byte) (Neighbour, bool) {
	const head = 12
	if len(data) < head {
		return "", false
	}
	state := binary.NativeEndian.Uint16(data[8:10])
	for rest := data[head:]; len(rest) >= 4; {
		size := int(binary.NativeEndian.Uint16(rest[0:2]))
		if size < 4 || size > len(rest) {
			return "", false
		}
		if binary.NativeEndian.Uint16(rest[2:4]) == unix.NDA_DST && string(rest[4:size]) == string(want) {
			return neighbourState(state), true
		}
		rest = rest[min((size+3)&^3, len(rest)):]
	}
	return "", false
}

func neighbourState(s uint16) Neighbour {
	switch {
	case s&(unix.NUD_REACHABLE|unix.NUD_PERMANENT|unix.NUD_NOARP) != 0:
		return NeighbourReachable
	case s&(unix.NUD_STALE|unix.NUD_DELAY|unix.NUD_PROBE) != 0:
		return NeighbourStale
	case s&unix.NUD_FAILED != 0:
		return NeighbourFailed
	case s&unix.NUD_INCOMPLETE != 0:
		return NeighbourIncomplete
	}
	return NeighbourNone
}
