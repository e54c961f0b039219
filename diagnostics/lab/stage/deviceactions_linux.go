package stage

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// deviceActions change what the machine's devices say of themselves.
func deviceActions() []action {
	return []action{
		{
			Action{
				Name: "battery.set", Doc: "How the battery is.",
				Args: []Arg{
					opt("wear", "float", 55.0, "percent of its capacity that is gone"), opt("cycles", "int", 1100,
						"of charging"),
					opt("charge", "int", 80, "percent"), opt("state", "string", "Discharging",
						"Charging, Discharging, Full or Not charging"),
					opt("charger", "bool", false, "a charger is plugged in"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				online := "0"
				if a.flag("charger") {
					online = "1"
				}
				const dir = class + "power_supply/"
				return s.filesSet(map[string]string{
					dir + "BAT0/energy_full": strconv.Itoa(int(5e7 * (1 - a.real("wear")/100))), dir +
						"BAT0/cycle_count": strconv.Itoa(a.num("cycles")),
					dir + "BAT0/capacity": strconv.Itoa(a.num("charge")), dir +
						"BAT0/status": a.str("state"), dir + "AC/online": online,
				})
			},
		},
		{
			Action{Name: "battery.remove", Doc: "The machine has no battery: nothing is wrong."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				err := s.machine.do(func() error { return os.RemoveAll(class + "power_supply/BAT0") })
				return deed{seen: func(context.Context) (bool, string) {
					_, err := s.machine.read(class + "power_supply/BAT0/type")
					return err != nil, "no battery in /sys"
				}}, err
			},
		},
		{
			Action{
				Name: "thermal.set", Doc: "How hot the processor is.",
				Args: []Arg{opt("celsius", "float", 97.0, "of 100, where it would stop"), opt("throttling", "bool",
					true, "it slows down, and counts so")},
			},
			thermalSet,
		},
		{
			Action{
				Name: "screen.off", Doc: "A screen is plugged in and shows nothing.",
				Args: []Arg{opt("edid", "string", "good", "good, broken or empty: what it says of itself")},
			},
			screenOff,
		},
		{
			Action{
				Name: "camera.set", Doc: "A camera is plugged in, and the system does not offer it.",
				Args: []Arg{opt("node", "string", "none",
					"none (no driver) or denied (a device that the user may not open)")},
			},
			cameraSet,
		},
		{
			Action{
				Name: "radio.block", Doc: "The machine's only way is Wi-Fi, and it is switched off.",
				Args: []Arg{opt("hard", "bool", false, "by a switch, not by software")},
			},
			radioBlock,
		},
		{
			Action{
				Name: "wifi.set", Doc: "The machine's way is Wi-Fi, of this strength.",
				Args: []Arg{opt("strength", "int", 18, "percent")},
			},
			wifiSet,
		},
	}
}

func thermalSet(_ context.Context, s *Stage, a args) (deed, error) {
	milli := strconv.Itoa(int(a.real("celsius") * 1000))
	files := map[string]string{
		class + "thermal/thermal_zone0/temp": milli,
		class + "hwmon/hwmon0/temp1_input":   milli,
	}
	d, err := s.filesSet(files)
	if err != nil || !a.flag("throttling") {
		return d, err
	}
	// The processors' folders are the kernel's: theirs is replaced by one that counts up.
	const cpus = "/sys/devices/system/cpu"
	const counter = cpus + "/cpu0/thermal_throttle/core_throttle_count"
	err = s.machine.do(func() error {
		if err := unix.Mount("tmpfs", cpus, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
			return fmt.Errorf("dress the processors: %w", err)
		}
		for i := range processors() {
			if err := put(fmt.Sprintf("%s/cpu%d/thermal_throttle/core_throttle_count", cpus, i), "100\n"); err != nil {
				return err
			}
		}
		return putAll(cpus, map[string]string{
			"online": fmt.Sprintf("0-%d", processors()-1), "possible": fmt.Sprintf("0-%d",
				processors()-1), "present": fmt.Sprintf("0-%d", processors()-1),
		})
	})
	if err != nil {
		return d, err
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 101; ; n++ {
			select {
			case <-end:
				return
			case <-tick.C:
				_ = s.machine.write(counter, fmt.Sprintf("%010d\n", n))
			}
		}
	}()
	stop := func() error {
		close(end)
		<-ended
		return nil
	}
	d.stop = stop
	d.undo = all(stop, d.undo, func() error {
		return s.machine.do(func() error {
			return unix.Unmount(cpus,
				unix.MNT_DETACH)
		})
	})
	return d, nil
}

func screenOff(_ context.Context, s *Stage, a args) (deed, error) {
	const dir = class + "drm/card0-HDMI-A-1/"
	var edid string
	switch a.str("edid") {
	case "good":
		edid = goodEDID()
	case "broken":
		edid = strings.Repeat("\xff", 128)
	case "empty":
	default:
		return deed{}, fmt.Errorf("%w edid %q", ErrUnknown, a.str("edid"))
	}
	if err := s.machine.write(dir+"edid", edid); err != nil {
		return deed{}, err
	}
	// A desktop runs that could show something there.
	if err := s.machine.write("/tmp/.X11-unix/X0", ""); err != nil {
		return deed{}, err
	}
	return s.filesSet(map[string]string{
		dir + "status": "connected", dir + "enabled": "disabled",
		dir + "modes": "1920x1080",
	})
}

// goodEDID is a block that says who it is and adds up.
func goodEDID() string {
	b := make([]byte, 128)
	copy(b, "\x00\xff\xff\xff\xff\xff\xff\x00\x31\xd8\x01\x00\x01\x00\x00\x00\x01\x22\x01\x03\x80\x34\x20\x78")
	var sum byte
	for _, v := range b[:127] {
		sum += v
	}
	b[127] = -sum
	return string(b)
}

func cameraSet(_ context.Context, s *Stage, a args) (deed, error) {
	const usb = "/sys/bus/usb/devices/1-1:1.0/bInterfaceClass"
	err := s.machine.do(func() error {
		if err := unix.Mount("tmpfs", "/sys/bus", "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
			return fmt.Errorf("dress /sys/bus: %w", err)
		}
		if err := put(usb, "0e\n"); err != nil {
			return err
		}
		if a.str("node") == "denied" {
			return unix.Mknod("/dev/video0", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3)))
		}
		return nil
	})
	undo := func() error {
		return s.machine.do(func() error {
			_ = os.Remove("/dev/video0")
			return unix.Unmount("/sys/bus", unix.MNT_DETACH)
		})
	}
	return deed{undo: undo, seen: func(context.Context) (bool, string) {
		text, err := s.machine.read(usb)
		return err == nil && text == "0e\n", "a camera among the USB devices"
	}}, err
}

