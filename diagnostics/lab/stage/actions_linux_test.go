package stage

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// deeds are every action once with its defaults, or with the arguments that it cannot do without. needs says
// what must be there for it to be seen: "client" is the program under test, which these tests do not have.
var deeds = []struct {
	name  string
	with  map[string]any
	needs string
}{
	{name: "cable.pull"},
	{name: "cable.flap", with: map[string]any{"every": "20ms"}},
	{name: "adapter.disable"},
	{name: "adapter.remove"},
	{name: "lease.lose"},
	{name: "route.cut"},
	{name: "route.detour"},
	{name: "route.many", with: map[string]any{"count": 500}},
	{name: "router.kill"},
	{name: "router.deaf"},
	{name: "provider.down"},
	{name: "net.drop", with: map[string]any{"to": []any{"erp"}, "proto": "tcp", "ports": []any{443}}},
	{name: "net.loss", with: map[string]any{"percent": 60}},
	{name: "net.syn"},
	{name: "net.latency", with: map[string]any{"rtt": "40ms"}},
	{name: "net.rate"},
	{name: "net.mtu"},
	{name: "udp.block"},
	{name: "ipv6.on"},
	{name: "ipv6.blackhole"},
	{name: "vpn.up"},
	{name: "vpn.up", with: map[string]any{"dead": true}},
	{name: "vpn.down"},
	{name: "dns.mute"},
	{name: "dns.mute", with: map[string]any{"server": "first"}},
	{name: "dns.stop"},
	{name: "dns.answer", with: map[string]any{"mode": "servfail"}},
	{name: "dns.answer", with: map[string]any{"mode": "refused"}},
	{name: "dns.answer", with: map[string]any{"mode": "nxdomain"}},
	{name: "dns.answer", with: map[string]any{"mode": "garbage"}},
	{name: "dns.missing"},
	{name: "dns.tcp_only"},
	{name: "dns.slow", with: map[string]any{"delay": "100ms"}},
	{name: "dns.hijack"},
	{name: "dns.hijack", with: map[string]any{"all": true}},
	{name: "resolv.set"},
	{name: "resolv.set", with: map[string]any{"text": "no such word\x01"}},
	{name: "hosts.add", with: map[string]any{"lines": "192.0.2.1 erp.lab.test"}},
	{name: "portal.set"},
	{name: "portal.set", with: map[string]any{"mode": "replaced"}},
	{name: "portal.set", with: map[string]any{"mode": "fake", "certificates": true}},
	{name: "service.stop", with: map[string]any{"name": "erp"}},
	{name: "service.stop", with: map[string]any{"name": "imap"}},
	{name: "service.silence", with: map[string]any{"name": "wiki"}},
	{name: "service.answer", with: map[string]any{"status": 503}, needs: "client"},
	{name: "tls.certificate", with: map[string]any{"mode": "expired"}},
	{name: "tls.certificate", with: map[string]any{"mode": "not_yet"}},
	{name: "tls.certificate", with: map[string]any{"mode": "stranger", "host": MailHost}},
	{name: "tls.certificate", with: map[string]any{"mode": "name"}},
	{name: "tls.certificate", with: map[string]any{"mode": "ending"}},
	{name: "tls.intercept"},
	{name: "clock.shift", with: map[string]any{"by": "984h"}},
	{name: "clock.shift", with: map[string]any{"by": "-9600h"}},
	{name: "proxy.only"},
	{name: "proxy.dead"},
	{name: "proxy.dead", with: map[string]any{"by": "settings", "silent": true}},
	{name: "share.mount"},
	{name: "share.break"},
	{name: "share.missing"},
	{name: "share.many", with: map[string]any{"count": 20}},
	{name: "print.start", needs: "cupsd"},
	{name: "print.stop", needs: "cupsd"},
	{name: "queue.pause", needs: "cupsd"},
	{name: "queue.reject", needs: "cupsd"},
	{name: "job.stick", needs: "cupsd"},
	{name: "printer.off", needs: "cupsd"},
	{name: "disk.fill"},
	{name: "disk.fill", with: map[string]any{"volume": "system", "percent": 100}},
	{name: "disk.inodes"},
	{name: "disk.inodes", with: map[string]any{"volume": "system"}},
	{name: "disk.readonly"},
	{name: "memory.set"},
	{name: "pressure.set", with: map[string]any{"resource": "memory"}},
	{name: "cpu.hog", with: map[string]any{"count": 1, "program": "tableur"}},
	{name: "uptime.set"},
	{name: "reboot.pending"},
	{name: "updates.old"},
	{name: "packages.broken"},
	{name: "crash.add"},
	{name: "crash.add", with: map[string]any{"program": "kernel", "count": 1}},
	{name: "battery.set"},
	{name: "battery.remove"},
	{name: "thermal.set"},
	{name: "screen.off"},
	{name: "camera.set"},
	{name: "kerberos.set"},
	{name: "password.age"},
	{name: "radio.block"},
	{name: "wifi.set", needs: "client"},
	{name: "processes.many"},
	{name: "sound.start", needs: "pulseaudio"},
	{name: "sound.stop", needs: "pulseaudio"},
	{name: "sound.mute", needs: "pulseaudio"},
	{name: "sound.mute", with: map[string]any{"what": "speaker", "volume": 2}, needs: "pulseaudio"},
	{name: "sound.remove", needs: "pulseaudio"},
	{name: "bus.start", needs: "client"},
	{name: "bus.mute", needs: "client"},
	{name: "unit.fail", needs: "client"},
	{name: "unit.fail", with: map[string]any{"user": true}, needs: "client"},
	{name: "agent.stop", needs: "client"},
	{name: "disk.fail", needs: "client"},
	{name: "disk.fail", with: map[string]any{"kind": "nvme"}, needs: "client"},
	{name: "time.sync", needs: "client"},
	{name: "printer.say", needs: "client"},
	{name: "boot.slow", needs: "client"},
	{name: "proxy.desktop", needs: "client"},
	{name: "privacy.set", needs: "client"},
	{name: "vpn.state", needs: "client"},
	{name: "cert.add"},
	{name: "service.mends", with: map[string]any{"asked": "nm.activate"}},
	{name: "service.refuse"},
	{name: "user.join"},
	{name: "client.used"},
	{name: "disk.trash", with: map[string]any{"mb": 4, "files": 10}},
	{name: "disk.archives", with: map[string]any{"mb": 4}},
	{name: "app.cache"},
	{name: "printer.second", needs: "cupsd"},
	{name: "printer.second", with: map[string]any{"apart": true}, needs: "cupsd"},
	{name: "proxy.user", needs: "client"},
	{name: "desktop.gnome"},
	{name: "computer.restart"},
	{name: "cache.stale"},
	{name: "sound.service", needs: "client"},
	{name: "file.set", with: map[string]any{"path": "/proc/loadavg", "text": "9.00 9.00 9.00 1/1 1"}},
	{name: "file.remove", with: map[string]any{"path": "/var/lib/dpkg"}},
	{name: "file.age", with: map[string]any{"path": "/etc/hosts", "days": 3}},
	{name: "settings.set", with: map[string]any{"key": "language", "value": "fr"}},
	{name: "env.set", with: map[string]any{"name": "LANG", "value": "fr_FR.UTF-8"}},
}

