package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The stage's user: nobody in particular, and nobody of the real machine.
const (
	user    = "camille"
	userID  = 1000
	homeDir = "/home/" + user
	runUser = "/run/user/1000"
)

// machine is the client's computer: a root of its own in memory over the real one's programs, in a mount
// namespace that belongs to one thread, the hand. Everything that is done in there is done by the hand.
type machine struct {
	lab  *Lab
	dir  string // of the real side: upper, work, root
	work chan func()
	done chan struct{}
	tid  int
	disk int // the root of the file system under the root, to change its size
}

// newMachine joins the client's network and builds its files.
func newMachine(l *Lab, dir string) (*machine, error) {
	m := &machine{lab: l, dir: dir, work: make(chan func()), done: make(chan struct{})}
	ready := make(chan error)
	go func() {
		// Never unlocked: the thread ends with this goroutine, and the namespace with it.
		runtime.LockOSThread()
		defer close(m.done)
		if err := m.enter(); err != nil {
			ready <- fmt.Errorf("build the client's machine: %w", err)
			return
		}
		ready <- nil
		for f := range m.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return m, nil
}

// do runs f in the client's namespaces, as root. What may hang must not be touched by it.
func (m *machine) do(f func() error) error {
	err := make(chan error, 1)
	select {
	case m.work <- func() { err <- f() }:
		return <-err
	case <-m.done:
		return errors.New("the client's machine is closed")
	}
}

func (m *machine) close() {
	close(m.work)
	<-m.done
	_ = unix.Close(m.disk)
}

// run runs a program in there and waits for it.
func (m *machine) run(ctx context.Context, stdin, name string, args ...string) (string, error) {
	var out []byte
	err := m.do(func() (err error) {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Stdin = strings.NewReader(stdin)
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"}
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

func (m *machine) enter() error {
	m.tid = unix.Gettid()
	there, err := os.Open(filepath.Join(runNets, m.lab.client))
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("join network: %w", err)
	}
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare mounts: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := m.mountRoot(); err != nil {
		return err
	}
	return m.dress()
}

const plenty = "size=200g,nr_inodes=4m,mode=755"

// emptied are folders of the real machine that the client must not see: what is in them is the stage's.
var emptied = []string{
	"boot", "etc", "home", "lost+found", "media", "mnt", "opt", "root", "run", "srv", "tmp", "var", "dev",
	"proc", "sys",
}

// mountRoot makes an overlay in memory over the machine's programs and moves into it. The volume is as large
// as the memory's file system says, whatever the real disk has left.
func (m *machine) mountRoot() error {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", m.dir, "tmpfs", 0, plenty); err != nil {
		return fmt.Errorf("mount root: %w", err)
	}
	disk, err := unix.Open(m.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	m.disk = disk
	for _, name := range emptied {
		dir := filepath.Join(m.dir, "upper", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := unix.Setxattr(dir, "trusted.overlay.opaque", []byte("y"), 0); err != nil {
			return fmt.Errorf("hide /%s: %w", name, err)
		}
	}
	root := filepath.Join(m.dir, "root")
	for _, dir := range []string{root, filepath.Join(m.dir, "work")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=/,upperdir=%s/upper,workdir=%s/work", m.dir, m.dir)
	if err := unix.Mount("/dev/sda2", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount root: %w", err)
	}
	for _, v := range []struct{ source, at, fs, data string }{
		{"/dev/sda3", "home", "tmpfs", plenty},
		{"tmpfs", "run", "tmpfs", "size=1g,mode=755"},
		{"devtmpfs", "dev", "tmpfs", "size=16m,mode=755"},
		{"proc", "proc", "proc", ""},
		{"sysfs", "sys", "sysfs", ""},
	} {
		if err := unix.Mount(v.source, filepath.Join(root, v.at), v.fs, unix.MS_NOSUID, v.data); err != nil {
			return fmt.Errorf("mount /%s: %w", v.at, err)
		}
	}
	for _, dev := range []string{"null", "zero", "full", "random", "urandom", "tty", "fuse", "net/tun"} {
		at := filepath.Join(root, "dev", dev)
		var st unix.Stat_t
		if err := unix.Stat("/dev/"+dev, &st); err != nil {
			continue
		}
		_ = os.MkdirAll(filepath.Dir(at), 0o755)
		if err := unix.Mknod(at, st.Mode|0o666, int(st.Rdev)); err != nil {
			return fmt.Errorf("make /dev/%s: %w", dev, err)
		}
		_ = os.Chmod(at, 0o666)
	}
	return pivot(root)
}

// oldRoot is where the old root stands for a moment; the host must have nothing of that name, of which the machine's root is
// a view.
const oldRoot = ".balise-lab-old-root"

// pivot makes root the root of this namespace, so that whoever joins it sees nothing else.
func pivot(root string) error {
	old := filepath.Join(root, oldRoot)
	if err := os.Mkdir(old, 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(root, old); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/"+oldRoot, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return os.Remove("/" + oldRoot)
}

// write makes a file of the client's machine, and its folders.
func (m *machine) write(name, text string) error {
	return m.do(func() error { return put(name, text) })
}

// put is write for the hand itself. The file keeps its inode, because it may be mounted over another.
func put(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// cover lays a file of the stage over one of the kernel's.
func (m *machine) cover(name, text string) error {
	return m.do(func() error { return cover(name, text) })
}

func cover(name, text string) error {
	own := filepath.Join("/run/.stage", name)
	_, err := os.Stat(own)
	if err := put(own, text); err != nil {
		return err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil // it lies there already
	}
	if err := unix.Mount(own, name, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("cover %s: %w", name, err)
	}
	return nil
}

// read reads a file as the client would.
func (m *machine) read(name string) (text string, err error) {
	err = m.do(func() error {
		raw, err := os.ReadFile(name)
		text = string(raw)
		return err
	})
	return text, err
}

// daemon starts a program in there that runs until the stage closes or stop is called. It is a child of the
// stage's own process, so it dies with it.
func (m *machine) daemon(cmd *exec.Cmd) (stop func() error, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := m.do(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	return sync.OnceValue(func() error {
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		<-ended
		return nil
	}), nil
}
