package storage

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// startBus starts a real dbus-daemon and returns its address and a connection on which services are played.
func startBus(t *testing.T) (string, *dbus.Conn) {
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
	return address, conn
}

const (
	sdName = "org.freedesktop.systemd1"
	sdPath = dbus.ObjectPath("/org/freedesktop/systemd1")
)

// systemd is played on a real bus: one mount's unit, and transient units that run what they are given.
type systemd struct {
	points
	t    *testing.T
	conn *dbus.Conn
	// point is the folder of the one unit that has a file, restart what restarting or starting it does.
	point   string
	restart func() bool
	// services are what programs were started by, by process.
	services map[int]string
	// run does what a transient unit is given, and returns its exit status.
	run func(argv []string) int

	state  sync.Mutex
	asks   bool // the system's: it asks the authority
	refuse bool
	hung   chan struct{}
	failed bool
	status int32
	jobs   uint32
	ran    [][]string
}

// playSystemd plays the system's manager, or the user's, on a bus of its own; the other bus has nobody on it.
func playSystemd(t *testing.T, user bool) *systemd {
	t.Helper()
	own, conn := startBus(t)
	other, _ := startBus(t)
	session, system := other, own
	if user {
		session, system = own, other
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", session)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", system)
	d := &systemd{t: t, conn: conn, asks: !user}
	must(t, conn.ExportMethodTable(map[string]any{
		"Subscribe":    func() *dbus.Error { d.wait(); return nil },
		"LoadUnit":     func(name string) (dbus.ObjectPath, *dbus.Error) { d.wait(); return sdUnit(name), nil },
		"GetUnitByPID": d.unitOf,
		"RestartUnit":  d.start, "StartUnit": d.start, "StartTransientUnit": d.transient,
	}, sdPath, sdName+".Manager"))
	must(t, conn.ExportSubtreeMethodTable(map[string]any{"Get": d.get}, sdPath+"/unit", "org.freedesktop.DBus.Properties"))
	d.arrive()
	t.Cleanup(d.answer)
	return d
}

// set changes what the services' own goroutines read.
func (d *systemd) set(change func()) {
	d.state.Lock()
	defer d.state.Unlock()
	change()
}

// did is what transient units were given.
func (d *systemd) did() (all [][]string) {
	d.set(func() { all = slices.Clone(d.ran) })
	return all
}

// unitOf finds the service that a program was started by, where the world has one.
func (d *systemd) unitOf(pid uint32) (dbus.ObjectPath, *dbus.Error) {
	d.wait()
	d.state.Lock()
	defer d.state.Unlock()
	if unit := d.services[int(pid)]; unit != "" {
		return sdUnit(unit), nil
	}
	return "/", dbus.NewError(sdName+".NoUnitForPID", nil)
}

func (d *systemd) arrive() {
	_, err := d.conn.RequestName(sdName, dbus.NameFlagDoNotQueue)
	must(d.t, err)
}

func (d *systemd) leave() {
	_, err := d.conn.ReleaseName(sdName)
	must(d.t, err)
}

func (d *systemd) hang() {
	d.state.Lock()
	defer d.state.Unlock()
	d.hung = make(chan struct{})
}

// answer ends a hang.
func (d *systemd) answer() {
	d.state.Lock()
	defer d.state.Unlock()
	if d.hung != nil {
		close(d.hung)
		d.hung = nil
	}
}

func (d *systemd) wait() {
	d.state.Lock()
	hung := d.hung
	d.state.Unlock()
	if hung != nil {
		<-hung
	}
}

// may is polkit.
func (d *systemd) may(m dbus.Message) *dbus.Error {
	d.wait()
	d.state.Lock()
	defer d.state.Unlock()
	if d.asks && m.Flags&dbus.FlagAllowInteractiveAuthorization == 0 {
		return dbus.NewError("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", nil)
	}
	if d.refuse {
		return dbus.NewError("org.freedesktop.DBus.Error.AccessDenied", []any{"Permission denied"})
	}
	return nil
}

// sdUnit is a unit's object: what is no letter and no digit is written as its number (sd_bus_path_encode(3)).
func sdUnit(name string) dbus.ObjectPath {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			b.WriteByte(c)
			continue
		}
		b.WriteString("_" + strconv.FormatInt(int64(c), 16))
	}
	return sdPath + "/unit/" + dbus.ObjectPath(b.String())
}

