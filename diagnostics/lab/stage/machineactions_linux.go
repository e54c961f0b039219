package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const class = "/sys/class/"

// machineActions change what the machine says of itself.
func machineActions() []action {
	return []action{
		{
			Action{
				Name: "memory.set", Doc: "How much memory is left.",
				Args: []Arg{
					opt("available", "float", 3.0, "percent of the memory"), opt("swap", "float", 20.0, "percent of the swap in use"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.fileSet("/proc/meminfo", memory(a.real("available"), a.real("swap")))
			},
		},
		{
			Action{
				Name: "pressure.set", Doc: "How long programs wait, in percent of the time.",
				Args: []Arg{
					need("resource", "string", "memory, io or cpu"), opt("some", "float", 60.0, "some of them"),
					opt("full", "float", 30.0, "all of them"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				if !strings.Contains(" memory io cpu ", " "+a.str("resource")+" ") {
					return deed{}, fmt.Errorf("%w resource %q", ErrUnknown, a.str("resource"))
				}
				line := func(who string, v float64) string {
					return fmt.Sprintf("%s avg10=%.2f avg60=%.2f avg300=%.2f total=912345678\n", who, v, v, v*0.8)
				}
				return s.fileSet("/proc/pressure/"+a.str("resource"), line("some", a.real("some"))+line("full", a.real("full")))
			},
		},
		{
			Action{
				Name: "cpu.hog", Doc: "Programs of the user keep the processors busy, really.",
				Args: []Arg{opt("count", "int", 0, "of them; 0 is one for each processor"), opt("program", "string", "yes", "its name")},
			},
			hog,
		},
		{
			Action{Name: "uptime.set", Doc: "The machine has been running for long.", Args: []Arg{opt("days", "float", 40.0, "since its start")}},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				want := time.Duration(a.real("days") * float64(24*time.Hour))
				return plain(func() error { return s.started(want) }, func() error { return s.started(restUptime) }, s.uptimeSeen(want))
			},
		},
		{
			Action{
				Name: "reboot.pending", Doc: "An update wants a restart.",
				Args: []Arg{opt("days", "float", 10.0, "since then"), opt("kernel", "bool", false, "a newer kernel is installed as well")},
			},
			rebootPending,
		},
		{
			Action{Name: "updates.old", Doc: "Nobody has looked for updates for long.", Args: []Arg{opt("days", "float", 45.0, "since the last time")}},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				at := time.Now().Add(-time.Duration(a.real("days") * float64(24*time.Hour)))
				const dir = "/var/lib/apt/periodic/"
				err := s.machine.do(func() error {
					for _, name := range []string{dir + "update-success-stamp", dir + "update-stamp", "/var/cache/apt/pkgcache.bin", "/var/lib/apt/lists"} {
						if err := os.Chtimes(name, at, at); err != nil {
							return err
						}
					}
					return nil
				})
				return deed{seen: s.aged(dir+"update-success-stamp", at)}, err
			},
		},
		{
			Action{
				Name: "packages.broken", Doc: "An installation was interrupted.",
				Args: []Arg{opt("state", "string", "half-configured", "half-configured, unpacked or half-installed"), opt("count", "int", 2, "packages")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.edit("/var/lib/dpkg/status", func(old string) string {
					for i := range a.num("count") {
						old += fmt.Sprintf("Package: libfoo%d\nStatus: install ok %s\nArchitecture: amd64\nVersion: 1.%d\n\n", i, a.str("state"), i)
					}
					return old
				})
			},
		},
		{
			Action{
				Name: "crash.add", Doc: "A program crashed some times, or the kernel did.",
				Args: []Arg{opt("program", "string", "evolution", "its name; kernel is the kernel"), opt("count", "int", 4, "times"), opt("days", "float", 1.0, "ago, at most")},
			},
			crashAdd,
		},
		{
			Action{
				Name: "battery.set", Doc: "How the battery is.",
				Args: []Arg{
					opt("wear", "float", 55.0, "percent of its capacity that is gone"), opt("cycles", "int", 1100, "of charging"),
					opt("charge", "int", 80, "percent"), opt("state", "string", "Discharging", "Charging, Discharging, Full or Not charging"),
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
					dir + "BAT0/energy_full": strconv.Itoa(int(5e7 * (1 - a.real("wear")/100))), dir + "BAT0/cycle_count": strconv.Itoa(a.num("cycles")),
					dir + "BAT0/capacity": strconv.Itoa(a.num("charge")), dir + "BAT0/status": a.str("state"), dir + "AC/online": online,
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
				Args: []Arg{opt("celsius", "float", 97.0, "of 100, where it would stop"), opt("throttling", "bool", true, "it slows down, and counts so")},
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
				Args: []Arg{opt("node", "string", "none", "none (no driver) or denied (a device that the user may not open)")},
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
			Action{Name: "wifi.set", Doc: "The machine's way is Wi-Fi, of this strength.", Args: []Arg{opt("strength", "int", 18, "percent")}},
			wifiSet,
		},
		{
			Action{Name: "processes.many", Doc: "Many small programs start and end all the time.", Args: []Arg{opt("count", "int", 200, "at once")}},
			manyProcesses,
		},
	}
}

func memory(available, swap float64) string {
	const total, swapTotal = 16303172, 4194300
	left := int(total * available / 100)
	return fmt.Sprintf("MemTotal:       %d kB\nMemFree:        %d kB\nMemAvailable:   %d kB\nBuffers:          40004 kB\n"+
		"Cached:           %d kB\nSwapCached:            0 kB\nActive:         4120012 kB\nInactive:       3022112 kB\n"+
		"SwapTotal:      %d kB\nSwapFree:       %d kB\nDirty:              1120 kB\nSlab:            512004 kB\n"+
		"SReclaimable:    80112 kB\nSUnreclaim:     431892 kB\nShmem:           220112 kB\n",
		total, left/2, left, left/2, swapTotal, int(swapTotal*(1-swap/100)))
}

// hog keeps processors busy with a program of the user's that does nothing.
func hog(ctx context.Context, s *Stage, a args) (deed, error) {
	count := a.num("count")
	if count <= 0 {
		count = processors()
	}
	at := "/opt/tools/" + filepath.Base(a.str("program"))
	err := s.machine.do(func() error {
		from, err := os.Open("/usr/bin/yes")
		if err != nil {
			return err
		}
		defer from.Close()
		return install(from, at)
	})
	if err != nil {
		return deed{}, err
	}
	var stops []func() error
	var pids []int
	for range count {
		cmd := s.prepared(context.WithoutCancel(ctx), at)
		stop, err := s.machine.daemon(cmd) // to /dev/null
		if err != nil {
			return deed{}, err
		}
		pids, stops = append(pids, cmd.Process.Pid), append(stops, stop)
	}
	return deed{undo: all(stops...), stop: all(stops...), seen: func(context.Context) (bool, string) {
		ticks := 0
		for _, pid := range pids {
			raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if f := strings.Fields(string(raw)); len(f) > 14 {
				n, _ := strconv.Atoi(f[13])
				m, _ := strconv.Atoi(f[14])
				ticks += n + m
			}
		}
		return ticks >= 5, fmt.Sprintf("%d processes have used %d ms of processor time", len(pids), ticks*10)
	}}, nil
}

func processors() int {
	raw, _ := os.ReadFile("/proc/stat")
	return max(strings.Count(string(raw), "\ncpu"), 1)
}

// uptimeSeen reads the clock as a client would.
func (s *Stage) uptimeSeen(want time.Duration) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		out, err := s.prepared(ctx, "/usr/bin/cat", "/proc/uptime").Output()
		first, _, _ := strings.Cut(string(out), " ")
		seconds, _ := strconv.ParseFloat(first, 64)
		off := time.Duration(seconds*float64(time.Second)) - want
		return err == nil && off.Abs() < time.Hour, fmt.Sprintf("up for %s s (%v)", first, err)
	}
}

func rebootPending(_ context.Context, s *Stage, a args) (deed, error) {
	at := time.Now().Add(-time.Duration(a.real("days") * float64(24*time.Hour)))
	files := map[string]string{"/run/reboot-required": "*** System restart required ***\n", "/run/reboot-required.pkgs": "libc6\n"}
	if a.flag("kernel") {
		files["/boot/vmlinuz-99.1.0-1-amd64"] = ""
	}
	err := s.machine.do(func() error {
		for name, text := range files {
			if err := put(name, text); err != nil {
				return err
			}
			if err := os.Chtimes(name, at, at); err != nil {
				return err
			}
		}
		return nil
	})
	undo := func() error {
		return s.machine.do(func() error {
			for name := range files {
				if err := os.Remove(name); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return deed{undo: undo, seen: s.aged("/run/reboot-required", at)}, err
}

func crashAdd(_ context.Context, s *Stage, a args) (deed, error) {
	program := a.str("program")
	var last string
	err := s.machine.do(func() error {
		for i := range a.num("count") {
			at := time.Now().Add(-time.Duration(a.real("days") * float64(24*time.Hour) * float64(i+1) / float64(a.num("count")+1)))
			last = fmt.Sprintf("/var/lib/systemd/coredump/core.%s.%d.%032x.%d.%d.zst", program, userID, 7, 4000+i, at.UnixMicro())
			if program == "kernel" {
				last = fmt.Sprintf("/var/lib/systemd/pstore/dmesg-efi-%d", i)
			}
			if err := put(last, ""); err != nil {
				return err
			}
			if err := os.Chtimes(last, at, at); err != nil {
				return err
			}
		}
		return nil
	})
	return deed{seen: func(context.Context) (bool, string) {
		_, err := s.machine.read(last)
		return err == nil, fmt.Sprintf("%d crashes of %s are on the disk", a.num("count"), program)
	}}, err
}

func thermalSet(_ context.Context, s *Stage, a args) (deed, error) {
	milli := strconv.Itoa(int(a.real("celsius") * 1000))
	files := map[string]string{class + "thermal/thermal_zone0/temp": milli, class + "hwmon/hwmon0/temp1_input": milli}
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
			"online": fmt.Sprintf("0-%d", processors()-1), "possible": fmt.Sprintf("0-%d", processors()-1), "present": fmt.Sprintf("0-%d", processors()-1),
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
	d.undo = all(stop, d.undo, func() error { return s.machine.do(func() error { return unix.Unmount(cpus, unix.MNT_DETACH) }) })
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
	return s.filesSet(map[string]string{dir + "status": "connected", dir + "enabled": "disabled", dir + "modes": "1920x1080"})
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
		{dev, nmName + ".Device.Wireless", map[string]any{"ActiveAccessPoint": objectPath(active), "Bitrate": uint32(65000)}},
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

func manyProcesses(ctx context.Context, s *Stage, a args) (deed, error) {
	end, ended := make(chan struct{}), make(chan struct{})
	counts := make(chan int, 1)
	counts <- 0
	small := s.prepared(ctx, "/usr/bin/sleep", "0.2")
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			default:
			}
			cmd := exec.Command(small.Path, small.Args[1:]...)
			cmd.Env = small.Env
			if err := cmd.Start(); err != nil {
				return
			}
			go func() { _ = cmd.Wait() }()
			counts <- 1 + <-counts
			time.Sleep(200 * time.Millisecond / time.Duration(max(a.num("count"), 1)))
		}
	}()
	stop := func() error {
		close(end)
		<-ended
		return nil
	}
	return deed{undo: stop, stop: stop, seen: func(context.Context) (bool, string) {
		n := <-counts
		counts <- n
		return n > 10, fmt.Sprintf("%d processes started", n)
	}}, nil
}
