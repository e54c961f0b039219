package probe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// firstUser is where ordinary accounts begin (login.defs UID_MIN); below are the system's.
const firstUser = 1000

func systemOS(_ context.Context, s *SystemInfo) error {
	release := lines("/etc/os-release")
	if release == nil {
		release = lines("/usr/lib/os-release")
	}
	for _, line := range release {
		key, value, _ := strings.Cut(line, "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "PRETTY_NAME":
			s.Name = value
		case "VERSION_ID":
			s.Version = value
		}
	}
	s.Vendor = firstLine("/sys/class/dmi/id/sys_vendor")
	s.Model = firstLine("/sys/class/dmi/id/product_name")
	if s.Model == "" {
		s.Model = firstLine("/proc/device-tree/model")
	}
	if s.Name == "" {
		return errors.New("no os-release file")
	}
	return nil
}

func nicOS(name string) (kind string, speed int64) {
	dir := filepath.Join("/sys/class/net", name)
	kind = "other"
	switch {
	case exists(filepath.Join(dir, "wireless")), exists(filepath.Join(dir, "phy80211")):
		kind = "wifi"
	case exists(filepath.Join(dir, "tun_flags")), strings.HasPrefix(name, "wg"), strings.HasPrefix(name, "ppp"):
		kind = "vpn"
	case exists(filepath.Join(dir, "device")):
		kind = "wired"
	default:
		if at, err := os.Readlink(dir); err == nil && strings.Contains(at, "/virtual/") {
			kind = "virtual"
		}
	}
	// The kernel answers -1, or nothing, for what has no speed.
	if v, err := strconv.ParseInt(firstLine(filepath.Join(dir, "speed")), 10, 64); err == nil && v > 0 {
		speed = v
	}
	return kind, speed
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func resolverOS() (ResolverInfo, error) {
	var r ResolverInfo
	text := lines("/etc/resolv.conf")
	if text == nil {
		return r, errors.New("no resolv.conf")
	}
	r.read(text)
	if len(r.Servers) == 1 && strings.HasPrefix(r.Servers[0], "127.0.0.5") {
		// systemd-resolved stands before the real servers and names them here.
		if real := lines("/run/systemd/resolve/resolv.conf"); real != nil {
			r = ResolverInfo{}
			r.read(real)
		}
	}
	return r, nil
}

func (r *ResolverInfo) read(text []string) {
	for _, line := range text {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			r.Servers = append(r.Servers, f[1])
		case "search", "domain":
			r.Search = append(r.Search, f[1:]...)
		}
	}
}

func languageOS() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	for _, file := range []string{"/etc/locale.conf", "/etc/default/locale"} {
		for _, line := range lines(file) {
			if v, ok := strings.CutPrefix(line, "LANG="); ok {
				return strings.Trim(v, `"'`)
			}
		}
	}
	return ""
}

func ownOrSystemOS(pid int32) bool {
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/"+strconv.Itoa(int(pid)), &st); err != nil {
		return false
	}
	return st.Uid < firstUser || int(st.Uid) == os.Getuid()
}
