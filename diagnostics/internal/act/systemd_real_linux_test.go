package act

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// realSystemd starts a real systemd, the user's kind, in namespaces of its own, on a bus that stands for the
// system's. There is no polkit on it: what it shows is that systemd takes what we say and that we read what it says.
func realSystemd(t *testing.T) (units string) {
	t.Helper()
	const systemd = "/lib/systemd/systemd"
	if os.Getenv("BALISE_TEST_ROOT") != "1" {
		t.Skip("needs root and namespaces: BALISE_TEST_ROOT=1")
	}
	for _, program := range []string{systemd, "dbus-daemon", "unshare", "mount", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	dir, err := os.MkdirTemp("", "bsd") // a short name: sockets lie in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	units = filepath.Join(dir, "config", "systemd", "user")
	if err := os.MkdirAll(units, 0o755); err != nil {
		t.Fatal(err)
	}
	address := "unix:path=" + filepath.Join(dir, "bus") // dbus.socket of systemd itself listens there
	// The namespaces are this test's: nothing of the machine's own /run or control groups is touched. The shell
	// is the test's, too.
	const enter = `set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user
mount -t tmpfs none /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/balise-test-$$
echo $$ > /sys/fs/cgroup/balise-test-$$/cgroup.procs
exec unshare -C /lib/systemd/systemd --user --log-target=console --unit=basic.target`
	cmd := exec.Command("unshare", "-m", "sh", "-c", enter)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"),
		"DBUS_SESSION_BUS_ADDRESS=" + address,
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	daemonFor(t, cmd)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		u, err := OpenUnits(t.Context(), false)
		if err == nil {
			u.Close()
			return units
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			t.Skipf("systemd does not start in namespaces here: %v\n%s", err, said)
		}
	}
}

func daemonFor(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { defer close(done); _ = cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	})
}

func TestRealSystemdDoesADeed(t *testing.T) {
	realSystemd(t)
	deed := func(fences []prop, argv ...string) Deed {
		return Deed{name: "test", argv: argv, atMost: 20 * time.Second, fences: fences}
	}
	if err := Elevate(t.Context(), deed(nil, "/bin/true")); err != nil {
		t.Errorf("true: %v", err)
	}
	var failed *FailedError
	err := Elevate(t.Context(), deed(nil, "/bin/false"))
	if !errors.As(err, &failed) || failed.Result != "exit-code" || failed.Status != 1 {
		t.Errorf("false: %v", err)
	}
	short := deed(nil, "/bin/sleep", "600")
	short.atMost = time.Second
	if err := Elevate(t.Context(), short); !errors.As(err, &failed) || failed.Result != "timeout" {
		t.Errorf("one that hangs: %v", err)
	}
	for _, f := range fenced("/var/cache/apt") {
		if err := Elevate(t.Context(), deed([]prop{f}, "/bin/true")); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	open, shut := t.TempDir(), t.TempDir()
	// PrivateTmp would hide the folders of this test.
	fences := slices.DeleteFunc(fenced(open), func(p prop) bool { return p.Name == "PrivateTmp" })
	if err := Elevate(t.Context(), deed(fences, "/bin/touch", filepath.Join(open, "a"))); err != nil {
		t.Errorf("in its folder: %v", err)
	}
	if err := Elevate(t.Context(), deed(fences, "/bin/touch", filepath.Join(shut, "a"))); !errors.As(err, &failed) {
		t.Errorf("outside its folder: %v", err)
	}
	if _, err := os.Stat(filepath.Join(shut, "a")); err == nil {
		t.Error("the fence has a hole")
	}
	// Every property of every deed is one that systemd knows and of the type that it wants.
	for name, d := range deeds() {
		d.argv = []string{"/bin/true"}
		if err := Elevate(t.Context(), d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRealSystemdRestartsUnits(t *testing.T) {
	dir := realSystemd(t)
	write := func(name, exec string) {
		text := "[Service]\nExecStart=" + exec + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	gate := filepath.Join(t.TempDir(), "gate")
	write("good.service", "/bin/sleep 600")
	if err := os.WriteFile(filepath.Join(dir, "bad.service"), []byte(
		"[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/test -e "+gate+"\n",
	), 0o644); err != nil {
		t.Fatal(err)
	}
	u, err := OpenUnits(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	for range 2 { // one that runs is restarted
		if err := u.Restart(t.Context(), "good.service"); err != nil {
			t.Fatal(err)
		}
		if s, err := u.State(t.Context(), "good.service"); err != nil || !s.Good() {
			t.Errorf("%+v %v", s, err)
		}
	}
	if idle, err := u.idle(t.Context(), "good.service"); err != nil || !idle {
		t.Errorf("idle: %v %v", idle, err)
	}
	var failed *FailedError
	for range 2 {
		if err := u.Restart(t.Context(), "bad.service"); !errors.As(err, &failed) || failed.Result != "exit-code" {
			t.Errorf("%v, want exit-code", err)
		}
	}
	if err := os.WriteFile(gate, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	// Started too often: systemd refuses although it would work now, and says what it said before.
	if err := u.Restart(t.Context(), "bad.service"); !errors.As(err, &failed) {
		t.Errorf("over the limit: %v", err)
	}
	if err := errors.Join(u.Forget(t.Context(), "bad.service"), u.Restart(t.Context(), "bad.service")); err != nil {
		t.Error(err)
	}
	if s, err := u.State(t.Context(), "nowhere.service"); err != nil || s.Load != "not-found" {
		t.Errorf("%+v %v", s, err)
	}
	if err := u.Restart(t.Context(), "nowhere.service"); err == nil {
		t.Error("a unit that is not there was restarted")
	}
}
