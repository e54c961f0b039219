package checks_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks"
	"balise/diagnostics/lab/stage"
)

// run runs a program in the client's namespace.
func run(t *testing.T, l *stage.Lab, stdin, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cmd := l.Command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// chain puts nftables rules into the client's own namespace, at its end of the wire.
func chain(t *testing.T, l *stage.Lab, hook, sets string, rules ...string) {
	t.Helper()
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs nft: install nftables")
	}
	script := "table inet lab {\n" + sets + "\nchain c {\ntype filter hook " + hook + " priority 0; policy accept;\n" +
		strings.Join(rules, "\n") + "\n}\n}\n"
	run(t, l, script, "nft", "-f", "-")
}

// pathFaults are what happens on the way: nothing is dead, and nothing works well.
var pathFaults = []struct {
	name   string
	damage func(t *testing.T, l *stage.Lab, w *stage.World, cfg *checks.Config)
	want   []string // any of these
	// silent must stay unsaid, as a fault of its own.
	silent []string
	// chance says that packets are drawn by lot: two of three runs must be right, and what did fail by turns may
	// be told beside.
	chance bool
}{
	{
		name: "one packet in five is lost", want: []string{"net.quality/loss"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			chain(t, l, "input", "", `iifname "eth0" numgen random mod 100 < 20 counter drop`)
		},
		silent: []string{"net.gateway", "net.egress"}, chance: true,
	},
	{
		name: "one packet in twenty is lost: named, or nothing is", want: []string{"net.quality/loss", "healthy"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			chain(t, l, "input", "", `iifname "eth0" numgen random mod 100 < 5 counter drop`)
		},
		silent: []string{"net.gateway", "net.egress"}, chance: true,
	},
	{
		name: "a single request is lost: that is nothing", want: []string{"healthy"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			chain(t, l, "output", "", `ip daddr `+stage.Exit1+` tcp flags & (syn | ack) == syn numgen inc mod 100000 == 5 counter drop`)
		},
	},
	{
		name: "the first request of every connection is lost", want: []string{"net.quality/loss"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			const seen = `set seen { type ipv4_addr . inet_service . ipv4_addr . inet_service; flags dynamic; timeout 20s; }`
			const flow = `ip saddr . tcp sport . ip daddr . tcp dport`
			chain(t, l, "output", seen,
				`tcp flags & (syn | ack) == syn `+flow+` != @seen add @seen { `+flow+` } counter drop`)
		},
		silent: []string{"net.egress"},
	},
	{
		name: "large packets vanish", want: []string{"net.mtu/silent"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			chain(t, l, "output", "", `oifname "eth0" meta length > 1300 counter drop`)
		},
	},
	{
		name: "UDP is blocked but for names", want: []string{"net.udp/silent"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			chain(t, l, "input", "", `iifname "eth0" meta l4proto udp udp sport != 53 counter drop`)
		},
	},
	{
		name: "IPv6 leads nowhere", want: []string{"net.ipv6/silent"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, cfg *checks.Config) {
			run(t, l, "", "ip", "-6", "addr", "add", "2001:db8:77::2/64", "dev", "eth0", "nodad")
			run(t, l, "", "ip", "-6", "neigh", "add", "2001:db8:77::1", "lladdr", "02:00:00:00:00:01", "dev", "eth0")
			run(t, l, "", "ip", "-6", "route", "add", "default", "via", "2001:db8:77::1", "dev", "eth0")
			cfg.Egress = append(cfg.Egress, "[2001:db8:78::1]:443")
		},
		silent: []string{"net.egress", "net.quality"},
	},
	{
		name: "the tunnel is required and not there", want: []string{"net.vpn/down"},
		damage: func(_ *testing.T, _ *stage.Lab, _ *stage.World, cfg *checks.Config) {
			cfg.VPN = checks.VPN{Required: true, Inside: "10.99.0.1:443"}
		},
	},
	{
		name: "a tunnel that is not needed here is nobody's fault", want: []string{"healthy"},
		damage: func(_ *testing.T, _ *stage.Lab, _ *stage.World, cfg *checks.Config) {
			cfg.VPN = checks.VPN{Name: "office", Inside: "10.99.0.1:443"}
		},
	},
	{
		name: "ten thousand routes", want: []string{"healthy"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World, _ *checks.Config) {
			var b strings.Builder
			for i := range 10_000 {
				b.WriteString("route add 10." + strconv.Itoa(100+i/2500) + "." + strconv.Itoa(i/10%250) + "." + strconv.Itoa(i%10*16) + "/28 via " + stage.RouterIP + "\n")
			}
			run(t, l, b.String(), "ip", "-batch", "-")
		},
	},
}

func TestLabTheWayIsNamed(t *testing.T) {
	for _, f := range pathFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			l := stage.New(t)
			w := stage.NewWorld(t, l)
			cfg := settings(w)
			cfg.UDP = serveSTUN(t, l)
			f.damage(t, l, w, &cfg)
			wrong := wrongly(t, l, cfg, f.want, f.silent, f.chance)
			if wrong != "" && f.chance {
				if wrong = wrongly(t, l, cfg, f.want, f.silent, true); wrong == "" {
					wrong = wrongly(t, l, cfg, f.want, f.silent, true)
				}
			}
			if wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// wrongly runs the self-tests and says what is wrong with what they named; empty is nothing.
func wrongly(t *testing.T, l *stage.Lab, cfg checks.Config, want, silent []string, chance bool) string {
	t.Helper()
	v := diagnose(t, l, cfg)
	for _, a := range v.Also {
		if !chance || cause.Tail(a.Cause) != diagnostics.Flapping {
			return fmt.Sprintf("named beside: %v", v)
		}
	}
	if !slices.Contains(want, string(v.Cause)) {
		return fmt.Sprintf("want %v, have %v", want, v)
	}
	for _, id := range silent {
		r := v.results[id]
		flaps := chance && cause.Tail(r.Cause) == diagnostics.Flapping
		if r.Status.Bad() && r.ExplainedBy == "" && !flaps {
			return fmt.Sprintf("%s is accused: %v", id, r)
		}
	}
	t.Log(v)
	return ""
}

// serveSTUN answers binding requests in the world, and returns where.
func serveSTUN(t *testing.T, l *stage.Lab) string {
	t.Helper()
	addr := stage.ClockIP + ":3478"
	pc, err := l.ListenPacket(addr)
	must(t, err)
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if n >= 20 && binary.BigEndian.Uint16(buf) == 1 {
				binary.BigEndian.PutUint16(buf, 0x0101)
				_, _ = pc.WriteTo(buf[:20], from)
			}
		}
	}()
	return addr
}

// A computer whose processors are all busy is slow, and its network is not.
func TestLabBusyMachineNeverBlamesTheNetwork(t *testing.T) {
	l := stage.New(t)
	cfg := settings(stage.NewWorld(t, l))
	cfg.UDP = serveSTUN(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for range 4 {
		busy := exec.CommandContext(ctx, "yes")
		busy.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		must(t, busy.Start())
		t.Cleanup(func() {
			_ = busy.Process.Kill()
			_ = busy.Wait()
		})
	}
	const runs = 10
	for range runs {
		v := diagnose(t, l, cfg)
		if v.Cause != cause.Healthy {
			t.Errorf("false alarm: %v", v)
		}
		if r := v.results["net.quality"]; r.Status != diagnostics.Pass {
			t.Errorf("net.quality: %v", r)
		}
	}
}
