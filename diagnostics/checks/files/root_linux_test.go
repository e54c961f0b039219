package files

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

const childEnv = "BALISE_TEST_FILES_CHILD"

// Real file systems of programs, in a mount namespace of its own: one that nobody serves, one whose server
// takes every question and never answers (its kernel does not even let a killed child go), one whose program
// is gone, and each of them among five hundred that are well.
func TestRealShares(t *testing.T) {
	if os.Getenv("BALISE_TEST_ROOT") != "1" {
		t.Skip("mounts file systems: as root, BALISE_TEST_ROOT=1 go test ./diagnostics/checks/files")
	}
	for _, c := range []string{"unserved", "swallowed", "gone", "many", "repeated"} {
		t.Run(c, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSharesChild$", "-test.v")
			cmd.Env = append(os.Environ(), childEnv+"="+c, "HOME="+t.TempDir())
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// TestSharesChild is the process in the namespace; see TestRealShares.
func TestSharesChild(t *testing.T) {
	kind, dir := os.Getenv(childEnv), os.Getenv("HOME")
	if kind == "" {
		return
	}
	must(t, unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	want := diagnostics.Cause("share.mounts/hung")
	rounds := 1
	switch kind {
	case "unserved":
		mountFUSE(t, dir, "sshfs")
	case "swallowed":
		swallow(t, mountFUSE(t, dir, "sshfs"))
	case "gone":
		must(t, unix.Close(mountFUSE(t, dir, "sshfs")))
		want = "share.mounts/disconnected"
	case "many":
		const mounts, hung = 500, 321
		// Real ones that answer at once: a program's file system is asked by its type, whatever serves it.
		for i := range mounts {
			at := filepath.Join(dir, fmt.Sprint(i))
			must(t, os.Mkdir(at, 0o700))
			if i == hung {
				swallow(t, mountFUSE(t, at, "sshfs"))
				continue
			}
			serve(t, mountFUSE(t, at, "odd"))
		}
	case "repeated":
		swallow(t, mountFUSE(t, dir, "sshfs"))
		rounds = 6
	}
	for range rounds {
		start := time.Now()
		o := look(t.Context())
		took := time.Since(start).Round(time.Millisecond)
		if o.Cause != want || took > 5*time.Second {
			t.Errorf("%s: %s %q after %s, want %q (%v %s)", kind, o.Status, o.Cause, took, want, o.Facts, o.Detail)
		}
		if kind == "many" {
			if f, _ := (diagnostics.Result{Facts: o.Facts}).Fact("mount"); !strings.HasSuffix(fmt.Sprint(f.Value), "/321") {
				t.Errorf("names %v", f.Value)
			}
		}
		t.Logf("%s: %s after %s", kind, o.Cause, took)
	}
	const most = 3
	if n := stats(t); n > most {
		t.Errorf("%d children are left behind", n)
	}
}

func look(ctx context.Context) diagnostics.Outcome {
	list := Checks(catalogue.Catalogue{}, Params{})
	c := list[len(list)-1]
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return c.Run(ctx, 0)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mountFUSE(t *testing.T, at, subtype string) (fd int) {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	data := fmt.Sprintf("fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", fd)
	must(t, unix.Mount("balise-test", at, "fuse."+subtype, 0, data))
	t.Cleanup(func() { _ = unix.Unmount(at, unix.MNT_DETACH|unix.MNT_FORCE) })
	return fd
}

// answer writes an answer of the FUSE protocol: length, error, number of the question, body.
func answer(fd int, question []byte, errno int32, body []byte) {
	const header = 16
	out := make([]byte, header, header+len(body))
	put := func(at int, v uint32) {
		out[at], out[at+1], out[at+2], out[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	put(0, uint32(header+len(body)))
	put(4, uint32(errno))
	copy(out[8:16], question[8:16])
	_, _ = unix.Write(fd, append(out, body...))
}

// initialise reads the kernel's first question and accepts it.
func initialise(fd int) bool {
	buf := make([]byte, 1<<17)
	n, err := unix.Read(fd, buf)
	if err != nil || n < 56 {
		return false
	}
	body := make([]byte, 64)
	copy(body, buf[40:48])                      // the kernel's version
	body[16], body[18], body[20] = 12, 9, 0     // background, congestion
	body[20], body[21], body[22] = 0, 0x10, 0x0 // 4096 bytes a write
	answer(fd, buf, 0, body)
	return true
}

// swallow takes every question and answers none.
func swallow(t *testing.T, fd int) {
	t.Helper()
	if !initialise(fd) {
		t.Fatal("the kernel does not begin")
	}
	go func() {
		buf := make([]byte, 1<<17)
		for {
			if _, err := unix.Read(fd, buf); err != nil && err != unix.EINTR {
				return
			}
		}
	}()
}

// serve answers everything with an error but the question for the size.
func serve(t *testing.T, fd int) {
	t.Helper()
	if !initialise(fd) {
		t.Fatal("the kernel does not begin")
	}
	go func() {
		buf := make([]byte, 1<<17)
		const statfs = 17
		for {
			n, err := unix.Read(fd, buf)
			if err == unix.EINTR {
				continue
			}
			if err != nil || n < 40 {
				return
			}
			if buf[4] == statfs {
				answer(fd, buf, 0, make([]byte, 80))
				continue
			}
			answer(fd, buf, -int32(unix.ENOSYS), nil)
		}
	}()
}

// stats counts this process's children of that name, dead or alive.
func stats(t *testing.T) int {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	n := 0
	for _, p := range procs {
		raw, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		f := strings.Fields(rest)
		if strings.Contains(string(raw), "(stat)") && len(f) > 1 && f[1] == fmt.Sprint(os.Getpid()) {
			n++
		}
	}
	return n
}