// pointOf turns a mount unit's name back into its folder.
func pointOf(unit string) string {
	var b strings.Builder
	b.WriteByte('/')
	unit = strings.TrimSuffix(unit, ".mount")
	for i := 0; i < len(unit); i++ {
		switch {
		case unit[i] == '-':
			b.WriteByte('/')
		case strings.HasPrefix(unit[i:], `\x`) && i+3 < len(unit):
			n, _ := strconv.ParseUint(unit[i+2:i+4], 16, 8)
			b.WriteByte(byte(n))
			i += 3
		default:
			b.WriteByte(unit[i])
		}
	}
	return b.String()
}

func nameOf(path dbus.ObjectPath) string {
	label := strings.TrimPrefix(string(path), string(sdPath)+"/unit/")
	var b strings.Builder
	for i := 0; i < len(label); i++ {
		if label[i] == '_' && i+2 < len(label) {
			n, _ := strconv.ParseUint(label[i+1:i+3], 16, 8)
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		b.WriteByte(label[i])
	}
	return b.String()
}

func (d *systemd) get(m dbus.Message, _, property string) (dbus.Variant, *dbus.Error) {
	d.wait()
	path, _ := m.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	name := nameOf(path)
	d.state.Lock()
	defer d.state.Unlock()
	active, result := "active", "success"
	if d.failed {
		active, result = "failed", "exit-code"
	}
	file := ""
	switch {
	case strings.HasSuffix(name, ".mount") && pointOf(name) == d.point:
		file = "/run/systemd/generator/" + name
	case strings.HasSuffix(name, ".service"):
		file = "/home/ann/.config/systemd/user/" + name
	}
	v, ok := map[string]any{
		"Id": name, "LoadState": "loaded", "ActiveState": active, "SubState": "mounted", "Result": result,
		"FragmentPath": file, "ExecMainStatus": d.status,
		"Job": struct {
			ID   uint32
			Path dbus.ObjectPath
		}{0, "/"},
	}[property]
	if !ok {
		return dbus.MakeVariant(""), dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return dbus.MakeVariant(v), nil
}

func (d *systemd) start(m dbus.Message, name, mode string) (dbus.ObjectPath, *dbus.Error) {
	if err := d.may(m); err != nil {
		return "/", err
	}
	d.state.Lock()
	known := d.restart != nil && pointOf(name) == d.point
	d.state.Unlock()
	if mode != "replace" || !known {
		return "/", dbus.NewError(sdName+".NoSuchUnit", nil)
	}
	d.reached("before the mount")
	ok := d.restart()
	d.reached("after the mount")
	d.state.Lock()
	d.failed = !ok
	d.state.Unlock()
	return d.job(name), nil
}

// job tells that a job is over.
func (d *systemd) job(unit string) dbus.ObjectPath {
	d.state.Lock()
	d.jobs++
	id := d.jobs
	d.state.Unlock()
	path := dbus.ObjectPath("/org/freedesktop/systemd1/job/" + strconv.Itoa(int(id)))
	_ = d.conn.Emit(sdPath, sdName+".Manager.JobRemoved", id, path, unit, "done")
	return path
}

type sdProp struct {
	Name  string
	Value dbus.Variant
}

type sdAux struct {
	Name  string
	Props []sdProp
}

func (d *systemd) transient(m dbus.Message, name, _ string, props []sdProp, _ []sdAux) (dbus.ObjectPath, *dbus.Error) {
	if err := d.may(m); err != nil {
		return "/", err
	}
	i := slices.IndexFunc(props, func(p sdProp) bool { return p.Name == "ExecStart" })
	var lines []struct {
		Path   string
		Argv   []string
		Ignore bool
	}
	if i < 0 || dbus.Store([]any{props[i].Value.Value()}, &lines) != nil || len(lines) != 1 || d.run == nil {
		return "/", dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", nil)
	}
	d.reached("before the deed")
	status := d.run(lines[0].Argv)
	d.reached("after the deed")
	d.state.Lock()
	d.ran = append(d.ran, lines[0].Argv)
	d.failed, d.status = status != 0, int32(status)
	d.state.Unlock()
	return d.job(name), nil
}
