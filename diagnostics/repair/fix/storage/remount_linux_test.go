package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/checks/files"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// served is a folder that this process serves as a real FUSE file system: it answers, says that its other end is
// gone, or takes every question and never answers.
type served struct {
	fd    int
	asked atomic.Int64
}

const (
	fuseForget, fuseGetattr, fuseStatfs = 2, 3, 17
	fuseInit, fuseInterrupt, fuseMany   = 26, 36, 42
)

func serve(t *testing.T, point, mode string) *served {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	data := fmt.Sprintf("fd=%d,rootmode=40755,user_id=%d,group_id=0,allow_other", fd, os.Getuid())
	must(t, unix.Mount("projets", point, "fuse.balise", unix.MS_NOSUID|unix.MS_NODEV, data))
	s := &served{fd: fd}
	go s.answer(mode)
	return s
}

// answer goes on until the kernel lets go of the file system. The numbers are those of linux/fuse.h.
func (s *served) answer(mode string) {
	buf := make([]byte, 1<<17)
	for {
		n, err := unix.Read(s.fd, buf)
		if err == unix.EINTR || err == unix.EAGAIN || err == unix.ENOENT {
			continue
		}
		if err != nil || n < 40 {
			return
		}
		op, unique := binary.NativeEndian.Uint32(buf[4:]), binary.NativeEndian.Uint64(buf[8:])
		if op == fuseForget || op == fuseMany || op == fuseInterrupt {
			continue
		}
		errno, body := answerOf(op)
		if op != fuseInit {
			s.asked.Add(1)
			switch mode {
			case "hang":
				continue
			case "gone":
				errno, body = unix.ENOTCONN, nil
			}
		}
		out := make([]byte, 16, 16+len(body))
		binary.NativeEndian.PutUint32(out[4:], uint32(-int32(errno)))
		binary.NativeEndian.PutUint64(out[8:], unique)
		out = append(out, body...)
		binary.NativeEndian.PutUint32(out, uint32(len(out)))
		_, _ = unix.Write(s.fd, out)
	}
}

func answerOf(op uint32) (unix.Errno, []byte) {
	switch op {
	case fuseInit:
		body := make([]byte, 64)
		binary.NativeEndian.PutUint32(body, 7)
		binary.NativeEndian.PutUint32(body[4:], 31)
		binary.NativeEndian.PutUint32(body[20:], 1<<16)
		return 0, body
	case fuseGetattr:
		body := make([]byte, 104)
		binary.NativeEndian.PutUint64(body[16:], 1)
		binary.NativeEndian.PutUint32(body[76:], unix.S_IFDIR|0o755)
		binary.NativeEndian.PutUint32(body[80:], 2)
		return 0, body
	case fuseStatfs:
		body := make([]byte, 80)
		binary.NativeEndian.PutUint64(body, 1<<20)
		binary.NativeEndian.PutUint32(body[40:], 4096)
		binary.NativeEndian.PutUint32(body[44:], 255)
		binary.NativeEndian.PutUint32(body[48:], 4096)
		return 0, body
	}
	return unix.ENOSYS, nil
}

// shareWorld is a computer with a real mounted folder whose other end is gone, and a played systemd that mounts it.
type shareWorld struct {
	*systemd
	broken string // what is wrong with the folder
	worse  bool
}

func newShareWorld(t *testing.T, user bool, broken string) *shareWorld {
	t.Helper()
	unmountAll(t) // of the worlds before this one
	w := &shareWorld{systemd: playSystemd(t, user), broken: broken}
	w.set(func() { w.point = filepath.Join(t.TempDir(), "Mes projets-2026") })
	must(t, os.Mkdir(w.point, 0o755))
	s := serve(t, w.point, broken)
	t.Cleanup(func() {
		for unix.Unmount(w.point, unix.MNT_DETACH) == nil {
			continue
		}
		_ = unix.Close(s.fd)
	})
	restart := func() bool {
		_ = unix.Unmount(w.point, unix.MNT_DETACH)
		mode := "ok"
		w.set(func() {
			if w.worse {
				mode = broken
			}
		})
		next := serve(t, w.point, mode)
		t.Cleanup(func() { _ = unix.Close(next.fd) })
		return true
	}
	run := func(argv []string) int {
		if !slices.Equal(argv, []string{"/usr/bin/umount", "-l", "--", w.point}) {
			return 64
		}
		if unix.Unmount(w.point, unix.MNT_DETACH) != nil {
			return 32
		}
		return 0
	}
	w.set(func() { w.restart, w.run = restart, run })
	return w
}

// unmountAll takes every folder that a test here mounted out of the tree.
func unmountAll(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 4 && strings.Contains(line, " - fuse.balise projets ") {
			must(t, unix.Unmount(strings.ReplaceAll(f[4], `\040`, " "), unix.MNT_DETACH))
		}
	}
}

func (w *shareWorld) Fixer() repair.Fixer { return newRemount() }

// Test is the real self-test.
func (w *shareWorld) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, c := range files.Checks(catalogue.Catalogue{}, files.Params{}) {
		if slices.Contains(ids, c.ID) {
			o := c.Run(ctx, 0)
			list = append(list, diagnostics.Result{
				ID: c.ID, Status: o.Status, Cause: o.Cause, Facts: o.Facts, Detail: o.Detail,
			})
		}
	}
	return list, nil
}

