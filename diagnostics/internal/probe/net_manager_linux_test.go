package probe

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

// ownBus starts a message bus of this test's own, in the system's place, and connects to it.
func ownBus(t *testing.T) *dbus.Conn {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon: install dbus")
	}
	conf := filepath.Join(t.TempDir(), "bus.conf")
	const policy = `<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`
	if err := os.WriteFile(conf, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "--config-file="+conf, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", strings.TrimSpace(address))
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

type props = map[string]map[string]any

// play puts objects of NetworkManager's kind on the bus.
func play(t *testing.T, conn *dbus.Conn, name string, objects map[dbus.ObjectPath]props) {
	t.Helper()
	for path, ifaces := range objects {
		m := prop.Map{}
		for iface, values := range ifaces {
			m[iface] = map[string]*prop.Prop{}
			for k, v := range values {
				m[iface][k] = &prop.Prop{Value: v}
			}
		}
		if _, err := prop.Export(conn, path, m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.RequestName(name, 0); err != nil {
		t.Fatal(err)
	}
}

func laptopManager(radio bool, active uint32, vpn uint32) map[dbus.ObjectPath]props {
	const point = dbus.ObjectPath("/org/freedesktop/NetworkManager/AccessPoint/1")
	return map[dbus.ObjectPath]props{
		nmPath: {nmName: {
			"WirelessEnabled": radio, "WirelessHardwareEnabled": true,
			"AllDevices":        []dbus.ObjectPath{"/dev/1", "/dev/2", "/dev/gone"},
			"ActiveConnections": []dbus.ObjectPath{"/active/1", "/active/2"},
		}},
		"/dev/1": {nmDevice: {"DeviceType": uint32(1), "Interface": "eth0", "State": uint32(20)}},
		"/dev/2": {
			nmDevice:               {"DeviceType": uint32(2), "Interface": "wlan0", "State": uint32(100)},
			nmDevice + ".Wireless": {"ActiveAccessPoint": point},
		},
		// Only two of these are ever asked for; the others would name the network.
		point: {nmName + ".AccessPoint": {
			"Strength": byte(27), "Frequency": uint32(5180), "Ssid": []byte("Home"), "HwAddress": "00:00:5E:00:53:01",
		}},
		"/active/1": {nmName + ".Connection.Active": {"Type": "802-11-wireless", "Id": "Home", "State": uint32(2)}},
		"/active/2": {
			nmName + ".Connection.Active": {"Type": "vpn", "Vpn": true, "Id": "office", "State": active},
			nmName + ".VPN.Connection":    {"VpnState": vpn},
		},
	}
}

func TestNetworkManagerOnARealBus(t *testing.T) {
	conn := ownBus(t)
	play(t, conn, nmName, laptopManager(false, 1, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := readManager(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := "{radioOn:false hardwareOn:true wifi:[{iface:wlan0 state:100 strength:27 mhz:5180}] " +
		"tunnels:[{Name:office Kind:vpn State:sign_in Source:manager Iface:}]}"
	if got := fmt.Sprintf("%+v", m); got != want {
		t.Errorf("have %s\nwant %s", got, want)
	}
	if r := mergeRadios(Radios{}, m); r.Present != 1 || !r.Soft || r.Hard {
		t.Errorf("%+v", r)
	}
	if got := fmt.Sprint(mergeSignals([]Signal{{Iface: "wlan0", Strength: 60, DBm: -70}}, m)); got != "[{wlan0 27 -70 5180}]" {
		t.Error(got)
	}
	if s, err := WifiSignals(ctx); err != nil || len(s) == 0 || s[0].Strength != 27 {
		t.Errorf("%v %v", s, err)
	}
}

// A bus that takes the connection and then says nothing costs its patience, no more.
func TestSilentBusIsGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+path)
	start := time.Now()
	if _, err := readManager(t.Context()); err == nil {
		t.Error("nobody spoke, and something was heard")
	}
	if _, err := timedate(t.Context()); err == nil {
		t.Error("nobody spoke, and something was heard")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTimedateOnARealBus(t *testing.T) {
	conn := ownBus(t)
	const name = "org.freedesktop.timedate1"
	play(t, conn, name, map[dbus.ObjectPath]props{"/org/freedesktop/timedate1": {name: {
		"NTP": false, "NTPSynchronized": false, "CanNTP": true,
	}}})
	s, err := ReadSync(t.Context())
	if err != nil || s != (Sync{Able: true, Source: "timedate"}) {
		t.Errorf("%+v %v", s, err)
	}
}

func TestRfkill(t *testing.T) {
	root := t.TempDir()
	put := func(name string, values ...string) {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i, file := range []string{"type", "soft", "hard"} {
			if i < len(values) {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(values[i]+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	want := func(s string) {
		t.Helper()
		r, err := readRfkill(root)
		if got := fmt.Sprint(r, err); got != s {
			t.Errorf("%s, want %s", got, s)
		}
	}
	want("{0 false false} <nil>")
	put("rfkill0", "bluetooth", "1", "1")
	want("{0 false false} <nil>")
	put("rfkill1", "wlan")
	want("{0 false false} <nil>")
	put("rfkill1", "wlan", "1", "0")
	want("{1 true false} <nil>")
	put("rfkill2", "wlan", "0", "0")
	want("{2 false false} <nil>")
	put("rfkill2", "wlan", "1", "1")
	want("{2 true true} <nil>")
	if r, err := readRfkill(filepath.Join(root, "none")); err != nil || r.Present != 0 {
		t.Errorf("%v %v", r, err)
	}
}

func TestTunnelKinds(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"tun0/tun_flags": "0x1001", "tap0/tun_flags": "0x1002", "wg0/uevent": "DEVTYPE=wireguard\nINTERFACE=wg0", "eth0/uevent": "INTERFACE=eth0",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		link Link
		want string
	}{
		{Link{Name: "tun0", Tunnel: true}, "tun"},
		{Link{Name: "tap0"}, ""},
		{Link{Name: "wg0", Tunnel: true}, "wireguard"},
		{Link{Name: "eth0"}, ""},
		{Link{Name: "ppp0", Tunnel: true}, "ppp"},
		{Link{Name: "gone"}, ""},
	} {
		if got := tunnelKind(root, c.link); got != c.want {
			t.Errorf("%s: %q, want %q", c.link.Name, got, c.want)
		}
	}
}
