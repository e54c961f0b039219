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
)

const class = "/sys/class/"

// machineActions change what the machine says of itself.
func machineActions() []action {
	return []action{
		{
			Action{
				Name: "memory.set", Doc: "How much memory is left.",
				Args: []Arg{
					opt("available", "float", 3.0, "percent of the memory"), opt("swap", "float", 20.0,
						"percent of the swap in use"),
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
				return s.fileSet("/proc/pressure/"+a.str("resource"), line("some", a.real("some"))+line("full",
					a.real("full")))
			},
		},
		{
			Action{
				Name: "cpu.hog", Doc: "Programs of the user keep the processors busy, really.",
				Args: []Arg{opt("count", "int", 0, "of them; 0 is one for each processor"), opt("program", "string",
					"yes", "its name")},
			},
			hog,
		},
		{
			Action{Name: "uptime.set", Doc: "The machine has been running for long.", Args: []Arg{opt("days",
				"float", 40.0, "since its start")}},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				want := time.Duration(a.real("days") * float64(24*time.Hour))
				return plain(func() error { return s.started(want) }, func() error { return s.started(restUptime) },
					s.uptimeSeen(want))
			},
		},
		{
			Action{
				Name: "reboot.pending", Doc: "An update wants a restart.",
				Args: []Arg{opt("days", "float", 10.0, "since then"), opt("kernel", "bool", false,
					"a newer kernel is installed as well")},
			},
			rebootPending,
		},
		{
			Action{Name: "updates.old", Doc: "Nobody has looked for updates for long.", Args: []Arg{opt("days",
				"float", 45.0, "since the last time")}},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				at := time.Now().Add(-time.Duration(a.real("days") * float64(24*time.Hour)))
				const dir = "/var/lib/apt/periodic/"
				err := s.updatesSeen(at)
				undo := func() error { return s.updatesSeen(time.Now()) }
				return deed{undo: undo, seen: s.aged(dir+"update-success-stamp", at)}, err
			},
		},
		{
			Action{
				Name: "packages.broken", Doc: "An installation was interrupted.",
				Args: []Arg{
					opt("state", "string", "half-configured", "half-configured, unpacked or half-installed"),
					opt("count", "int", 2, "packages"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.edit("/var/lib/dpkg/status", func(old string) string {
					for i := range a.num("count") {
						old += fmt.Sprintf("Package: libfoo%d\nStatus: install ok %s\nArchitecture: amd64\nVersion: 1.%d\n\n",
							i, a.str("state"), i)
					}
					return old
				})
			},
		},
		{
			Action{
				Name: "crash.add", Doc: "A program crashed some times, or the kernel did.",
				Args: []Arg{opt("program", "string", "evolution", "its name; kernel is the kernel"), opt("count", "int",
					4, "times"), opt("days", "float", 1.0, "ago, at most")},
			},
			crashAdd,
		},
		{
			Action{
				Name: "processes.many", Doc: "Many small programs start and end all the time.",
				Args: []Arg{opt("count", "int", 200, "at once")},
			},
			manyProcesses,
		},
	}
}

// updatesSeen says when somebody last looked for updates.
func (s *Stage) updatesSeen(at time.Time) error {
	const dir = "/var/lib/apt/periodic/"
	return s.machine.do(func() error {
		for _, name := range []string{
			dir + "update-success-stamp", dir + "update-stamp", "/var/cache/apt/pkgcache.bin", "/var/lib/apt/lists",
		} {
			if err := os.Chtimes(name, at, at); err != nil {
				return err
			}
		}
		return nil
	})
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
	files := map[string]string{
		"/run/reboot-required":      "*** System restart required ***\n",
		"/run/reboot-required.pkgs": "libc6\n",
	}
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
			last = fmt.Sprintf("/var/lib/systemd/coredump/core.%s.%d.%032x.%d.%d.zst", program, userID, 7, 4000+i,
				at.UnixMicro())
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