// State is what the kernel's table says of the folder: numbers that each mount gets anew are left out.
func (w *shareWorld) State() string {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	must(w.t, err)
	var lines []string
	for _, line := range strings.Split(string(raw), "\n") {
		f := strings.Fields(line)
		if len(f) > 9 && f[4] == strings.ReplaceAll(w.point, " ", `\040`) {
			lines = append(lines, strings.Join(slices.Concat(f[3:6], f[6:]), " "))
		}
	}
	return strings.Join(lines, "\n")
}

func (w *shareWorld) Worsen() { w.set(func() { w.worse = true }) }
func (w *shareWorld) Refuse() { w.set(func() { w.refuse = true }) }
func (w *shareWorld) Leave()  { w.leave() }
func (w *shareWorld) Hang()   { w.hang() }

func (w *shareWorld) Reopen() repairtest.World {
	w.answer()
	w.arrive()
	w.reset()
	return w
}

const remountEnv = "BALISE_TEST_REMOUNT_CHILD"

// inNamespace runs a test in a mount namespace of its own, where it mounts what it likes.
func inNamespace(t *testing.T, test string) {
	t.Helper()
	if os.Getenv("BALISE_TEST_ROOT") != "1" {
		t.Skip("mounts folders that hang: as root, BALISE_TEST_ROOT=1 go test ./diagnostics/repair/fix/storage")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), remountEnv+"="+test)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+test) {
		t.Errorf("%v\n%s", err, out)
	}
}

// child tells whether this is the process in the namespace, and shuts it off.
func child(t *testing.T, test string) bool {
	t.Helper()
	if os.Getenv(remountEnv) != test {
		return false
	}
	must(t, unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	return true
}

func TestRemountKeepsItsPromises(t *testing.T) { inNamespace(t, "TestRemountChild") }

// TestRemountChild is the process in the namespace; see TestRemountKeepsItsPromises.
func TestRemountChild(t *testing.T) {
	if !child(t, "TestRemountChild") {
		return
	}
	repairtest.Run(t, repairtest.Case{
		ID: shareRemount, Real: "a real mounted folder, the real self-test; systemd played on a real bus",
		New: func(t *testing.T) repairtest.World { return newShareWorld(t, false, "gone") },
	})
}

// A folder that never answers is detached by the system's own program and mounted again by the user's own manager.
func TestRemountOfAHungFolder(t *testing.T) { inNamespace(t, "TestHungChild") }

// TestHungChild is the process in the namespace; see TestRemountOfAHungFolder.
func TestHungChild(t *testing.T) {
	if !child(t, "TestHungChild") {
		return
	}
	if _, err := exec.LookPath("fusermount3"); err != nil {
		t.Fatal("needs fusermount3: apt-get install fuse3")
	}
	must(t, unix.Mount("fusectl", "/sys/fs/fuse/connections", "fusectl", 0, "")) // as systemd does at each start
	w := newShareWorld(t, true, "hang")
	before := w.State()
	e := repair.New(repair.Params{
		Journal: filepath.Join(t.TempDir(), "repairs.jsonl"), Fixers: []repair.Fixer{w.Fixer()}, Verify: w.Test,
	})
	bad, err := w.Test(t.Context(), []string{"share.mounts"})
	must(t, err)
	if bad[0].Cause != "share.mounts/hung" {
		t.Fatalf("the folder does not hang: %+v", bad)
	}
	info := e.List(t.Context(), bad)[0]
	if !info.Available || info.Steps[0].Elevated || info.Steps[0].Items[0].Label != "Mes projets-2026" {
		t.Fatalf("offered: %+v", info)
	}
	a, err := e.Run(t.Context(), repair.Request{ID: shareRemount, Consent: true, Before: bad}, nil)
	must(t, err)
	if a.State != repair.Solved {
		t.Errorf("%+v", a)
	}
	if got := w.State(); got != before {
		t.Errorf("mounted otherwise than before:\n%s\n%s", before, got)
	}
	if ran := w.did(); len(ran) != 0 {
		t.Errorf("a password was asked for: %q", ran)
	}
}

// TestServingDaemon is the program behind a folder, as another process would be: it only has the folder's name among
// its arguments.
func TestServingDaemon(t *testing.T) {
	if os.Getenv(remountEnv) != "daemon" {
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test lets go
}

// A folder that a program of the user's serves is mounted again by the service that started the program, unless that
// service is the desktop's.
func TestTheServiceBehindAFolderIsFound(t *testing.T) {
	d := playSystemd(t, true)
	point := filepath.Join(t.TempDir(), "nuage")
	if _, err := act.FindShareUnit(t.Context(), point); !errors.Is(err, act.ErrAbsent) {
		t.Errorf("a folder that nobody mounts: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestServingDaemon$", point)
	cmd.Env = append(os.Environ(), remountEnv+"=daemon")
	in, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	for service, want := range map[string]string{
		"rclone-nuage.service": "rclone-nuage.service", "gvfs-daemon.service": "", "app-term@1.service": "",
	} {
		d.set(func() { d.services = map[int]string{cmd.Process.Pid: service} })
		unit, err := act.FindShareUnit(t.Context(), point)
		if unit.Name != want || want != "" && !unit.User || (err == nil) != (want != "") {
			t.Errorf("started by %s: %+v, %v", service, unit, err)
		}
	}
	d.set(func() { d.services, d.point = nil, point })
	if unit, err := act.FindShareUnit(t.Context(), point); err != nil || pointOf(unit.Name) != point || !unit.User {
		t.Errorf("a mount's own unit: %+v, %v", unit, err)
	}
}
