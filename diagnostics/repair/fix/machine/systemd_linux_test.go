package machine

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	sdName = "org.freedesktop.systemd1"
	sdPath = dbus.ObjectPath("/org/freedesktop/systemd1")
)

// played is one unit of a played systemd.
type played struct {
	Active, Result, Load string
	Status               int32
	limit                bool // it was started too often: only forgetting helps
	flaps                int  // it fails again after so many looks
}

// systemd is played on a real bus. It keeps to what systemd does with jobs and failed units.
type systemd struct {
	s    *stage
	conn *dbus.Conn
	mu   sync.Mutex
	all  map[string]*played
	jobs int
	told bool // somebody subscribed
	free bool // the user's own manager: no authority is asked
	// start is what starting a unit does beside; run is what a transient unit runs.
	start func(name string) bool
	run   func(argv, env []string) int
	ran   [][]string
	lost  bool // signals get lost
}

func playSystemd(s *stage, at int, units map[string]*played) *systemd {
	s.t.Helper()
	d := &systemd{s: s, conn: s.buses[at].conn, all: units, free: at == 1}
	must(s.t, d.conn.ExportMethodTable(map[string]any{
		"Subscribe": func() *dbus.Error { s.gate.wait(); d.with(func() { d.told = true }); return nil },
		"LoadUnit": func(name string) (dbus.ObjectPath, *dbus.Error) {
			s.gate.wait()
			return sdUnit(name), nil
		},
		"ListUnitsFiltered": d.list, "RestartUnit": d.restart, "StartUnit": d.restart, "ResetFailedUnit": d.reset,
		"StartTransientUnit": d.transient,
	}, sdPath, sdName+".Manager"))
	must(s.t, d.conn.ExportSubtreeMethodTable(map[string]any{"Get": d.get}, sdPath+"/unit", propsName))
	s.own(at, sdName)
	return d
}

// with changes or reads what the bus's own goroutine reads too.
func (d *systemd) with(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

const propsName = "org.freedesktop.DBus.Properties"

func sdUnit(name string) dbus.ObjectPath {
	var b strings.Builder
	for _, r := range []byte(name) {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			b.WriteByte(r)
			continue
		}
		b.WriteString("_" + strconv.FormatInt(int64(r), 16))
	}
	return sdPath + "/unit/" + dbus.ObjectPath(b.String())
}

func (d *systemd) may(m dbus.Message) *dbus.Error {
	if d.free {
		d.s.gate.wait()
		return nil
	}
	return d.s.gate.may(m)
}

func (d *systemd) get(m dbus.Message, _, name string) (dbus.Variant, *dbus.Error) {
	d.s.gate.wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	u := &played{Active: "inactive", Load: "not-found", Result: "success"}
	for n, one := range d.all {
		if sdUnit(n) == pathOf(m) {
			u = one
		}
	}
	if u.flaps > 0 && name == "ActiveState" && u.Active == "active" {
		if u.flaps--; u.flaps == 0 {
			u.Active, u.Result = "failed", "exit-code"
		}
	}
	load := u.Load
	if load == "" {
		load = "loaded"
	}
	v, ok := map[string]any{
		"LoadState": load, "ActiveState": u.Active, "SubState": "", "Result": u.Result, "ExecMainStatus": u.Status,
		"Job": struct {
			ID   uint32
			Path dbus.ObjectPath
		}{0, "/"},
	}[name]
	if !ok {
		return dbus.MakeVariant(""), dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return dbus.MakeVariant(v), nil
}

type sdRow struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            dbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         dbus.ObjectPath
}

func (d *systemd) list(states []string) ([]sdRow, *dbus.Error) {
	d.s.gate.wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := []sdRow{}
	for n, u := range d.all {
		if slices.Contains(states, u.Active) {
			rows = append(rows, sdRow{Name: n, Load: "loaded", Active: u.Active, Path: sdUnit(n), JobPath: "/"})
		}
	}
	slices.SortFunc(rows, func(a, b sdRow) int { return strings.Compare(a.Name, b.Name) })
	return rows, nil
}

func (d *systemd) restart(m dbus.Message, name, mode string) (dbus.ObjectPath, *dbus.Error) {
	if err := d.may(m); err != nil {
		return "/", err
	}
	worse := d.s.worse()
	d.mu.Lock()
	u := d.all[name]
	if u == nil {
		d.mu.Unlock()
		return "/", dbus.NewError(sdName+".NoSuchUnit", nil)
	}
	switch {
	case u.limit:
		u.Active, u.Result = "failed", "start-limit-hit"
	case worse:
		u.Active, u.Result = "failed", "exit-code"
	default:
		u.Active, u.Result = "active", "success"
	}
	ok, start := u.Active == "active", d.start
	d.mu.Unlock()
	if ok && start != nil && !start(name) {
		d.mu.Lock()
		u.Active, u.Result = "failed", "exit-code"
		d.mu.Unlock()
	}
	return d.job(name, map[bool]string{true: "done", false: "failed"}[ok]), nil
}

// job tells those who subscribed that a job is over.
func (d *systemd) job(unit, result string) dbus.ObjectPath {
	d.mu.Lock()
	d.jobs++
	id := uint32(d.jobs)
	told := d.told && !d.lost
	d.mu.Unlock()
	path := dbus.ObjectPath("/org/freedesktop/systemd1/job/" + strconv.Itoa(int(id)))
	if told {
		_ = d.conn.Emit(sdPath, sdName+".Manager.JobRemoved", id, path, unit, result)
	}
	return path
}

func (d *systemd) reset(m dbus.Message, name string) *dbus.Error {
	if err := d.may(m); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := d.all[name]; u != nil {
		u.Active, u.Result, u.limit = "inactive", "success", false
	}
	return nil
}

type sdProp struct {
	Name  string
	Value dbus.Variant
}

type sdAux struct {
	Name  string
	Props []sdProp
}

func (d *systemd) transient(m dbus.Message, name, mode string, props []sdProp, _ []sdAux) (
	dbus.ObjectPath, *dbus.Error,
) {
	if err := d.may(m); err != nil {
		return "/", err
	}
	var argv, env []string
	for _, p := range props {
		switch p.Name {
		case "ExecStart":
			if p.Value.Signature().String() != "a(sasb)" {
				return "/", dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", []any{p.Value.Signature().String()})
			}
			for _, line := range p.Value.Value().([][]any) {
				argv = line[1].([]string)
			}
		case "Environment":
			env, _ = p.Value.Value().([]string)
		}
	}
	status := d.run(argv, env)
	d.mu.Lock()
	d.ran = append(d.ran, argv)
	u := &played{Active: "inactive", Result: "success"}
	if status != 0 {
		u.Active, u.Result, u.Status = "failed", "exit-code", int32(status)
	}
	d.all[name] = u
	d.mu.Unlock()
	return d.job(name, "done"), nil
}

// state is the units that are not of our making.
func (d *systemd) state() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]string{}
	for n, u := range d.all {
		if !strings.HasPrefix(n, "balise-") {
			out[n] = u.Active + " " + u.Result
		}
	}
	return text(out)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within twenty seconds", what)
		}
	}
}