// wear dresses the client's adapter as a radio's.
func (s *Stage) asWifi() error {
	return s.machine.do(func() error {
		const net, real = class + "net", "../../devices/virtual/net/"
		if _, err := os.Stat(net + "/eth0/wireless"); err == nil {
			return nil
		}
		names, err := os.ReadDir("/sys/devices/virtual/net/eth0")
		if err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", net, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
			return fmt.Errorf("dress the adapter: %w", err)
		}
		if err := os.MkdirAll(net+"/eth0/wireless", 0o755); err != nil {
			return err
		}
		for _, n := range names {
			if err := os.Symlink("../"+real+"eth0/"+n.Name(), net+"/eth0/"+n.Name()); err != nil {
				return err
			}
		}
		return os.Symlink(real+"lo", net+"/lo")
	})
}

// wifi makes the desktop's network service say the same.
func (s *Stage) wifi(strength int, radio, hardware bool) (*bus, error) {
	if err := s.asWifi(); err != nil {
		return nil, err
	}
	b, err := s.service(systemBus, nmName)
	if err != nil {
		return nil, err
	}
	const dev, point = nmPath + "/Devices/1", nmPath + "/AccessPoint/1"
	state, active := uint32(100), point
	if !radio || !hardware {
		state, active = 20, "/"
	}
	for _, one := range []struct {
		path, iface string
		props       map[string]any
	}{
		{nmPath, nmName, map[string]any{"WirelessEnabled": radio, "WirelessHardwareEnabled": hardware}},
		{dev, nmName + ".Device", map[string]any{"DeviceType": uint32(2), "State": state}},
		{dev, nmName + ".Device.Wireless", map[string]any{
			"ActiveAccessPoint": objectPath(active),
			"Bitrate":           uint32(65000),
		}},
		{point, nmName + ".AccessPoint", map[string]any{"Strength": byte(strength), "Frequency": uint32(2437)}},
	} {
		if err := b.put(nmName, one.path, one.iface, one.props); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func wifiSet(_ context.Context, s *Stage, a args) (deed, error) {
	b, err := s.wifi(a.num("strength"), true, true)
	if err != nil {
		return deed{}, err
	}
	return deed{undo: func() error { _, err := s.wifi(80, true, true); return err }, seen: b.wasAsked()}, nil
}

func radioBlock(_ context.Context, s *Stage, a args) (deed, error) {
	soft, hard := "1", "0"
	if a.flag("hard") {
		soft, hard = "0", "1"
	}
	if _, err := s.wifi(0, a.flag("hard"), !a.flag("hard")); err != nil {
		return deed{}, err
	}
	const dir = class + "rfkill/rfkill1/"
	d, err := s.filesSet(map[string]string{
		dir + "type": "wlan", dir + "name": "phy0", dir + "soft": soft, dir + "hard": hard, dir + "state": "0",
	})
	if err != nil {
		return d, err
	}
	up := func() error { return ip("-n", s.lab.client, "link", "set", "eth0", "up") }
	d.undo = all(d.undo, up, s.lab.GiveRoute, func() error { _, err := s.wifi(80, true, true); return err })
	return d, s.lab.Disable()
}
