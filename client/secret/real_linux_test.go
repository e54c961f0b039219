package secret

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"balise/client"

	"github.com/godbus/dbus/v5"
)

func TestSecretServiceErrors(t *testing.T) {
	for name, want := range map[string]error{
		"org.freedesktop.Secret.Error.IsLocked":     ErrLocked,
		"org.freedesktop.Secret.Error.NoSuchObject": ErrNone,
		"org.freedesktop.DBus.Error.ServiceUnknown": ErrAbsent,
		"org.freedesktop.DBus.Error.NoReply":        ErrAbsent,
	} {
		if err := translate(dbus.Error{Name: name}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if err := translate(errors.New("failed to unlock correct collection '/x'")); !errors.Is(err, ErrLocked) {
		t.Errorf("prompt closed: %v, want ErrLocked", err)
	}
}

func TestNoBusIsAbsentWithoutAsking(t *testing.T) {
	f := &fake{}
	s := newStore(Params{Env: func(k string) string {
		return map[string]string{"XDG_RUNTIME_DIR": t.TempDir()}[k]
	}}, f)
	if _, err := s.Get(t.Context(), "desk"); !errors.Is(err, ErrAbsent) || f.calls.Load() != 0 {
		t.Errorf("%v, asked %d times; want ErrAbsent, not asked", err, f.calls.Load())
	}
}

// childKey makes this test binary the child that talks to a real keyring: the D-Bus library keeps one
// connection a process.
const childKey = "BALISE_SECRET_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childKey) {
	case "":
		os.Exit(m.Run())
	case "use":
		report(use())
	case "get":
		_, err := New(Params{Service: "Balise test", Timeout: 3 * time.Second}).Get(context.Background(), "desk")
		report(err)
	}
}

func report(err error) {
	switch {
	case err == nil:
		fmt.Println("RESULT ok")
	case errors.Is(err, ErrLocked):
		fmt.Println("RESULT locked")
	case errors.Is(err, ErrAbsent):
		fmt.Println("RESULT absent")
	case errors.Is(err, ErrNone):
		fmt.Println("RESULT none")
	default:
		fmt.Println("RESULT", err)
	}
	fmt.Println("detail:", err)
}

// use goes once around: nothing there, set, replace, get, and leaves the item for whoever comes next.
func use() error {
	s := New(Params{Service: "Balise test", Timeout: 5 * time.Second})
	ctx := context.Background()
	if _, err := s.Get(ctx, "desk"); !errors.Is(err, ErrNone) {
		return fmt.Errorf("get before set: %w", err)
	}
	want := client.Credential{Kind: "basic", User: "alice", Password: "é 😀"}
	for _, c := range []client.Credential{{Kind: "token", Token: "old"}, want} {
		if err := s.Set(ctx, "desk", c); err != nil {
			return err
		}
	}
	if got, err := s.Get(ctx, "desk"); err != nil || got != want {
		return fmt.Errorf("another credential came back: %w", err)
	}
	if err := s.Set(ctx, "other", want); err != nil {
		return err
	}
	return s.Delete(ctx, "other")
}

// desktop is a session bus of our own with a home of its own.
type desktop struct {
	t   *testing.T
	env []string
}

// busConfig has no service directories: nothing is started on demand.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>`

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs dbus-daemon and gnome-keyring-daemon: BALISE_TEST_DESKTOP=1 (packaging/test does this)")
	}
	home := t.TempDir()
	conf := filepath.Join(home, "bus.conf")
	if err := os.WriteFile(conf, []byte(busConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &desktop{t: t, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_DATA_HOME=" + home + "/data",
		"XDG_RUNTIME_DIR=" + home, "LC_ALL=C.UTF-8",
	}}
	out := d.start(nil, "dbus-daemon", "--config-file="+conf, "--print-address", "--nofork", "--nopidfile")
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("start a session bus: %v", err)
	}
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+strings.TrimSpace(address))
	return d
}

// start runs a daemon until the returned stop or the end of the test.
func (d *desktop) start(stdin io.Reader, name string, args ...string) io.Reader {
	d.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin = d.env, stdin
	out, err := cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		d.t.Fatalf("start %s: %v", name, err)
	}
	d.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return out
}

// keyring starts gnome-keyring-daemon and waits for its name; the result ends it.
func (d *desktop) keyring(password string, args ...string) (stop func()) {
	d.t.Helper()
	cmd := exec.Command("gnome-keyring-daemon", append(args, "--foreground", "--components=secrets")...)
	cmd.Env, cmd.Stdin = d.env, strings.NewReader(password)
	if err := cmd.Start(); err != nil {
		d.t.Fatalf("start gnome-keyring-daemon: %v", err)
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	d.t.Cleanup(stop)
	conn, err := dbus.Connect(strings.TrimPrefix(d.env[len(d.env)-1], "DBUS_SESSION_BUS_ADDRESS="))
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	for range 100 {
		var has bool
		call := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.freedesktop.secrets")
		if err := call.Store(&has); err == nil && has {
			return stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Fatal("the keyring does not appear on the bus")
	return nil
}

// child runs this binary as role on the desktop and returns its RESULT.
func (d *desktop) child(role string) string {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(d.env, childKey+"="+role)
	out, err := cmd.CombinedOutput()
	d.t.Logf("%s: %s", role, out)
	for line := range strings.Lines(string(out)) {
		if r, ok := strings.CutPrefix(line, "RESULT "); ok {
			return strings.TrimSpace(r)
		}
	}
	d.t.Fatalf("child %s: %v", role, err)
	return ""
}

func TestRealKeyring(t *testing.T) {
	d := newDesktop(t)
	if got := d.child("get"); got != "absent" {
		t.Errorf("a bus without a keyring: %s, want absent", got)
	}
	stop := d.keyring("password", "--unlock")
	if got := d.child("use"); got != "ok" {
		t.Errorf("unlocked: %s, want ok", got)
	}
	if got := d.child("get"); got != "ok" {
		t.Errorf("by another process: %s, want ok", got)
	}
	stop()
	d.keyring("", "--start")
	start := time.Now()
	if got := d.child("get"); got != "locked" || time.Since(start) > 10*time.Second {
		t.Errorf("locked: %s after %v, want locked within the deadline", got, time.Since(start))
	}
}
