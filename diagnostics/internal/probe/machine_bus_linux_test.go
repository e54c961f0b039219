package probe

import (
	"bufio"
	"errors"
	"io/fs"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// privateBus starts a message bus of this test's own and points both addresses at it.
func privateBus(t *testing.T) *dbus.Conn {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon: apt-get install dbus-daemon")
	}
	cmd := exec.Command(program, "--session", "--nofork", "--nopidfile", "--print-address=1",
		"--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Skipf("dbus-daemon does not start here: %v", err)
	}
	address = strings.TrimSpace(address)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// own takes a name and offers one object's method.
func own(t *testing.T, conn *dbus.Conn, name string, offers map[dbus.ObjectPath]map[string]map[string]any) {
	t.Helper()
	for path, interfaces := range offers {
		for iface, methods := range interfaces {
			if err := conn.ExportMethodTable(methods, path, iface); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
}

const propsInterface = "org.freedesktop.DBus.Properties"

// answers offers properties of one interface.
func answers(props busProps) map[string]map[string]any {
	return map[string]map[string]any{propsInterface: {
		"GetAll": func(string) (busProps, *dbus.Error) { return props, nil },
	}}
}

func TestServicesOnABus(t *testing.T) {
	conn := privateBus(t)
	if _, err := upowerSupplies(t.Context()); !errors.Is(err, ErrNoBus) {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := driveHealth(t.Context()); !errors.Is(err, ErrNoHealth) {
		t.Errorf("nobody there: %v", err)
	}
	v := func(x any) dbus.Variant { return dbus.MakeVariant(x) }
	own(t, conn, "org.freedesktop.UPower", map[dbus.ObjectPath]map[string]map[string]any{
		"/org/freedesktop/UPower": {"org.freedesktop.UPower": {
			"EnumerateDevices": func() ([]dbus.ObjectPath, *dbus.Error) { return []dbus.ObjectPath{"/ac", "/bat", "/mouse"}, nil },
		}},
		"/ac": answers(busProps{"Type": v(uint32(1)), "PowerSupply": v(true), "Online": v(true)}),
		"/bat": answers(busProps{
			"Type": v(uint32(2)), "PowerSupply": v(true), "IsPresent": v(true), "State": v(uint32(2)), "Percentage": v(63.0),
			"EnergyFull": v(30.0), "EnergyFullDesign": v(60.0), "Serial": v("S3CR3T"),
		}),
		"/mouse": answers(busProps{"Type": v(uint32(5)), "PowerSupply": v(false), "Percentage": v(2.0)}),
	})
	s, err := upowerSupplies(t.Context())
	if err != nil || len(s.Batteries) != 1 || s.Online != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	if w, _ := s.Batteries[0].Wear(); math.Round(w) != 50 || s.Batteries[0].State != "discharging" {
		t.Errorf("%+v", s)
	}
	own(t, conn, udisks, map[dbus.ObjectPath]map[string]map[string]any{
		"/org/freedesktop/UDisks2": {"org.freedesktop.DBus.ObjectManager": {
			"GetManagedObjects": func() (managed, *dbus.Error) {
				return managed{"/org/freedesktop/UDisks2/drives/x": {udisks + ".NVMe.Controller": busProps{
					"SmartUpdated": v(uint64(17e8)), "SmartCriticalWarning": v([]string{"spare"}),
				}}}, nil
			},
		}},
	})
	drives, err := driveHealth(t.Context())
	if err != nil || len(drives) != 1 || !drives[0].Broken() {
		t.Errorf("%+v %v", drives, err)
	}
	own(t, conn, "org.freedesktop.systemd1", map[dbus.ObjectPath]map[string]map[string]any{
		"/org/freedesktop/systemd1": answers(busProps{
			"UserspaceTimestampMonotonic": v(uint64(4e6)), "FinishTimestampMonotonic": v(uint64(144e6)),
		}),
	})
	b, err := boot(t.Context())
	if err != nil || !b.Finished || b.User != 140*time.Second {
		t.Errorf("%+v %v", b, err)
	}
}

func TestPrivacyThroughThePortal(t *testing.T) {
	conn := privateBus(t)
	t.Setenv("XDG_CURRENT_DESKTOP", "")
	if _, err := switches(t.Context()); !errors.Is(err, ErrNoSwitches) {
		t.Errorf("no portal: %v", err)
	}
	var stranger atomic.Bool
	own(t, conn, "org.freedesktop.portal.Desktop", map[dbus.ObjectPath]map[string]map[string]any{
		"/org/freedesktop/portal/desktop": {"org.freedesktop.portal.Settings": {
			"ReadOne": func(space, key string) (dbus.Variant, *dbus.Error) {
				if stranger.Load() || space != privacySchema {
					return dbus.Variant{}, dbus.NewError("org.freedesktop.portal.Error.NotFound", nil)
				}
				return dbus.MakeVariant(key == "disable-camera"), nil
			},
		}},
	})
	s, err := switches(t.Context())
	if err != nil || s.MicrophoneOff || !s.CameraOff {
		t.Errorf("%+v %v", s, err)
	}
	stranger.Store(true)
	if _, err := switches(t.Context()); !errors.Is(err, ErrNoSwitches) {
		t.Errorf("a portal without these settings: %v", err)
	}
}

// A bus that takes the call and says nothing costs its patience, and no more; one that is not there is no
// fault.
func TestABusThatIsSilentOrGone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "bus")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no unix sockets here: %v", err)
	}
	defer ln.Close()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	started := time.Now()
	if _, err := driveHealth(t.Context()); err == nil || errors.Is(err, ErrNoHealth) || time.Since(started) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket+".gone")
	if _, err := driveHealth(t.Context()); !errors.Is(err, ErrNoHealth) {
		t.Error(err)
	}
	if _, err := os.Stat(socket + ".gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
