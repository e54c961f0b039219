package probe

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/host"
)

// System reads the state of the installation. Each field is one question to the system and can be replaced
// in tests.
type System struct {
	// Uptime is the time since the computer was started, sleep included.
	Uptime func(ctx context.Context) (time.Duration, error)
	// Reboot says whether the installation waits for a restart.
	Reboot func() (Reboot, error)
	Now    func() time.Time
}

// Reboot is what makes a restart necessary.
type Reboot struct {
	// Packages lists what asked for the restart (Debian and Ubuntu's /run/reboot-required); Requested is
	// true even when nobody signed.
	Requested bool
	Packages  []string
	// Reason is "packages", "system" or "files", where the system says; empty is packages.
	Reason string
	// Running is the kernel that runs, Newest the newest one that is installed beside it; both empty when
	// that cannot be told, as in a container.
	Running, Newest string
	// Since is when the need arose.
	Since time.Time
}

// NewSystem reads this computer.
func NewSystem() System {
	return System{Uptime: uptime, Reboot: reboot, Now: time.Now}
}

func uptime(ctx context.Context) (time.Duration, error) {
	s, err := host.UptimeWithContext(ctx)
	if err != nil {
		return 0, fmt.Errorf("read uptime: %w", err)
	}
	return time.Duration(min(s, 1<<33)) * time.Second, nil
}

// ParsePackages reads the list of packages that asked for a restart, each once.
func ParsePackages(r io.Reader) []string {
	raw, _ := io.ReadAll(io.LimitReader(r, 64<<10))
	var names []string
	seen := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		name := CleanName(strings.TrimSpace(line))
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// NewestKernel picks the newest of the installed kernels of the same kind as the one that runs ("-amd64",
// "-generic"): a machine with two kinds runs the one that its owner chose. It is empty when the running one
// is not among the installed, because then the files say nothing about it.
func NewestKernel(running string, installed []string) string {
	newest, known := "", false
	for _, k := range installed {
		known = known || k == running
		if flavour(k) == flavour(running) && (newest == "" || CompareVersions(k, newest) > 0) {
			newest = k
		}
	}
	if !known {
		return ""
	}
	return newest
}

// flavour is the words of a kernel's name: "6.1.0-18-cloud-amd64" is "cloud-amd64".
func flavour(version string) string {
	var words []string
	for part := range strings.SplitSeq(version, "-") {
		if part != "" && (part[0] < '0' || part[0] > '9') && !strings.HasPrefix(part, "rc") {
			words = append(words, part)
		}
	}
	return strings.Join(words, "-")
}

// CompareVersions orders version texts by their numbers and words, as people read them: 6.10 is after 6.9,
// and a release candidate before its release.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var pa, pb string
		pa, a = chunk(a)
		pb, b = chunk(b)
		na, errA := strconv.ParseUint(pa, 10, 64)
		nb, errB := strconv.ParseUint(pb, 10, 64)
		c := cmp.Compare(rank(pa), rank(pb))
		if errA == nil && errB == nil {
			c = cmp.Compare(na, nb)
		}
		if c = cmp.Or(c, strings.Compare(strings.TrimLeft(pa, "0"), strings.TrimLeft(pb, "0"))); c != 0 {
			return c
		}
	}
	return 0
}

// rank places a chunk: a tilde or "rc" before the end, the end before a word, a word before a number.
func rank(c string) int {
	switch {
	case strings.HasPrefix(c, "~"), c == "rc", strings.HasPrefix(c, "-rc"):
		return 0
	case c == "":
		return 1
	case c[0] >= '0' && c[0] <= '9':
		return 3
	}
	return 2
}

// chunk cuts the next run of digits or of anything else.
func chunk(s string) (head, tail string) {
	if s == "" {
		return "", ""
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	i := 1
	for i < len(s) && digit(s[i]) == digit(s[0]) {
		i++
	}
	return s[:i], s[i:]
}

// PendingSystemFiles tells whether files of Windows itself wait for a restart to be replaced. Programs leave
// remains of their own there all day, which are no reason to restart.
func PendingSystemFiles(names []string) bool {
	for _, n := range names {
		n = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(n, "!"), `\??\`))
		_, rest, ok := strings.Cut(n, `\`)
		if ok && (strings.HasPrefix(rest, `windows\system32\`) || strings.HasPrefix(rest, `windows\winsxs\`)) &&
			!strings.Contains(rest, `\spool\`) {
			return true
		}
	}
	return false
}
