package probe

import (
	"bufio"
	"cmp"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Installs is what the package manager did last.
type Installs struct {
	// Count is how many are installed; 0 when it does not say.
	Count int
	// Changed is when anything was last installed, updated or removed.
	Changed time.Time
	// Recent are the latest of these, the oldest first, each name once.
	Recent []Installed
}

// Installed is one package that was installed, updated or removed.
type Installed struct {
	Name string
	At   time.Time
}

// Router is where this computer's traffic goes first, and the network it stands in: what tells one network
// from another without its name.
type Router struct {
	Address netip.Addr   // of the default route's gateway; invalid on a point-to-point line
	MAC     string       // its hardware address; empty when the kernel has not asked for it
	Prefix  netip.Prefix // of our own address beside it
}

// parseDpkgLog reads dpkg's log: "2026-11-22 10:12:13 status installed name:arch version", in local time.
func parseDpkgLog(r io.Reader, zone *time.Location) []Installed {
	return installLines(r, func(line string) (string, time.Time) {
		f := strings.Fields(line)
		if len(f) < 5 || f[2] != "status" || (f[3] != "installed" && f[3] != "not-installed") {
			return "", time.Time{}
		}
		at, err := time.ParseInLocation(time.DateTime, f[0]+" "+f[1], zone)
		if err != nil {
			return "", time.Time{}
		}
		name, _, _ := strings.Cut(f[4], ":")
		return name, at
	})
}

// parseDnfLog reads dnf.rpm.log: "2026-11-22T10:12:13+0100 SUBDEBUG Upgraded: name-1.2-3.fc41.x86_64".
func parseDnfLog(r io.Reader) []Installed {
	return installLines(r, func(line string) (string, time.Time) {
		f := strings.Fields(line)
		if len(f) < 4 || !slices.Contains([]string{"Upgraded:", "Installed:", "Erase:", "Upgrade:", "Erased:"}, f[2]) {
			return "", time.Time{}
		}
		at, err := time.Parse("2006-01-02T15:04:05Z0700", f[0])
		if err != nil {
			return "", time.Time{}
		}
		return rpmName(f[3]), at
	})
}

// rpmName is "name" of "name-version-release.arch".
func rpmName(full string) string {
	for range 2 {
		i := strings.LastIndexByte(full, '-')
		if i <= 0 {
			return full
		}
		full = full[:i]
	}
	return full
}

// parsePacmanLog reads pacman's log: "[2026-11-22T10:12:13+0100] [ALPM] upgraded name (1 -> 2)".
func parsePacmanLog(r io.Reader) []Installed {
	return installLines(r, func(line string) (string, time.Time) {
		f := strings.Fields(line)
		if len(f) < 4 || f[1] != "[ALPM]" || !slices.Contains([]string{"installed", "upgraded", "removed"}, f[2]) {
			return "", time.Time{}
		}
		at, err := time.Parse("2006-01-02T15:04:05Z0700", strings.Trim(f[0], "[]"))
		if err != nil {
			return "", time.Time{}
		}
		return f[3], at
	})
}

// maxRecent bounds the packages that are kept; a release upgrade touches thousands.
const maxRecent = 200

// installLines keeps the last change of each name, in the order of time.
func installLines(r io.Reader, read func(line string) (name string, at time.Time)) []Installed {
	last := map[string]time.Time{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if name, at := read(lines.Text()); name != "" && !at.Before(last[name]) {
			last[name] = at
		}
	}
	out := make([]Installed, 0, len(last))
	for name, at := range last {
		out = append(out, Installed{Name: cleanText(name, 64), At: at})
	}
	slices.SortFunc(out, func(a, b Installed) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Name, b.Name))
	})
	return out[max(0, len(out)-maxRecent):]
}
