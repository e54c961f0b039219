//go:build linux

package printing

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

// A real printing service with a real network printer behind its queue, which runs out of paper and of toner,
// is switched off, and comes back.
func TestRealPrinter(t *testing.T) {
	if os.Getenv("BALISE_TEST_CUPS") != "1" {
		t.Skip("needs a CUPS of its own: as root, BALISE_TEST_CUPS=1 go test ./diagnostics/checks/printing")
	}
	dir, err := os.MkdirTemp("", "bprint")
	must(t, err)
	startCUPS(t, filepath.Join(dir, "cups"))
	port := freePort(t)
	stop := startPrinter(t, dir, port)
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	cups(t, "lpadmin", "-p", "Bureau", "-E", "-v", fmt.Sprintf("ipp://127.0.0.1:%d/ipp/print", port), "-m", "raw")
	cups(t, "lpadmin", "-d", "Bureau")

	paper := base + "/media?size1=iso_a4_210x297mm&type1=stationery&size3=&type3=&level3=-2&level1="
	toner := base + "/supplies?supply0=25&supply1="
	for _, c := range []struct {
		name, url, want string
	}{
		{"ready", paper + "250", "pass "},
		{"no paper", paper + "0", "fail print.device/media_empty"},
		{"paper again", paper + "250", "pass "},
		{"toner low", toner + "5", "warn print.device/supply_low"},
		{"no toner", toner + "0", "warn print.device/supply_empty"},
		{"toner again", toner + "75", "pass "},
	} {
		get(t, c.url)
		if got, o := device(t); got != c.want {
			t.Errorf("%s: %s, want %s (%v %s)", c.name, got, c.want, o.Facts, o.Detail)
		}
	}
	stop()
	if got, o := device(t); got != "warn print.device/refused" {
		t.Errorf("switched off: %s (%v)", got, o.Facts)
	}
	cups(t, "lp", "-d", "Bureau", "/etc/hostname")
	if got, o := device(t); got != "fail print.device/refused" {
		t.Errorf("switched off, and a document waits: %s (%v)", got, o.Facts)
	}
	if got, _ := queue(t); strings.HasPrefix(got, "unknown") {
		t.Errorf("the queue: %s", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func device(t *testing.T) (string, diagnostics.Outcome) { return runReal(t, "print.device") }

func queue(t *testing.T) (string, diagnostics.Outcome) { return runReal(t, "print.queue") }

func runReal(t *testing.T, id string) (string, diagnostics.Outcome) {
	t.Helper()
	for _, c := range Checks(catalogue.Catalogue{}) {
		if c.ID == id {
			ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
			defer cancel()
			o := c.Run(ctx, 0)
			return fmt.Sprintf("%s %s", o.Status, o.Cause), o
		}
	}
	t.Fatalf("no %s", id)
	return "", diagnostics.Outcome{}
}

func startCUPS(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	desk, err := filepath.Abs("../../../packaging/desks/cups")
	must(t, err)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	must(t, err)
	defer out.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	start := exec.CommandContext(ctx, filepath.Join(desk, "start.sh"), dir)
	start.Stdout, start.Stderr = out, out
	err = start.Run()
	t.Cleanup(func() {
		if out, err := exec.Command(filepath.Join(desk, "stop.sh"), dir).CombinedOutput(); err != nil {
			t.Errorf("stop CUPS: %v\n%s", err, out)
		}
		os.RemoveAll(filepath.Dir(dir))
	})
	if err != nil {
		raw, _ := os.ReadFile(out.Name())
		t.Fatalf("start CUPS: %v\n%s", err, raw)
	}
	t.Setenv("CUPS_SERVER", filepath.Join(dir, "cups.sock"))
	t.Setenv("LPDEST", "")
	t.Setenv("PRINTER", "")
	t.Setenv("HOME", t.TempDir())
}

func cups(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// busConf is a bus on which nobody announces anything: the printer wants one to connect to.
const busConf = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>`

func startPrinter(t *testing.T, dir string, port int) (stop func()) {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		t.Skip("needs dbus-daemon, which the simulated printer connects to")
	}
	sock, conf := filepath.Join(dir, "bus"), filepath.Join(dir, "bus.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, busConf, sock), 0o600))
	background(t, "dbus-daemon", nil, "--config-file="+conf, "--nofork", "--nopidfile")
	wait(t, func() bool { _, err := os.Stat(sock); return err == nil })
	env := append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+sock)
	stop = background(t, "ippeveprinter", env, "-r", "off", "-p", fmt.Sprint(port), "-d", dir, "Bureau")
	wait(t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return stop
}

func background(t *testing.T, name string, env []string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = env
	must(t, cmd.Start())
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	return stop
}

func wait(t *testing.T, ready func() bool) {
	t.Helper()
	for range 100 {
		if ready() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("it does not start")
}

func get(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Get(url)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
}
