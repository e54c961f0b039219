package network_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// desktop is a computer's message bus: a real dbus-daemon, and behind it services that this process plays. They keep
// state: what they are asked changes it, as it does in the real ones.
type desktop struct {
	t    *testing.T
	conn *dbus.Conn
	over chan struct{} // closed at the end of the test: whoever hangs may go

	mu      sync.Mutex
	names   []string
	refuse  bool
	silent  bool   // takes calls and says nothing
	breakAt int    // the inner point at which the process ends
	die     func() // what ends it
	points  int
	broke   bool
	woken   bool     // another process has started meanwhile
	deeds   []string // methods that changed something
	props   map[dbus.ObjectPath]map[string]func() any
}

const busConfig = `<busconfig><type>session</type><listen>unix:dir=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// newDesktop starts a bus of this test's own in the system's place.
func newDesktop(t *testing.T) *desktop {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon: install dbus")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, busConfig, "/tmp"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config-file="+conf, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &desktop{t: t, over: make(chan struct{}), props: map[dbus.ObjectPath]map[string]func() any{}}
	t.Cleanup(func() {
		close(d.over)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", strings.TrimSpace(address))
	if d.conn, err = dbus.ConnectSystemBus(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.conn.Close() })
	return d
}

// with does something while no service does.
func (d *desktop) with(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// own answers to a service's name.
func (d *desktop) own(name string) {
	d.t.Helper()
	reply, err := d.conn.RequestName(name, dbus.NameFlagDoNotQueue)
	if err != nil || reply != dbus.RequestNameReplyPrimaryOwner && reply != dbus.RequestNameReplyAlreadyOwner {
		d.t.Fatalf("own %s: %v %v", name, reply, err)
	}
	if !slices.Contains(d.names, name) {
		d.names = append(d.names, name)
	}
}

// methods puts methods on an object.
func (d *desktop) methods(path dbus.ObjectPath, iface string, table map[string]any) {
	d.t.Helper()
	if err := d.conn.ExportMethodTable(table, path, iface); err != nil {
		d.t.Fatal(err)
	}
}

// object puts properties on an object; each is read when it is asked for, with the lock held. set may be nil.
func (d *desktop) object(
	path dbus.ObjectPath, iface string, props map[string]func() any, set func(name string, v any) *dbus.Error,
) {
	d.t.Helper()
	d.mu.Lock()
	if d.props[path] == nil {
		d.props[path] = map[string]func() any{}
	}
	for name, f := range props {
		d.props[path][iface+"."+name] = f
	}
	d.mu.Unlock()
	d.methods(path, "org.freedesktop.DBus.Properties", map[string]any{
		"Get": func(iface, name string) (dbus.Variant, *dbus.Error) {
			d.waitIfSilent()
			d.mu.Lock()
			defer d.mu.Unlock()
			f := d.props[path][iface+"."+name]
			if d.props[path] == nil { // what GDBus says of an object that is gone
				return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownMethod", nil)
			}
			if f == nil {
				return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
			}
			return dbus.MakeVariant(f()), nil
		},
		"GetAll": func(iface string) (map[string]dbus.Variant, *dbus.Error) {
			d.waitIfSilent()
			d.mu.Lock()
			defer d.mu.Unlock()
			all := map[string]dbus.Variant{}
			for name, f := range d.props[path] {
				if short, ok := strings.CutPrefix(name, iface+"."); ok && !strings.Contains(short, ".") {
					all[short] = dbus.MakeVariant(f())
				}
			}
			return all, nil
		},
		"Set": func(_, name string, v dbus.Variant) *dbus.Error {
			if set == nil {
				return dbus.NewError("org.freedesktop.DBus.Error.PropertyReadOnly", nil)
			}
			return set(name, v.Value())
		},
	})
}

// remove takes an object away, as the manager does with connections that are over.
func (d *desktop) remove(path dbus.ObjectPath) { delete(d.props, path) }

func (d *desktop) waitIfSilent() {
	d.mu.Lock()
	silent := d.silent
	d.mu.Unlock()
	if silent {
		<-d.over
	}
}

// do is a deed that a service is asked for. refusal is the name of the error by which the real one refuses.
func (d *desktop) do(name, refusal string, change func() *dbus.Error) *dbus.Error {
	d.waitIfSilent()
	d.mu.Lock()
	refuse := d.refuse
	d.mu.Unlock()
	if refuse {
		return dbus.NewError(refusal, []any{"not authorized"})
	}
	d.point()
	d.mu.Lock()
	d.deeds = append(d.deeds, name)
	err := change()
	d.mu.Unlock()
	d.point()
	return err
}

// point is one at which the process may end: before a deed, and after it with nobody told.
func (d *desktop) point() {
	d.mu.Lock()
	d.points++
	hit := d.breakAt > 0 && d.points == d.breakAt
	die := d.die
	if hit {
		d.broke, d.silent = true, true
	}
	d.mu.Unlock()
	if hit {
		die()
		<-d.over
	}
}

// Break, Broke, Leave, Hang and Refuse are repairtest's.
func (d *desktop) Break(n int, die func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.points, d.breakAt, d.die, d.broke = 0, n, die, false
}

func (d *desktop) Broke() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.broke
}

func (d *desktop) Leave() {
	for _, name := range d.names {
		if _, err := d.conn.ReleaseName(name); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desktop) Hang() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = true
}

func (d *desktop) Refuse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse = true
}

// wake is the system at the next start: what hung or was gone answers again.
func (d *desktop) wake() {
	d.mu.Lock()
	d.silent, d.breakAt, d.woken = false, 0, true
	d.mu.Unlock()
	for _, name := range d.names {
		d.own(name)
	}
}
