package baddays

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks"
	"balise/diagnostics/checks/catalogue"
)

// ordinary is what ordinaryDay found, once for all tests.
var ordinary struct {
	sync.Mutex
	results map[string]diagnostics.Result
}

// ordinaryDay is how the self-tests find this computer, whatever it is.
func ordinaryDay(t *testing.T) map[string]diagnostics.Result {
	t.Helper()
	ordinary.Lock()
	defer ordinary.Unlock()
	if ordinary.results == nil {
		ordinary.results = day{env: os.Environ()}.run(t)
	}
	return ordinary.results
}

const (
	systemBus  = "DBUS_SYSTEM_BUS_ADDRESS"
	sessionBus = "DBUS_SESSION_BUS_ADDRESS"
)

// busesAt is an environment in which both buses are at an address.
func busesAt(address string) []string {
	return append(environment(systemBus, sessionBus), systemBus+"="+address, sessionBus+"="+address)
}

func TestWithoutToolsAndBuses(t *testing.T) {
	t.Parallel()
	before := ordinaryDay(t)
	now := day{env: []string{systemBus + "=unix:path=/nowhere", "PATH="}}.run(t)
	told(t, before, now)
	noNewTrouble(t, before, now)
}

// TestBuses lets both buses misbehave in the ways that buses do.
func TestBuses(t *testing.T) {
	before := ordinaryDay(t)
	for name, serve := range map[string]func(net.Conn){
		"hangs":   func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"leaves":  func(net.Conn) {},
		"refuses": func(c net.Conn) { answerAll(c, "REJECTED\r\n") },
		"babbles": func(c net.Conn) { answerAll(c, "\x00\xff\x01OK nonsense\n\n\r\n") },
		"floods":  flood,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := day{env: busesAt("unix:path=" + listen(t, serve))}.run(t)
			told(t, before, now)
			noNewTrouble(t, before, now)
		})
	}
}

func answerAll(c net.Conn, text string) {
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

func flood(c net.Conn) {
	junk := make([]byte, 64<<10)
	for ; ; time.Sleep(time.Millisecond) { // sixty times what a bus has to say, and not all of a processor
		if _, err := c.Write(junk); err != nil {
			return
		}
	}
}

// listen serves a socket until the test ends.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bad") // t.TempDir is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := filepath.Join(dir, "s")
	l, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, l, serve)
	return name
}

// keep serves a listener, and ends its connections with the test.
func keep(t *testing.T, l net.Listener, serve func(net.Conn)) {
	t.Helper()
	var mu sync.Mutex
	var open []net.Conn
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() { defer c.Close(); serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
}

// denyAll is a bus that lets everybody in and nobody do anything.
const denyAll = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_destination="org.freedesktop.DBus" send_member="Hello"/></policy></busconfig>`

func TestADeniedBusIsUnknownAndNoFault(t *testing.T) {
	t.Parallel()
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon: apt-get install dbus")
	}
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket, config := filepath.Join(dir, "s"), filepath.Join(dir, "c")
	text := []byte(strings.ReplaceAll(denyAll, "SOCKET", socket))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), daemon, "--config-file="+config, "--nofork", "--nopidfile", "--nosyslog")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	before := ordinaryDay(t)
	now := day{env: busesAt("unix:path=" + socket)}.run(t)
	told(t, before, now)
	noNewTrouble(t, before, now)
}

// TestAServerThatDrips gives every target of the settings a server that sends a byte a second and never ends.
func TestAServerThatDrips(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	keep(t, l, func(c net.Conn) {
		for _, b := range []byte("HTTP/1.1 200 OK\r\nX-Slow: " + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	})
	at := l.Addr().String()
	cfg := checks.Config{
		Portal: "http://" + at + "/204", Egress: []string{at}, Desk: "https://" + at + "/",
		Time:     []string{"http://" + at},
		Services: []checks.Service{{Name: "plain", URL: "http://" + at}, {Name: "tls", URL: "https://" + at}},
		Mail:     []checks.Service{{Name: "in", URL: "imap://" + at}, {Name: "out", URL: "smtps://" + at}},
		Shares:   []checks.Service{{Name: "files", URL: "smb://" + at + "/share"}},
		UDP:      at, Load: "http://" + at + "/big", VPN: checks.VPN{Inside: at}, Proxy: "http://" + at,
	}
	now := day{env: os.Environ(), cfg: cfg}.run(t)
	for id, r := range now {
		t.Logf("%-22s %s %s %s %d ms", id, r.Status, r.Cause, r.Detail, r.TookMS)
	}
	for _, id := range []string{"svc.reach.plain", "svc.reach.tls"} {
		if r := now[id]; r.Status == diagnostics.Pass || r.Status == diagnostics.NA {
			t.Errorf("%s: %s of a server that never finishes a sentence", id, r.Status)
		}
	}
}

func TestWrongLimitsDoNotStopTheRun(t *testing.T) {
	t.Parallel()
	// One wrong name is enough for the core's own limits to stand; all of it must not break anything either.
	limits := catalogue.Limits{
		"net.nothing":    {"slow_ms": 1},
		"disk.space":     {"colour": 1, "warn_free_percent": -4, "fail_free_percent": 1e300},
		"net.dns.system": {"slow_ms": math.MaxFloat64},
	}
	before := ordinaryDay(t)
	now := day{env: os.Environ(), cfg: checks.Config{Limits: limits}}.run(t)
	if len(now) != len(before) {
		t.Errorf("%d self-tests ran, %d on an ordinary day", len(now), len(before))
	}
	noNewTrouble(t, before, now)
}

// TestProcessesThatDieMeanwhile lets two hundred processes come and go while the self-tests list them.
func TestProcessesThatDieMeanwhile(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip("needs the program true")
	}
	before := ordinaryDay(t)
	var all sync.WaitGroup
	const at = 8
	for range at {
		all.Go(func() {
			for range 200 / at {
				var exit *exec.ExitError
				if err := exec.CommandContext(t.Context(), program).Run(); err != nil && !errors.As(err, &exit) {
					return
				}
			}
		})
	}
	now := day{env: os.Environ()}.run(t)
	all.Wait()
	noNewTrouble(t, before, now)
}