// lasting are the actions that only the end of the stage takes back.
var lasting = []string{
	"adapter.remove", "share.many", "bus.start", "sound.start", "sound.stop", "crash.add",
	"battery.remove",
	"file.remove", "file.age", "sound.remove", "service.mends", "client.used", "disk.trash", "disk.archives", "app.cache",
	"printer.second", "desktop.gnome", "computer.restart", "sound.service",
}

func TestEveryActionTakesEffectAndBack(t *testing.T) {
	inside(t, Params{}, func(t *testing.T, _ *Stage) {
		for _, d := range deeds {
			name := d.name
			for k, v := range d.with {
				name += "," + k + "=" + strings.ReplaceAll(strings.TrimSpace(toText(v)), "/", "_")
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each has its own stage, and most of them only wait
				oneDeed(t, d.name, d.with, d.needs)
			})
		}
		for _, a := range Actions() {
			if a.Name != "undo" && !strings.Contains(deedNames(), " "+a.Name+" ") {
				t.Errorf("%s is tried nowhere", a.Name)
			}
		}
	})
}

func toText(v any) string {
	s, _ := convert("string", v)
	text, _ := s.(string)
	return text
}

func deedNames() string {
	names := " "
	for _, d := range deeds {
		names += d.name + " "
	}
	return names
}

