package act

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// someone is a user who may start programs here: as root another one, because the administrator's own programs are
// never closed.
func someone() int {
	if uid := os.Getuid(); uid != 0 {
		return uid
	}
	return 23456
}

// startProgram runs a copy of one of the system's programs under a name of its own, as that user.
func startProgram(t *testing.T, uid int, name string, args ...string) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "balise")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	raw, err := os.ReadFile("/usr/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name)
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(file, raw, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	return cmd
}

// find looks for a process until it runs under its name: between fork and exec it has ours.
func find(t *testing.T, ps Processes, pid int, name string) (Running, bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		raw, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
		list, err := ps.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if r.PID == pid && r.Name == name {
				return r, true
			}
		}
		if string(raw) == name+"\n" {
			break // it ran before the look, and is not in the list
		}
	}
	return Running{}, false
}

func TestCloseOwnProgram(t *testing.T) {
	ps := Processes{UID: someone()}
	cmd := startProgram(t, ps.UID, "balisedummy", "600")
	r, ok := find(t, ps, cmd.Process.Pid, "balisedummy")
	if !ok {
		t.Fatal("the user's own program is not in the list")
	}
	if ps.Ended(r) {
		t.Error("it runs, and is said to have ended")
	}
	recycled := r
	recycled.Start++ // the same number, given to another process
	if err := ps.Kill(recycled); !errors.Is(err, ErrEnded) {
		t.Errorf("another process of the same number: %v", err)
	}
	if ps.Ended(r) {
		t.Fatal("a process that was not meant is gone")
	}
	if err := ps.Close(r); err != nil {
		t.Fatal(err)
	}
	if open := ps.Await(t.Context(), []Running{r}, 10*time.Second); len(open) != 0 {
		t.Error("it was asked to end, and runs on")
	}
	if err := ps.Close(r); !errors.Is(err, ErrEnded) {
		t.Errorf("a second time: %v", err)
	}
}

func TestOthersProgramsAreRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("runs programs as two users: as root")
	}
	ps := Processes{UID: someone()}
	cmd := startProgram(t, ps.UID+1, "balisedummy", "600")
	other := Processes{UID: ps.UID + 1}
	r, ok := find(t, other, cmd.Process.Pid, "balisedummy")
	if !ok {
		t.Fatal("its own user does not see it")
	}
	if _, ok := find(t, ps, r.PID, "balisedummy"); ok {
		t.Error("another user's program is offered")
	}
	for what, err := range map[string]error{"close": ps.Close(r), "kill": ps.Kill(r)} {
		if !errors.Is(err, ErrNotOurs) {
			t.Errorf("%s another user's program: %v", what, err)
		}
	}
	if other.Ended(r) {
		t.Error("another user's program is gone")
	}
}

func TestTheSessionIsRefused(t *testing.T) {
	ps := Processes{UID: someone()}
	for _, name := range []string{
		"gnome-shell", "systemd", "dbus-daemon", "balise", "balise-window", "Xwayland", "gsd-power", "gvfsd-fuse",
	} {
		cmd := startProgram(t, ps.UID, name, "600")
		if _, ok := find(t, ps, cmd.Process.Pid, name); ok {
			t.Errorf("%s is offered", name)
		}
		raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "stat"))
		if err != nil {
			t.Fatal(err)
		}
		r, _, _ := parseRunning(raw)
		r.PID = cmd.Process.Pid
		if err := ps.Kill(r); !errors.Is(err, ErrNotOurs) {
			t.Errorf("end %s: %v", name, err)
		}
	}
}

func TestWhatWeRunInIsRefused(t *testing.T) {
	line := ancestors(os.Getpid(), parentOf)
	if !line[os.Getpid()] || !line[os.Getppid()] {
		t.Errorf("%v lacks ourselves or our parent", line)
	}
	for pid := range line {
		raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			continue
		}
		r, _, _ := parseRunning(raw)
		r.PID = pid
		// Whoever the user is said to be, the signal is refused before it is sent.
		for _, uid := range []int{os.Getuid(), someone()} {
			if _, err := (Processes{UID: uid}).read(pid, line); !errors.Is(err, ErrNotOurs) {
				t.Errorf("%s (%d) of user %d: %v", r.Name, pid, uid, err)
			}
		}
	}
}

func TestTheAdministratorHasNoPrograms(t *testing.T) {
	if _, err := (Processes{UID: 0}).List(t.Context()); !errors.Is(err, ErrNotOurs) {
		t.Errorf("list: %v", err)
	}
	if err := (Processes{UID: 0}).Kill(Running{PID: 1, Start: 1}); !errors.Is(err, ErrNotOurs) {
		t.Errorf("kill: %v", err)
	}
}

func TestPartsOfTheSessionByCgroup(t *testing.T) {
	for group, want := range map[string]bool{
		"0::/user.slice/user-1000.slice/user@1000.service/session.slice/org.gnome.Shell@wayland.service\n": true,
		"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n":                                    true,
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope\n":        false,
		"0::/init.scope\n": false, // in a container: all that it runs
		"0::/\n":           false, "": false,
	} {
		if got := partOfSession(group); got != want {
			t.Errorf("%q: %v, want %v", group, got, want)
		}
	}
}

func FuzzParseRunning(f *testing.F) {
	f.Add([]byte("42 (a) b) S 1 42 42 0 -1 4194560 1 0 0 0 10 20 0 0 20 0 1 0 777 1000 5 0"))
	f.Add([]byte("(("))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, _, ok := parseRunning(raw)
		if ok && (r.Name == "" || r.CPU < 0) {
			t.Errorf("%q: %+v", raw, r)
		}
	})
}
