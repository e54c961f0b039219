package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Lab is one topology. Its methods are for one goroutine, that of the test.
type Lab struct {
	client, router, outside string
	etc                     string // what stands in the client's /etc
}

const (
	prefix  = "balise-lab-"
	runNets = "/run/netns"
	etcNets = "/etc/netns"
)

// serial makes names unique within this process.
var serial atomic.Int64

// New builds a healthy topology for a test and removes it at its end. Without BALISE_TEST_ROOT=1 and root the
// test is skipped.
func New(t testing.TB) *Lab {
	t.Helper()
	if os.Getenv(EnvRoot) != "1" || os.Geteuid() != 0 {
		t.Skipf("needs network namespaces: run as root with %s=1 (packaging/test does)", EnvRoot)
	}
	l, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Build is New for programs: the caller closes the lab.
func Build() (*Lab, error) {
	sweep()
	name := fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), serial.Add(1))
	l := &Lab{client: name + "-c", router: name + "-r", outside: name + "-o"}
	l.etc = filepath.Join(etcNets, l.client)
	if err := l.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab: %w", err), l.Close())
	}
	return l, nil
}

func (l *Lab) build() error {
	for _, ns := range []string{l.client, l.router, l.outside} {
		if err := ip("netns", "add", ns); err != nil {
			return err
		}
		// Nobody else is on these links: an address of the sixth version need not wait to be sure of it.
		if err := within(ns, func() error {
			return os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte("0"), 0o644)
		}); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := l.files(); err != nil {
		return err
	}
	// Two ends with the same number look like one device to the kernel's link watch, which then takes a second.
	links := []string{
		"link add eth0 index 7 netns " + l.client + " type veth peer name lan netns " + l.router,
		"link add wan index 9 netns " + l.router + " type veth peer name eth0 netns " + l.outside,
	}
	client := []string{
		"addr add " + ClientIP + "/24 dev eth0", "link set lo up", "link set eth0 up", "route add default via " +
			RouterIP,
	}
	router := []string{
		"addr add " + RouterIP + "/24 dev lan", "addr add 10.77.1.1/24 dev wan",
		"link set lo up", "link set lan up", "link set wan up",
	}
	outside := []string{"link set lo up", "link set eth0 up"}
	for _, a := range worldIPs {
		outside = append(outside, "addr add "+a+"/24 dev eth0")
	}
	outside = append(outside, "route add default via 10.77.1.1")
	err := batch("", links)
	if err == nil {
		err = errors.Join(batch(l.router, router), batch(l.outside, outside), batch(l.client, client))
	}
	if err != nil {
		return err
	}
	err = within(l.router, func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
	})
	if err != nil {
		return err
	}
	return l.wired()
}

// wired waits until the kernel has told itself that the client's cable is plugged in.
func (l *Lab) wired() error {
	const patience, again = 5 * time.Second, 2 * time.Millisecond
	return within(l.client, func() error {
		for deadline := time.Now().Add(patience); ; time.Sleep(again) {
			dev, err := net.InterfaceByName("eth0")
			if err == nil && dev.Flags&net.FlagRunning != 0 {
				return nil
			}
			if time.Now().After(deadline) {
				return errors.New("the client's adapter does not come up")
			}
		}
	})
}

// files are what `ip netns exec` lays over the client's /etc: a resolver that asks the lab's servers only.
func (l *Lab) files() error {
	if err := os.MkdirAll(l.etc, 0o755); err != nil {
		return err
	}
	const nss, hosts = "passwd: files\ngroup: files\nhosts: files dns\n", "127.0.0.1 localhost\n"
	return errors.Join(
		l.Resolvers(DNS1, DNS2),
		os.WriteFile(filepath.Join(l.etc, "nsswitch.conf"), []byte(nss), 0o644),
		os.WriteFile(filepath.Join(l.etc, "hosts"), []byte(hosts), 0o644))
}

// Close removes the topology, whatever of it was built.
func (l *Lab) Close() error {
	var errs []error
	for _, ns := range []string{l.client, l.router, l.outside} {
		if _, err := os.Stat(filepath.Join(runNets, ns)); err == nil {
			errs = append(errs, ip("netns", "delete", ns))
		}
	}
	errs = append(errs, os.RemoveAll(l.etc))
	_ = os.Remove(etcNets) // only if nobody else has anything in it
	return errors.Join(errs...)
}

// sweep removes what a killed test of an earlier process left behind.
func sweep() {
	for _, dir := range []string{runNets, etcNets} {
		names, _ := filepath.Glob(filepath.Join(dir, prefix+"*"))
		for _, name := range names {
			pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), prefix), "-")
			n, err := strconv.Atoi(pid)
			if err != nil || syscall.Kill(n, 0) == nil {
				continue
			}
			if dir == runNets {
				_ = ip("netns", "delete", filepath.Base(name))
			} else {
				_ = os.RemoveAll(name)
			}
		}
	}
}

func ip(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// batch runs many commands of `ip` in one process: starting it is what takes the time.
func batch(ns string, lines []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	args := []string{"-batch", "-"}
	if ns != "" {
		args = append([]string{"-n", ns}, args...)
	}
	cmd := exec.CommandContext(ctx, "ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip -batch: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Command prepares a process in the client's namespace. Its environment is empty but for what a lab needs: no
// proxy, no buses, both of which no namespace would keep away.
func (l *Lab) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", l.client, name}, args...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "LANG=C.UTF-8",
		"DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
	}
	return cmd
}

// Listen opens a TCP socket outside; addr is one of the lab's addresses with a port.
func (l *Lab) Listen(addr string) (ln net.Listener, err error) {
	err = within(l.outside, func() error {
		ln, err = net.Listen("tcp", addr)
		return err
	})
	return ln, err
}

// ListenPacket opens a UDP socket outside.
func (l *Lab) ListenPacket(addr string) (pc net.PacketConn, err error) {
	err = within(l.outside, func() error {
		pc, err = net.ListenPacket("udp", addr)
		return err
	})
	return pc, err
}

// within runs f on a thread that has joined a namespace. A thread that cannot go back is never given back.
func within(ns string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		there, err := os.Open(filepath.Join(runNets, ns))
		if err != nil {
			done <- err
			return
		}
		defer there.Close()
		if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("join namespace: %w", err)
			return
		}
		err = f()
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// worldIPs are the addresses of the world's servers.
var worldIPs = []string{
	DNS1, DNS2, PortalIP, Exit1, Exit2, ServiceIP, ClockIP, ProxyIP, PrinterIP, WikiIP, MailIP, FilesIP,
	CallsIP, LoadIP,
}
