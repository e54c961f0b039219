package probe

import (
	"bufio"
	"io"
	"path"
	"slices"
	"strings"
)

// Mount is one line of the system's table of mounted file systems.
type Mount struct {
	Device string // "major:minor" on Linux; the same for every bind mount of one file system
	Root   string // the part of the file system that is mounted; "/" but for bind mounts
	Point  string
	Type   string
	Source string
	// ReadOnly is this mount's own flag, SuperReadOnly that of the whole file system. A kernel that stops
	// writing after an error sets only the second; a sandbox sets only the first.
	ReadOnly, SuperReadOnly bool
}

// networkTypes answer from another computer, or from a program that may hang: statfs on them can block for
// ever in the kernel, so nothing here touches them.
var networkTypes = []string{
	"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "lustre", "davfs",
	"autofs", "webdav", "afpfs", "fuse", "macfuse", "osxfuse", "virtiofs", "vboxsf", "prl_fs", "sshfs",
	"ocfs2", "gfs", "gfs2", "beegfs", "orangefs", "pvfs2", "coda",
}

// imageTypes are read-only by nature and always exactly full.
var imageTypes = []string{"squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs", "cd9660", "composefs"}

// Local tells whether the file system answers from this computer, so that asking it cannot hang on a
// network.
func (m Mount) Local() bool {
	return m.Type != "" && !slices.Contains(networkTypes, m.Type) && !strings.HasPrefix(m.Type, "fuse.")
}

// Volume identifies the file system behind a mount: bind mounts of one are the same volume, and so are the
// subvolumes of one btrfs, which have numbers of their own.
func (m Mount) Volume() string {
	if strings.HasPrefix(m.Source, "/dev/") {
		return m.Source
	}
	return m.Device
}

// Image tells whether the file system is a read-only image, never "full" and never "turned read-only".
func (m Mount) Image() bool { return slices.Contains(imageTypes, m.Type) }

// maxMounts bounds what a table may hold; a machine with many containers has some thousands.
const maxMounts = 20000

// ParseMountinfo reads the format of /proc/self/mountinfo (see proc(5)). Lines that do not have its form
// are passed over: one odd mount must not hide the others.
func ParseMountinfo(r io.Reader) ([]Mount, error) {
	var mounts []Mount
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), 1<<20)
	for lines.Scan() && len(mounts) < maxMounts {
		if m, ok := parseMount(lines.Text()); ok {
			mounts = append(mounts, m)
		}
	}
	return mounts, lines.Err()
}

func parseMount(line string) (Mount, bool) {
	own, rest, ok := strings.Cut(line, " - ")
	if !ok {
		return Mount{}, false
	}
	f, s := strings.Fields(own), strings.Fields(rest)
	if len(f) < 6 || len(s) < 2 || !strings.HasPrefix(f[4], "/") {
		return Mount{}, false
	}
	m := Mount{
		Device: f[2], Root: unescape(f[3]), Point: unescape(f[4]), Type: s[0], Source: unescape(s[1]),
		ReadOnly: hasOption(f[5], "ro"),
	}
	if len(s) > 2 {
		m.SuperReadOnly = hasOption(s[2], "ro")
	}
	return m, true
}

func hasOption(list, name string) bool { return slices.Contains(strings.Split(list, ","), name) }

// unescape turns the table's \040 back into the byte that it stands for.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) && s[i+1] < '4' {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

// FstabEntry is what an administrator asked for at one place.
type FstabEntry struct {
	Point    string
	Type     string
	ReadOnly bool
}

// ParseFstab reads the format of fstab(5).
func ParseFstab(r io.Reader) ([]FstabEntry, error) {
	var entries []FstabEntry
	lines := bufio.NewScanner(r)
	for lines.Scan() && len(entries) < maxMounts {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || strings.HasPrefix(f[0], "#") {
			continue
		}
		entries = append(entries, FstabEntry{
			Point: unescape(f[1]), Type: f[2], ReadOnly: hasOption(f[3], "ro"),
		})
	}
	return entries, lines.Err()
}

// MountOf finds the mount that a clean absolute path lies on. The last of several mounts at one place is
// the one that shows.
func MountOf(mounts []Mount, name string) (Mount, bool) {
	best, found := Mount{}, false
	for _, m := range mounts {
		if under(name, m.Point) && (!found || len(m.Point) >= len(best.Point)) {
			best, found = m, true
		}
	}
	return best, found
}

// Within lists the mounts at or below a clean absolute path.
func Within(mounts []Mount, dir string) []Mount {
	var in []Mount
	for _, m := range mounts {
		if under(m.Point, dir) {
			in = append(in, m)
		}
	}
	return in
}

func under(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// ResolveLocal follows the symbolic links of an absolute path without ever touching a mount that is not
// local: it reads one component at a time and stops where the next one would. ok is false when it stopped.
func ResolveLocal(mounts []Mount, name string, readlink func(string) (string, error)) (string, bool) {
	done, rest := "/", strings.Trim(path.Clean(name), "/")
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		next := path.Join(done, part)
		if m, found := MountOf(mounts, next); found && !m.Local() {
			return next, false
		}
		target, err := readlink(next)
		if err != nil {
			done = next
			continue
		}
		if links++; links > 40 {
			return next, false
		}
		if !path.IsAbs(target) {
			target = path.Join(done, target)
		}
		done, rest = "/", strings.Trim(path.Join(target, rest), "/")
	}
	m, found := MountOf(mounts, done)
	return done, found && m.Local()
}
