package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// userActions are what the user's own desktop is like: what a repair may tidy, choose or take away.
func userActions() []action {
	return []action{
		{
			Action{
				Name: "disk.trash", Doc: "The user's wastebasket and caches hold much.",
				Args: []Arg{
					opt("mb", "int", 640, "in the wastebasket, really"), opt("files", "int", 0, "small pictures of a cache"),
				},
			},
			diskTrash,
		},
		{
			Action{
				Name: "disk.archives", Doc: "The system keeps installation files that were used already.",
				Args: []Arg{opt("mb", "int", 640, "of them, really")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				const file = "/var/cache/apt/archives/texlive_1_amd64.deb"
				err := s.machine.do(func() error {
					return errors.Join(os.MkdirAll("/var/cache/apt/archives/partial", 0o755), weigh(file, a.num("mb")))
				})
				return deed{seen: func(context.Context) (bool, string) { return err == nil, file }}, err
			},
		},
		{
			Action{
				Name: "app.cache", Doc: "A program has a temporary store.",
				Args: []Arg{opt("dir", "string", "evolution/mail", "below the user's cache folder")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				file := homeDir + "/.cache/" + a.str("dir") + "/index"
				err := s.machine.do(func() error { return errors.Join(put(file, "broken\n"), own(homeDir+"/.cache")) })
				return deed{seen: func(context.Context) (bool, string) { return err == nil, file }}, err
			},
		},
		{
			Action{
				Name: "printer.second", Doc: "There is a second printer, which works: nothing is wrong.",
				Args: []Arg{opt("apart", "bool", false, "it is another device, not another queue of the same")},
			},
			printerSecond,
		},
		{
			Action{
				Name: "proxy.user", Doc: "The user's own desktop settings name a proxy that is gone.",
				Args: []Arg{opt("proxy", "string", "http://"+ProxyIP+":3128", "as the desktop gives it")},
			},
			proxyUser,
		},
		{
			Action{Name: "desktop.gnome", Doc: "The user sits at a GNOME desktop, which has pages of settings."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				s.env["XDG_CURRENT_DESKTOP"], s.env["WAYLAND_DISPLAY"] = "GNOME", "wayland-0"
				err := s.machine.do(func() error { return os.Symlink("/usr/bin/true", "/usr/bin/gnome-control-center") })
				return deed{seen: func(context.Context) (bool, string) { return err == nil, "the settings program" }}, err
			},
		},
		{
			Action{Name: "computer.restart", Doc: "The computer starts anew: it is another run, and what waited for it is done."},
			computerRestart,
		},
		{
			Action{
				Name: "cache.stale",
				Doc:  "What keeps names on this computer remembers that none exists; its servers know better.",
			},
			cacheStale,
		},
	}
}

func printerSecond(ctx context.Context, s *Stage, a args) (deed, error) {
	const name, port = "Etage", "632"
	if _, err := s.printer(); err != nil {
		return deed{}, err
	}
	host := PrinterHost
	if a.flag("apart") {
		p, w := &printing{}, s.world
		p.say(3)
		w.add("printer2", func() ([]io.Closer, error) {
			return w.serveHTTP(PrinterIP+":"+port, http.HandlerFunc(p.ipp), nil)
		})
		if err := w.Start("printer2"); err != nil {
			return deed{}, err
		}
		host += ":" + port
	}
	_, err := s.machine.run(ctx, "", "lpadmin", "-h", cupsSocket, "-p", name, "-E", "-v", "ipp://"+host+"/ipp/print",
		"-m", "raw")
	return deed{seen: func(ctx context.Context) (bool, string) {
		out, err := s.machine.run(ctx, "", "lpstat", "-h", cupsSocket, "-p", name)
		return err == nil, "lpstat: " + out
	}}, err
}

// weigh makes a file that really takes so much room; by the hand.
func weigh(name string, mb int) error {
	if err := put(name, ""); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(mb)<<20); err != nil {
		return fmt.Errorf("make %d MiB: %w", mb, err)
	}
	return nil
}

func diskTrash(_ context.Context, s *Stage, a args) (deed, error) {
	const trash, pictures = homeDir + "/.local/share/Trash", homeDir + "/.cache/thumbnails"
	err := s.machine.do(func() error {
		for name, text := range map[string]string{
			trash + "/files/film.mkv":          "",
			trash + "/info/film.mkv.trashinfo": "[Trash Info]\nPath=" + homeDir + "/film.mkv\nDeletionDate=2026-01-01T10:00:00\n",
		} {
			if err := put(name, text); err != nil {
				return err
			}
		}
		if err := weigh(trash+"/files/film.mkv", a.num("mb")); err != nil {
			return err
		}
		for i := range a.num("files") {
			if err := put(fmt.Sprintf("%s/normal/%032x.png", pictures, i), ""); err != nil {
				return err
			}
		}
		return own(homeDir)
	})
	return deed{seen: func(context.Context) (bool, string) {
		var st unix.Stat_t
		err := s.machine.do(func() error { return unix.Stat(trash+"/files/film.mkv", &st) })
		return err == nil, fmt.Sprintf("the wastebasket holds %d MiB", st.Size>>20)
	}}, err
}

// keyfile is where GNOME's settings are kept with the backend of that name, which needs no service.
const keyfile = homeDir + "/.config/glib-2.0/settings/keyfile"

func proxyUser(_ context.Context, s *Stage, a args) (deed, error) {
	b, err := s.service(sessionBus, portalName)
	if err != nil {
		return deed{}, err
	}
	s.env["GSETTINGS_BACKEND"] = "keyfile"
	host, port, err := net.SplitHostPort(strings.TrimPrefix(a.str("proxy"), "http://"))
	if err != nil {
		return deed{}, err
	}
	text := fmt.Sprintf("[system/proxy]\nmode='manual'\n\n[system/proxy/http]\nhost='%s'\nport=%s\n",
		host, port)
	err = s.machine.do(func() error { return errors.Join(put(keyfile, text), own(homeDir+"/.config")) })
	if err != nil {
		return deed{}, err
	}
	err = b.answer(func() []string { // as the desktop does, from what the settings say now
		if now, err := s.machine.read(keyfile); err == nil && strings.Contains(now, "mode='manual'") {
			return []string{a.str("proxy")}
		}
		return []string{"direct://"}
	})
	return deed{undo: func() error {
		return s.machine.do(func() error { return os.Remove(keyfile) })
	}, seen: b.wasAsked()}, err
}

func computerRestart(_ context.Context, s *Stage, _ args) (deed, error) {
	const boot = "/proc/sys/kernel/random/boot_id"
	id := fmt.Sprintf("%08x-0000-4000-8000-%012x", s.rand.Uint32(), s.rand.Uint64()&(1<<48-1))
	if err := s.machine.cover(boot, id+"\n"); err != nil {
		return deed{}, err
	}
	if err := s.started(15 * time.Minute); err != nil {
		return deed{}, err
	}
	err := s.machine.do(func() error { // memory that a restart empties
		for _, name := range []string{"/run/reboot-required", "/run/reboot-required.pkgs"} {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	})
	return deed{seen: func(context.Context) (bool, string) {
		now, err := s.machine.read(boot)
		return err == nil && strings.TrimSpace(now) == id, "this is the run " + id
	}}, err
}

// stub is the address at which a computer keeps names for itself.
const stub = "127.0.0.53"

// cacheStale puts a store of names between the client and its servers, as systemd-resolved is one.
func cacheStale(_ context.Context, s *Stage, _ args) (deed, error) {
	var pc net.PacketConn
	err := s.machine.do(func() (err error) {
		if err := put("/run/systemd/resolve/resolv.conf", "nameserver "+DNS1+"\nnameserver "+DNS2+"\n"); err != nil {
			return err
		}
		pc, err = net.ListenPacket("udp4", stub+":53")
		return err
	})
	if err != nil {
		return deed{}, err
	}
	s.closers = append(s.closers, pc.Close)
	var stale atomic.Bool
	stale.Store(true)
	go s.keepNames(pc, &stale)
	d, err := resolvSet(context.Background(), s, args{"servers": []string{stub}, "text": ""})
	d.undo = func() error { stale.Store(false); return nil } // it stays, and asks its servers from now on
	d.seen = func(ctx context.Context) (bool, string) {
		said := s.ask(ctx, DNS1, ServiceHost)
		return stale.Load() && said != "silence", "the server says " + said + ", the store says that there is no such name"
	}
	return d, err
}

func (s *Stage) keepNames(pc net.PacketConn, stale *atomic.Bool) {
	buf := make([]byte, 4096)
	for {
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		question := append([]byte(nil), buf[:n]...)
		go func() {
			if answer, err := s.keptAnswer(question, stale.Load()); err == nil {
				_, _ = pc.WriteTo(answer, from)
			}
		}()
	}
}

func (s *Stage) keptAnswer(question []byte, stale bool) ([]byte, error) {
	if stale {
		var m dnsmessage.Message
		if err := m.Unpack(question); err != nil {
			return nil, err
		}
		m.Response, m.RecursionAvailable, m.RCode = true, true, dnsmessage.RCodeNameError
		m.Additionals = nil
		return m.Pack()
	}
	var c net.Conn
	err := s.machine.do(func() (err error) {
		c, err = net.DialTimeout("udp4", net.JoinHostPort(DNS1, "53"), patience)
		return err
	})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write(question); err != nil {
		return nil, err
	}
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	return buf[:n], err
}
