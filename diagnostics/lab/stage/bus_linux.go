package stage

import (
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus is one of the machine's message buses: a real dbus-daemon, and behind it objects that this process
// plays.
type bus struct {
	stop func() error

	mu    sync.Mutex
	names map[string]*dbus.Conn
	tree  map[string]object // by service and path
	asked atomic.Int64

	stage   *Stage
	kind    string
	jobs    atomic.Int64
	updates []string                         // of PackageKit, that wait
	writes  map[string]func(any) *dbus.Error // properties that can be written
}

// object is interface, property, value.
type object map[string]map[string]any

const busPolicy = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>%s</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/></policy></busconfig>
`

const (
	systemBus  = "system"
	sessionBus = "session"
)

func busSocket(kind string) string {
	if kind == sessionBus {
		return runUser + "/bus"
	}
	return "/run/dbus/system_bus_socket"
}

// bus starts a message bus unless it runs.
func (s *Stage) bus(kind string) (*bus, error) {
	if b := s.buses[kind]; b != nil {
		return b, nil
	}
	socket, conf := busSocket(kind), "/etc/dbus-"+kind+".conf"
	if err := s.machine.write(conf, fmt.Sprintf(busPolicy, kind, socket)); err != nil {
		return nil, err
	}
	if err := s.machine.write(socket+".keep", ""); err != nil {
		return nil, err
	}
	b := &bus{
		names: map[string]*dbus.Conn{}, tree: map[string]object{}, stage: s, kind: kind, updates: slices.Clone(waiting),
	}
	var err error
	b.stop, err = s.machine.daemon(exec.Command("dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
		"--config-file="+conf))
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, b.stop)
	err = s.machine.wait(socket, func(path string) error {
		c, err := net.Dial("unix", path)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start the %s bus: %w", kind, err)
	}
	if s.buses == nil {
		s.buses = map[string]*bus{}
	}
	s.buses[kind] = b
	return b, nil
}

// wait tries until something of the machine is there.
func (m *machine) wait(name string, try func(path string) error) error {
	const patience, again = 3 * time.Second, 3 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(again) {
		err := try(m.path(name))
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// path is where a file of the machine is seen from outside it.
func (m *machine) path(name string) string {
	return fmt.Sprintf("/proc/self/task/%d/root%s", m.tid, name)
}

// service gives a service of the bus to this process, with what it is like when all is well.
func (s *Stage) service(kind, name string) (*bus, error) {
	b, err := s.bus(kind)
	if err != nil || b.names[name] != nil {
		return b, err
	}
	conn, err := dbus.Dial("unix:path=" + s.machine.path(busSocket(kind)))
	if err != nil {
		return nil, fmt.Errorf("join the %s bus: %w", kind, err)
	}
	if err := conn.Auth([]dbus.Auth{dbus.AuthExternal("0")}); err != nil {
		return nil, fmt.Errorf("join the %s bus: %w", kind, err)
	}
	if err := conn.Hello(); err != nil {
		return nil, fmt.Errorf("join the %s bus: %w", kind, err)
	}
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		return nil, fmt.Errorf("own %s: %w", name, err)
	}
	s.closers = append(s.closers, conn.Close)
	b.names[name] = conn
	return b, b.base(name)
}

// put sets properties of an object, and makes the object.
func (b *bus) put(service, path, iface string, props map[string]any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := service + path
	if b.tree[key] == nil {
		b.tree[key] = object{}
		conn := b.names[service]
		err := conn.ExportMethodTable(map[string]any{
			"Get":    func(iface, name string) (dbus.Variant, *dbus.Error) { return b.get(key, iface, name) },
			"GetAll": func(iface string) (map[string]dbus.Variant, *dbus.Error) { return b.all(key, iface) },
			"Set":    func(iface, name string, v dbus.Variant) *dbus.Error { return b.write(key, iface, name, v) },
		}, dbus.ObjectPath(path), "org.freedesktop.DBus.Properties")
		if err != nil {
			return err
		}
	}
	if b.tree[key][iface] == nil {
		b.tree[key][iface] = map[string]any{}
	}
	for name, v := range props {
		b.tree[key][iface][name] = v
	}
	return nil
}

func denied() *dbus.Error { return dbus.NewError("org.freedesktop.DBus.Error.AccessDenied", nil) }

func (b *bus) get(key, iface, name string) (dbus.Variant, *dbus.Error) {
	all, err := b.all(key, iface)
	v, ok := all[name]
	if err == nil && !ok {
		err = dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return v, err
}

func (b *bus) all(key, iface string) (map[string]dbus.Variant, *dbus.Error) {
	b.asked.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	props, ok := b.tree[key][iface]
	if !ok {
		return nil, dbus.NewError("org.freedesktop.DBus.Error.UnknownInterface", nil)
	}
	out := map[string]dbus.Variant{}
	for name, v := range props {
		out[name] = dbus.MakeVariant(v)
	}
	return out, nil
}

// managed is the answer of an object manager: everything of a service below a path.
func (b *bus) managed(service, below string) (map[dbus.ObjectPath]map[string]map[string]dbus.Variant,
	*dbus.Error,
) {
	b.asked.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[dbus.ObjectPath]map[string]map[string]dbus.Variant{}
	for key, obj := range b.tree {
		path, ok := strings.CutPrefix(key, service)
		if !ok || !strings.HasPrefix(path, below+"/") {
			continue
		}
		out[dbus.ObjectPath(path)] = map[string]map[string]dbus.Variant{}
		for iface, props := range obj {
			out[dbus.ObjectPath(path)][iface] = map[string]dbus.Variant{}
			for name, v := range props {
				out[dbus.ObjectPath(path)][iface][name] = dbus.MakeVariant(v)
			}
		}
	}
	return out, nil
}