func oneDeed(t *testing.T, name string, with map[string]any, needs string) {
	if needs != "" && needs != "client" {
		_, err := exec.LookPath(needs)
		if err != nil {
			t.Skipf("needs %s", needs)
		}
	}
	p := Params{}
	if name == "client.used" { // any program that ends well: what it leaves behind is not looked at here
		p.Client = "/usr/bin/true"
	}
	s, err := Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	}()
	start := time.Now()
	if err := s.Do(t.Context(), name, with); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	traffic(s)
	seen, err := s.Observed(t.Context())
	for deadline := time.Now().Add(10 * time.Second); !seen[0].OK && needs != "client" && time.Now().Before(deadline); {
		traffic(s) // a busy machine takes its time
		seen, err = s.Observed(t.Context())
	}
	if err != nil || len(seen) != 1 || seen[0].Action != name || seen[0].How == "" || !seen[0].OK &&
		needs != "client" {
		t.Errorf("took %v: %v %+v", took, err, seen)
	}
	err = s.Do(t.Context(), "undo", map[string]any{"name": name})
	if strings.Contains(" "+strings.Join(lasting, " ")+" ", " "+name+" ") {
		if err == nil {
			t.Error("it can be undone after all")
		}
		return
	}
	if err != nil {
		t.Errorf("undo: %v", err)
	}
	if err := reachable(s); err != nil {
		t.Errorf("after it was undone: %v", err)
	}
}

// traffic is what any client does: it counts in the packet filter.
func traffic(s *Stage) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for range 6 {
		go func() { _ = s.dial(ctx, ServiceIP+":443") }()
	}
	_ = s.dial(ctx, WikiIP+":443")
	s.mu.Lock()
	stat := s.prepared(ctx, "/usr/bin/timeout", "-s", "KILL", "0.3", "stat", "-f", sharePath)
	s.mu.Unlock()
	_ = stat.Start()
	go func() { _ = stat.Wait() }()
	time.Sleep(250 * time.Millisecond)
}

// reachable tells whether the healthy world is there: names, a service, its certificate, files that can be
// written.
func reachable(s *Stage) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var last error
	for range 5 { // a route that was just given back, a cable that was just plugged in
		last = nil
		if said := s.ask(ctx, DNS1, ServiceHost); said != ServiceIP {
			last = errors.New("the name server says " + said)
			continue
		}
		if ok, how := s.certificateSeen(ServiceHost, "expired")(ctx); ok || !strings.Contains(how, "Lab CA") {
			last = errors.New(how)
			continue
		}
		if err := s.machine.write(homeDir+"/.probe", "x"); err != nil {
			last = err
			continue
		}
		return nil
	}
	return last
}

func TestDoSaysWhatThereIs(t *testing.T) {
	inside(t, Params{}, func(t *testing.T, s *Stage) {
		for _, wrong := range []struct {
			name string
			with map[string]any
			says string
		}{
			{"cable.cut", nil, "cable.pull"},
			{"net.loss", map[string]any{"per": 5}, "percent"},
			{"net.loss", map[string]any{"percent": "much"}, "no float"},
			{"clock.shift", nil, "is missing"},
			{"dns.answer", map[string]any{"mode": "politely"}, "unknown mode"},
			{"net.drop", map[string]any{"to": "nowhere"}, "unknown place"},
			{"undo", map[string]any{"name": "cable.pull"}, "was not done"},
		} {
			err := s.Do(t.Context(), wrong.name, wrong.with)
			if err == nil || !strings.Contains(err.Error(), wrong.says) {
				t.Errorf("%s %v: %v", wrong.name, wrong.with, err)
			}
		}
		if !errors.Is(s.Do(t.Context(), "cable.cut", nil), ErrUnknown) {
			t.Error("an unknown action is not ErrUnknown")
		}
	})
}

// Every action and argument is explained, for whoever writes a scenario.
func TestActionsAreExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Actions() {
		if a.Doc == "" || seen[a.Name] || a.Name != "undo" && strings.Count(a.Name, ".") != 1 {
			t.Errorf("%+v", a)
		}
		seen[a.Name] = true
		for _, arg := range a.Args {
			if arg.Doc == "" {
				t.Errorf("%s: %+v", a.Name, arg)
			}
			if arg.Default == nil {
				continue
			}
			if _, ok := convert(arg.Kind, arg.Default); !ok {
				t.Errorf("%s: the default of %s is no %s", a.Name, arg.Name, arg.Kind)
			}
		}
	}
}

// The sixth version of an address is the fourth's, and no other's.
func TestSixthVersion(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range worldIPs {
		s := six(a)
		if net.ParseIP(s) == nil || seen[s] {
			t.Error(a, s)
		}
		seen[s] = true
	}
}
