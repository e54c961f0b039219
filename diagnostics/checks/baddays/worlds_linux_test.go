package baddays

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The worlds that a child makes for itself, in namespaces of its own, before it probes.
const (
	halfWritten = "half-written"
	noTools     = "no tools"
	garbage     = "garbage resolver"
	manyRoutes  = "many routes"
	manyMounts  = "many mounts"
)

func worlds() map[string]func() error {
	return map[string]func() error{
		halfWritten: makeHalfWritten, noTools: makeNoTools, garbage: makeGarbage, manyRoutes: makeManyRoutes,
		manyMounts: makeManyMounts,
	}
}

// isolate gives the child of a world namespaces of its own; they end with it, and all that was mounted in them.
func isolate(cmd *exec.Cmd, world string) {
	if world == "" {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if world == garbage || world == manyRoutes {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	}
}

// private keeps what is mounted here from the rest of the computer.
func private() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	return nil
}

// over lays a folder over another.
func over(from, at string) error {
	if err := unix.Mount(from, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("lay %s over %s: %w", from, at, err)
	}
	return nil
}

// halves are folders of the kernel whose files are cut in the middle, empty, or hold what they never should.
func halves() []string {
	return []string{
		"/sys/class/power_supply", "/sys/class/thermal", "/sys/class/net", "/sys/class/drm", "/sys/class/rfkill",
		"/sys/class/hwmon", "/sys/block", "/sys/devices/system/cpu", "/sys/class/sound", "/sys/class/video4linux",
		"/proc/pressure", "/proc/asound",
	}
}

// makeHalfWritten copies what the kernel says, as far as it is files, and spoils each in one of four ways.
func makeHalfWritten() error {
	if err := private(); err != nil {
		return err
	}
	root, err := os.MkdirTemp("", "half")
	if err != nil {
		return err
	}
	if err := unix.Mount("none", root, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount a place for the copies: %w", err)
	}
	for i, dir := range halves() {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		at, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return err
		}
		copied := filepath.Join(root, fmt.Sprint(i))
		if err := spoil(dir, copied, 0); err != nil {
			return err
		}
		if err := over(copied, at); err != nil {
			return err
		}
	}
	return spoilDevices(root)
}

// spoilDevices adds devices that this computer may not have: a battery, a zone, a radio and a screen of which
// only halves are there.
func spoilDevices(root string) error {
	for at, files := range map[string]map[string]string{
		"/sys/class/power_supply": {
			"BAT0/type": "Battery", "BAT0/capacity": "", "BAT0/energy_full": "12\x00", "AC/type": "Main",
		},
		"/sys/class/thermal": {
			"thermal_zone0/temp": "-", "thermal_zone0/trip_point_0_temp": "99999999999999999999",
		},
		"/sys/class/drm":    {"card0-HDMI-A-1/status": "conn", "card0-HDMI-A-1/edid": "\x00\xff\xff"},
		"/sys/class/rfkill": {"rfkill0/type": "wlan", "rfkill0/soft": "", "rfkill0/hard": "x"},
		"/sys/block":        {"sda/device/state": "", "sda/stat": "1 2 3", "sda/queue/rotational": ""},
	} {
		if _, err := os.Stat(at); err != nil {
			continue // this kernel has no such folder, and no place for one
		}
		dir := filepath.Join(root, strings.ReplaceAll(at, "/", "_"))
		for name, text := range files {
			name = filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				return err
			}
		}
		if err := over(dir, at); err != nil {
			return err
		}
	}
	return nil
}

