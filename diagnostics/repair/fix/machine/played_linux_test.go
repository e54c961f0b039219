package machine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/checks/system"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// bus is a real dbus-daemon; the services on it are played by this test.
type bus struct {
	address string
	conn    *dbus.Conn
}

func startBus(t *testing.T) bus {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon: apt-get install dbus-daemon")
	}
	cmd := exec.Command(program, "--session", "--nofork", "--nopidfile", "--print-address=1",
		"--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	address = strings.TrimSpace(address)
	conn, err := dbus.Connect(address)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return bus{address, conn}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// gate is what every played service asks before it answers.
type gate struct {
	mu     sync.Mutex
	hung   chan struct{} // not nil: nobody gets an answer until it is closed
	refuse bool
	worse  bool
}

func (g *gate) wait() {
	g.mu.Lock()
	hung := g.hung
	g.mu.Unlock()
	if hung != nil {
		<-hung
	}
}

const deniedName = "org.freedesktop.DBus.Error.AccessDenied"

// may is polkit: what is refused, and what is asked without letting the authority ask the user.
func (g *gate) may(m dbus.Message) *dbus.Error {
	g.wait()
	if m.Flags&dbus.FlagAllowInteractiveAuthorization == 0 {
		return dbus.NewError("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", nil)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuse {
		return dbus.NewError(deniedName, []any{"Permission denied"})
	}
	return nil
}

// owned is a name on one of the buses.
type owned struct {
	name string
	at   int
}

// stage is the part of a world that all worlds of this package have.
type stage struct {
	t     *testing.T
	gate  *gate
	buses []bus
	names []owned
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, gate: &gate{}, buses: []bus{startBus(t), startBus(t)}}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", s.buses[0].address)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.buses[1].address)
	t.Cleanup(func() { s.answer() })
	return s
}

func (s *stage) own(at int, name string) {
	s.t.Helper()
	_, err := s.buses[at].conn.RequestName(name, dbus.NameFlagDoNotQueue)
	must(s.t, err)
	s.names = append(s.names, owned{name, at})
}

// Refuse, Worsen, Hang and Leave are those of repairtest.
func (s *stage) Refuse() { s.set(func(g *gate) { g.refuse = true }) }

func (s *stage) Worsen() { s.set(func(g *gate) { g.worse = true }) }

func (s *stage) Hang() { s.set(func(g *gate) { g.hung = make(chan struct{}) }) }

func (s *stage) Leave() {
	for _, o := range s.names {
		_, err := s.buses[o.at].conn.ReleaseName(o.name)
		must(s.t, err)
	}
}

func (s *stage) answer() {
	s.set(func(g *gate) {
		if g.hung != nil {
			close(g.hung)
			g.hung = nil
		}
	})
}

// reopen makes what hung or left answer again.
func (s *stage) reopen() {
	s.answer()
	for _, o := range s.names {
		_, err := s.buses[o.at].conn.RequestName(o.name, dbus.NameFlagDoNotQueue)
		must(s.t, err)
	}
}

func (s *stage) set(f func(*gate)) {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	f(s.gate)
}

func (s *stage) worse() bool {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.worse
}

func pathOf(m dbus.Message) dbus.ObjectPath {
	p, _ := m.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	return p
}

// realChecks runs the real self-tests of this package's area.
func realChecks(ctx context.Context, units []string, ids []string) []diagnostics.Result {
	var list []diagnostics.Result
	for _, c := range system.Checks(catalogue.Catalogue{}, system.Params{Units: units}) {
		for _, id := range ids {
			if c.ID != id {
				continue
			}
			short, cancel := context.WithTimeout(ctx, c.Timeout)
			o := c.Run(short, 0)
			cancel()
			list = append(list, diagnostics.Result{
				ID: id, Status: o.Status, Cause: o.Cause, Facts: o.Facts, Detail: o.Detail,
			})
		}
	}
	return list
}

// passes is every other self-test: well.
func passes(list []diagnostics.Result, ids []string) []diagnostics.Result {
	for _, id := range ids {
		found := false
		for _, r := range list {
			found = found || r.ID == id
		}
		if !found {
			list = append(list, diagnostics.Result{ID: id, Status: diagnostics.Pass})
		}
	}
	return list
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// testEnv is the machine without long waits.
func testEnv(units ...string) env {
	e := newEnv(Params{Units: func() []string { return units }})
	e.steady, e.look = 30*time.Millisecond, 10*time.Millisecond
	return e
}

func fixerOf(e env, id string) repair.Fixer {
	for _, f := range fixers(e) {
		if f.ID() == id {
			return f
		}
	}
	panic("no fixer " + id)
}

// A refusal comes at once, whatever the service calls it.
func TestEveryRefusalIsOne(t *testing.T) {
	for _, name := range []string{
		deniedName, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
		"org.freedesktop.PolicyKit1.Error.Cancelled", "org.freedesktop.PolicyKit1.Error.Failed",
		"org.freedesktop.PolicyKit1.Error.NotAuthorized", "org.freedesktop.PackageKit.Transaction.RefusedByPolicy",
	} {
		s := newStage(t)
		err := s.buses[0].conn.ExportMethodTable(map[string]any{
			"CanReboot": func() (string, *dbus.Error) { return "challenge", nil },
			"ScheduleShutdown": func(string, uint64) *dbus.Error {
				return dbus.NewError(name, nil)
			},
		}, "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
		must(t, err)
		s.own(0, "org.freedesktop.login1")
		r, err := act.OpenRestarter(t.Context())
		must(t, err)
		err = stepError(r.Schedule(t.Context(), time.Now().Add(time.Hour)), false)
		r.Close()
		if got := fmt.Sprintf("%+v", err); !strings.Contains(got, "not_allowed") {
			t.Errorf("%s: %v", name, err)
		}
		step, ok := err.(*repair.StepError)
		if !ok || !step.Admin || !step.Untouched {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

var _ = []repairtest.Hanger{(*stage)(nil)}