// spoil copies a folder three levels deep; no file of it comes out whole.
func spoil(from, to string, depth int) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil || depth > 2 {
		return nil // what cannot be read here is missing there
	}
	for i, e := range entries {
		name := filepath.Join(from, e.Name())
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		if info.IsDir() {
			if err := spoil(name, filepath.Join(to, e.Name()), depth+1); err != nil {
				return err
			}
			continue
		}
		raw := head(name)
		switch i % 4 {
		case 0:
			raw = raw[:len(raw)/2]
		case 1:
			raw = nil
		case 2:
			raw = []byte("\x00\xff garbage \n\n-1 99999999999999999999")
		case 3:
			continue // was there, and is gone
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// head is what can be read of a file without waiting.
func head(name string) []byte {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	buf := make([]byte, 4096)
	n, err := f.Read(buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

// makeNoTools takes away every program of the system, and both buses.
func makeNoTools() error {
	if err := private(); err != nil {
		return err
	}
	empty, err := os.MkdirTemp("", "empty")
	if err != nil {
		return err
	}
	if err := unix.Mount("none", empty, "tmpfs", 0, ""); err != nil {
		return err
	}
	for _, dir := range []string{
		"/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/run/dbus", "/run/systemd",
	} {
		if info, err := os.Lstat(dir); err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue
		}
		if err := over(empty, dir); err != nil {
			return err
		}
	}
	return nil
}

// batch gives ip many commands at once.
func batch(commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %.300s", err, out)
	}
	return nil
}

// wired is a network of this child's own: one interface with an address, a router that is itself.
func wired() error {
	return batch(
		"link set lo up", "link add eth0 type veth peer name far", "addr add 192.0.2.10/24 dev eth0",
		"link set eth0 up", "link set far up", "route add default via 192.0.2.1",
	)
}

// makeGarbage has a name server that answers every question with something else.
func makeGarbage() error {
	if err := errors.Join(private(), wired()); err != nil {
		return err
	}
	conf, err := os.CreateTemp("", "resolv")
	if err != nil {
		return err
	}
	if _, err := conf.WriteString("nameserver 127.0.0.1\noptions timeout:1\n"); err != nil {
		return err
	}
	at, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return err
	}
	if err := errors.Join(conf.Close(), over(conf.Name(), at), os.Remove(conf.Name())); err != nil &&
		!errors.Is(err, unix.EBUSY) {
		return err
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		return err
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:53")
	if err != nil {
		return err
	}
	go babbleUDP(udp)
	go babbleTCP(tcp)
	return nil
}

func babbleUDP(c net.PacketConn) {
	buf := make([]byte, 1500)
	for i := 0; ; i++ {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = c.WriteTo(nonsense(buf[:n], i), from)
	}
}

func babbleTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Write([]byte("\xff\xffHTTP/1.1 400 what?"))
		c.Close()
	}
}

// nonsense is an answer that is none: cut, empty, pointing at itself, with another's id, or promising more than
// it holds.
func nonsense(question []byte, i int) []byte {
	q := append([]byte(nil), question...)
	if len(q) < 12 {
		return q
	}
	q[2] |= 0x80
	switch i % 5 {
	case 0:
		return q[:7]
	case 1:
		q[0] ^= 0xff
		return q
	case 2:
		q[6], q[7] = 0xff, 0xff
		return q
	case 3:
		return append(q[:12], 0xc0, 0x0c, 0, 1, 0, 1)
	}
	return []byte{0}
}

// makeManyRoutes has ten thousand routes, as a bad tunnel leaves behind.
func makeManyRoutes() error {
	if err := errors.Join(private(), wired()); err != nil {
		return err
	}
	const many = 10_000
	commands := make([]string, 0, many)
	for i := range many {
		commands = append(commands, fmt.Sprintf("route add 10.%d.%d.0/24 via 192.0.2.1", i/250, i%250))
	}
	return batch(commands...)
}

// makeManyMounts has five hundred mounts; one of them is a file system whose server never says a word.
func makeManyMounts() error {
	if err := private(); err != nil {
		return err
	}
	root, err := os.MkdirTemp("", "many")
	if err != nil {
		return err
	}
	if err := unix.Mount("none", root, "tmpfs", 0, ""); err != nil {
		return err
	}
	const many = 500
	for i := range many - 1 {
		at := filepath.Join(root, fmt.Sprint(i))
		if err := os.Mkdir(at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("none", at, "tmpfs", 0, "size=1m"); err != nil {
			return fmt.Errorf("mount number %d: %w", i, err)
		}
	}
	hung := filepath.Join(root, "hung")
	if err := os.Mkdir(hung, 0o755); err != nil {
		return err
	}
	// The other end stays open and unread as long as this process lives.
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)
	if err := unix.Mount("files.example:/share", hung, "fuse.sshfs", 0, options); err != nil {
		return fmt.Errorf("mount what hangs: %w", err)
	}
	return nil
}
