package network

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

const ms = time.Millisecond

func TestRadio(t *testing.T) {
	on, off := probe.Radios{Present: 1}, probe.Radios{Present: 1, Soft: true}
	for _, c := range []struct {
		name   string
		radios probe.Radios
		links  []probe.Link
		want   string
	}{
		{"no radio", probe.Radios{}, []probe.Link{nic("eth0", unplugged)}, "na"},
		{"on", on, []probe.Link{nic("wlan0", wifi)}, "pass"},
		{"off beside a cable", off, []probe.Link{nic("eth0"), nic("wlan0", wifi, unplugged)}, "pass"},
		{"off", off, []probe.Link{nic("wlan0", wifi, unplugged)}, "fail net.radio/off"},
		{"off, and nothing is left", off, nil, "fail net.radio/off"},
		{"off, the cable out", off, []probe.Link{nic("eth0", unplugged), nic("wlan0", wifi, down)}, "fail net.radio/off"},
		{
			"by a key",
			probe.Radios{Present: 1, Soft: true, Hard: true},
			[]probe.Link{nic("wlan0", wifi, down)},
			"fail net.radio/switched_off",
		},
	} {
		check(t, c.name, judgeRadio(c.radios, c.links), c.want)
	}
}

func TestWifi(t *testing.T) {
	at := func(n int) []probe.Signal { return []probe.Signal{{Iface: "wlan0", Strength: n}} }
	for _, c := range []struct {
		name    string
		signals []probe.Signal
		routed  string
		want    string
	}{
		{"none", nil, "eth0", "na"},
		{"a driver that does not know", at(-1), "wlan0", "na"},
		{"strong", at(80), "wlan0", "pass"},
		{"at the limit", at(50), "wlan0", "pass"},
		{"fair", at(40), "wlan0", "warn net.wifi/fair"},
		{"weak", at(12), "wlan0", "fail net.wifi/weak"},
		{"weak beside a cable", at(12), "eth0", "pass"},
		{"weak, and no route at all", at(12), "", "fail net.wifi/weak"},
		{"weak on Windows, where no name is told", []probe.Signal{{Strength: 12}}, "Wi-Fi", "fail net.wifi/weak"},
	} {
		check(t, c.name, judgeWifi(c.signals, c.routed, 30, 50), c.want)
	}
}

func TestHijack(t *testing.T) {
	addr := func(list ...string) (a []netip.Addr) {
		for _, s := range list {
			a = append(a, netip.MustParseAddr(s))
		}
		return a
	}
	genuine := inquiry{"success", addr("192.0.0.170", "192.0.0.171")}
	none, silent := inquiry{rcode: "nxdomain"}, inquiry{}
	page := inquiry{"success", addr("203.0.113.9")}
	for _, c := range []struct {
		name     string
		known    inquiry
		invented []inquiry
		want     string
	}{
		{"honest", genuine, []inquiry{none, none}, "pass"},
		{"one of the two addresses", inquiry{"success", addr("192.0.0.171")}, []inquiry{none}, "pass"},
		{"a closed network", none, []inquiry{none, none}, "pass"},
		{"a server that fails for strangers", inquiry{rcode: "servfail"}, []inquiry{{rcode: "servfail"}, none}, "pass"},
		{"silence", silent, []inquiry{silent, silent}, "unknown"},
		{"DNS64 adds nothing to IPv4", genuine, []inquiry{{rcode: "success"}, none}, "pass"},
		{"the owner's catch-all", genuine, []inquiry{none, page}, "pass"},
		{"catch-alls of two owners", genuine, []inquiry{{"success", addr("198.51.100.1")}, page}, "pass"},
		{"a filter answers with nowhere", inquiry{"success", addr("0.0.0.0")}, []inquiry{none, none}, "pass"},
		{"everything leads to a page", page, []inquiry{page, page}, "fail net.dns.hijack/wildcard"},
		{"only what does not exist leads to a page", genuine, []inquiry{page, page}, "fail net.dns.hijack/wildcard"},
		{"the known name is false", page, []inquiry{none, none}, "fail net.dns.hijack/forged"},
		{"one invented name proves nothing", genuine, []inquiry{page}, "pass"},
		{
			"blocked names lead nowhere",
			inquiry{"success", addr("0.0.0.0")},
			[]inquiry{{"success", addr("0.0.0.0")}, {"success", addr("0.0.0.0")}},
			"pass",
		},
	} {
		check(t, c.name, judgeHijack(c.known, c.invented), c.want)
	}
}

func TestIPv6(t *testing.T) {
	for _, c := range []struct {
		name string
		list []knocked
		want string
	}{
		{"both", []knocked{{}}, "pass"},
		{"refused is an answer", []knocked{{kind6: probe.KindRefused}}, "pass"},
		{"black hole", []knocked{{kind6: probe.KindTimeout}}, "warn net.ipv6/silent"},
		{"one of two", []knocked{{kind6: probe.KindTimeout}, {}}, "pass"},
		{"says no at once: programs take the other", []knocked{{kind6: probe.KindUnreachable}}, "na"},
		{"nothing answers", []knocked{{kind4: probe.KindTimeout, kind6: probe.KindTimeout}}, "unknown"},
		{"no IPv4 to compare with", []knocked{{kind4: "none", kind6: probe.KindTimeout}}, "unknown"},
	} {
		check(t, c.name, judgeIPv6(c.list), c.want)
	}
}

func TestPairs(t *testing.T) {
	p := Params{Egress: []string{"192.0.2.1:443", "[2001:db8::1]:443", "rubbish"}}
	if got := p.pairs(t.Context()); len(got) != 1 || !got[0].v4.Addr().Is4() || !got[0].v6.Addr().Is6() {
		t.Error(got)
	}
	if got := pairOf([]netip.Addr{netip.MustParseAddr("192.0.2.1")}, "443"); got.v6.IsValid() {
		t.Error(got)
	}
}

func TestUDP(t *testing.T) {
	timeout := probe.Bind{Err: os.ErrDeadlineExceeded}
	check(t, "answers", judgeUDP(probe.Bind{Took: 30 * ms}, false), "pass")
	check(t, "silent beside TCP", judgeUDP(timeout, true), "warn net.udp/silent")
	check(t, "nothing answers", judgeUDP(timeout, false), "unknown")
	check(t, "a closed port", judgeUDP(probe.Bind{Err: syscall.ECONNREFUSED}, true), "unknown")
}

func TestMTU(t *testing.T) {
	large := probe.Packets{Written: 12000, MSS: 1448}
	with := func(set func(*probe.Packets)) parcel {
		p := large
		set(&p)
		return parcel{name: "ERP", open: true, Packets: p}
	}
	fine := with(func(p *probe.Packets) { p.Acked, p.Answered = 12000, true })
	hole := with(func(p *probe.Packets) { p.SmallAcked, p.Retrans = true, 3 })
	for _, c := range []struct {
		name    string
		parcels []parcel
		want    string
	}{
		{"confirmed", []parcel{fine}, "pass"},
		{"none confirmed, small ones are", []parcel{hole}, "warn net.mtu/silent"},
		{"one of two endpoints", []parcel{fine, hole}, "warn net.mtu/silent"},
		{"the answer has a hole", []parcel{with(func(p *probe.Packets) {
			p.Acked, p.Gap, p.SmallAcked = 12000, true, true
		})}, "warn net.mtu/silent"},
		{"the way died: small ones are lost too", []parcel{with(func(*probe.Packets) {})}, "unknown"},
		{"no connection", []parcel{{name: "ERP"}}, "unknown"},
		{"the system does not tell", []parcel{with(func(p *probe.Packets) { p.Err = probe.ErrNoTCPState })}, "unknown"},
		{"confirmed without an answer", []parcel{with(func(p *probe.Packets) { p.Acked = 1 })}, "pass"},
	} {
		check(t, c.name, judgeMTU(c.parcels), c.want)
	}
}

func TestVPN(t *testing.T) {
	managed := func(name string, s probe.TunnelState) probe.Tunnel {
		return probe.Tunnel{Name: name, Kind: "vpn", State: s, Source: "manager"}
	}
	iface := func(s probe.TunnelState) probe.Tunnel {
		return probe.Tunnel{Name: "tun0", Kind: "tun", State: s, Source: "link"}
	}
	required := VPN{Required: true, Inside: "10.0.0.1:443"}
	for _, c := range []struct {
		name string
		view tunnelView
		want string
	}{
		{"nothing", tunnelView{}, "na"},
		{"somebody's tunnel interface", tunnelView{tunnels: []probe.Tunnel{iface(probe.TunnelUp)}}, "na"},
		{"a profile of one's own is up", tunnelView{tunnels: []probe.Tunnel{managed("home", probe.TunnelUp)}}, "pass"},
		{"required and not there", tunnelView{want: required, asked: true, kind: probe.KindTimeout}, "fail net.vpn/down"},
		{"required, and we are inside anyway", tunnelView{want: required, asked: true}, "pass"},
		{
			"not required, not there",
			tunnelView{want: VPN{Inside: "10.0.0.1:443"}, asked: true, kind: probe.KindTimeout},
			"na",
		},
		{
			"up and well",
			tunnelView{want: required, tunnels: []probe.Tunnel{managed("office", probe.TunnelUp)}, asked: true},
			"pass",
		},
		{
			"inside refuses: it is there",
			tunnelView{want: required, tunnels: []probe.Tunnel{iface(probe.TunnelUp)}, asked: true, kind: probe.KindRefused},
			"pass",
		},
		{
			"up and dead",
			tunnelView{want: required, tunnels: []probe.Tunnel{iface(probe.TunnelUp)}, asked: true, kind: probe.KindTimeout},
			"fail net.vpn/dead",
		},
		{
			"up, and no names",
			tunnelView{want: required, tunnels: []probe.Tunnel{iface(probe.TunnelUp)}, asked: true, kind: probe.KindName},
			"fail net.vpn/names",
		},
		{
			"waits for a password",
			tunnelView{want: required, tunnels: []probe.Tunnel{managed("office", probe.TunnelSignIn), iface(probe.TunnelUp)}, asked: true, kind: probe.KindTimeout},
			"fail net.vpn/sign_in",
		},
		{
			"failed",
			tunnelView{want: required, tunnels: []probe.Tunnel{managed("office", probe.TunnelFailed)}, asked: true, kind: probe.KindTimeout},
			"fail net.vpn/failed",
		},
		{
			"connecting",
			tunnelView{tunnels: []probe.Tunnel{managed("office", probe.TunnelConnecting)}},
			"fail net.vpn/connecting",
		},
		{
			"another profile than the required one is up",
			tunnelView{want: VPN{Required: true, Name: "office"}, tunnels: []probe.Tunnel{managed("home", probe.TunnelUp)}},
			"fail net.vpn/down",
		},
		{
			"the named one is up beside another that failed",
			tunnelView{
				want:    VPN{Required: true, Name: "office"},
				tunnels: []probe.Tunnel{managed("office", probe.TunnelUp), managed("home", probe.TunnelFailed)},
			},
			"pass",
		},
		{
			"a tunnel that leads elsewhere is not the required one",
			tunnelView{want: required, tunnels: []probe.Tunnel{iface(probe.TunnelUp)}, asked: true, kind: probe.KindTimeout, routed: true},
			"fail net.vpn/down",
		},
		{
			"the way in leads through a tunnel that nobody names",
			tunnelView{want: required, asked: true, kind: probe.KindTimeout, through: true},
			"fail net.vpn/dead",
		},
	} {
		check(t, c.name, judgeVPN(c.view), c.want)
	}
}

func TestLineUnderLoad(t *testing.T) {
	many := func(d time.Duration) []time.Duration { return []time.Duration{d, d, d, d, d, d} }
	for _, c := range []struct {
		name string
		line busyLine
		want string
	}{
		{"well", busyLine{idle: many(20 * ms), loaded: many(40 * ms), bytes: 1e6, took: time.Second}, "pass"},
		{"late", busyLine{idle: many(20 * ms), loaded: many(150 * ms)}, "warn net.responsiveness/bloated"},
		{"bloated", busyLine{idle: many(20 * ms), loaded: many(900 * ms)}, "fail net.responsiveness/bloated"},
		{"as slow at rest", busyLine{idle: many(600 * ms), loaded: many(700 * ms)}, "pass"},
		{"nothing came", busyLine{code: "ECONNREFUSED"}, "unknown"},
	} {
		check(t, c.name, judgeLine(c.line, 600, 200), c.want)
	}
}

var qualityLimitsOfTheCore = newQualityLimits(catalogue.Catalogue{}.Get("net.quality"))

// drawn are samples of two hosts on a line with these properties, as chance has it.
func drawn(r *rand.Rand, n int, loss float64, base, spread time.Duration) []sample {
	list := make([]sample, 2)
	for i := range list {
		list[i].exact = true
		for range n {
			if r.Float64() < loss {
				list[i].lost++
				continue
			}
			list[i].rtts = append(list[i].rtts, base+time.Duration(r.Int64N(int64(spread)+1)))
		}
	}
	return list
}

func TestQualityTellsLossDelayAndJitterApart(t *testing.T) {
	lim := qualityLimitsOfTheCore
	for _, c := range []struct {
		name         string
		loss         float64
		base, spread time.Duration
		want         map[string]float64 // share of the draws, at least
	}{
		{"well", 0, 15 * ms, 5 * ms, map[string]float64{"pass": 1}},
		{"well, far away", 0, 180 * ms, 20 * ms, map[string]float64{"pass": 1}},
		{"one in a thousand", 0.001, 15 * ms, 5 * ms, map[string]float64{"pass": 0.98}},
		{"one in twenty", 0.05, 15 * ms, 5 * ms, map[string]float64{"warn net.quality/loss": 0.6}},
		{"one in five", 0.2, 15 * ms, 5 * ms, map[string]float64{"fail net.quality/loss": 0.9}},
		{"400 ms", 0, 400 * ms, 10 * ms, map[string]float64{"warn net.quality/latency": 1}},
		{"a second", 0, 900 * ms, 10 * ms, map[string]float64{"fail net.quality/latency": 1}},
		{"uneven", 0, 20 * ms, 220 * ms, map[string]float64{"warn net.quality/jitter": 0.95}},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		got := map[string]float64{}
		const draws = 500
		for range draws {
			// As in life: a longer look only where the first wants one.
			list := drawn(r, qualityFirst, c.loss, c.base, c.spread)
			if suspicious(list, lim) {
				for i, more := range drawn(r, qualityAll-qualityFirst, c.loss, c.base, c.spread) {
					list[i].lost += more.lost
					list[i].rtts = append(list[i].rtts, more.rtts...)
				}
			}
			got[said(judgeQuality(list, 0, lim))] += 1.0 / draws
		}
		for want, share := range c.want {
			if got[want] < share-1e-9 {
				t.Errorf("%s: want %s in %v of the draws, have %v", c.name, want, share, got)
			}
		}
	}
}

func TestQualityCorners(t *testing.T) {
	lim := qualityLimitsOfTheCore
	r := rand.New(rand.NewPCG(3, 4))
	well := func() []sample { return drawn(r, qualityAll, 0, 15*ms, 5*ms) }
	one := well()
	one[0].lost = 1
	check(t, "a single lost request", judgeQuality(one, 0, lim), "pass")
	alone := well()
	alone[1].lost = 12
	check(t, "one host alone loses", judgeQuality(alone, 0, lim), "pass")
	deadHost := well()
	deadHost[1] = sample{lost: 16}
	check(t, "one host is dead", judgeQuality(deadHost, 0, lim), "pass")
	check(t, "nothing answers", judgeQuality([]sample{{lost: 8}, {lost: 8}}, 0, lim), "unknown")
	check(t, "few probes, much loss", judgeQuality([]sample{{lost: 4, rtts: make([]time.Duration, 8)}}, 0, lim), "fail net.quality/loss")
	check(t, "few probes, little loss", judgeQuality([]sample{{lost: 2, rtts: make([]time.Duration, 30)}}, 0, lim), "pass")
	late := []sample{{lost: 12, answeredLate: true}}
	check(t, "every request lost once", judgeQuality(late, 0, lim), "fail net.quality/loss")
	busy := drawn(r, qualityAll, 0, 20*ms, 120*ms)
	check(t, "uneven because this computer is busy", judgeQuality(busy, 60*ms, lim), "pass")
	check(t, "uneven, and so are this computer's own clocks", judgeQuality(busy, 20*ms, lim), "pass")
	for i := range busy {
		busy[i].exact, busy[i].lost = false, 10
	}
	check(t, "a stopwatch on a busy computer", judgeQuality(busy, 60*ms, lim), "pass")
}

// A hole in a good line is no property of the line; a line that is bad all the time is.
func TestGapIsNoLoss(t *testing.T) {
	line := func(pattern string) sample {
		var fates []probe.Knock
		for _, c := range pattern {
			switch c {
			case '.':
				fates = append(fates, probe.Knock{RTT: 10 * ms, Exact: true})
			case 'x':
				fates = append(fates, probe.Knock{Lost: true, Err: os.ErrDeadlineExceeded})
			case 's':
				fates = append(fates, probe.Knock{RTT: 800 * ms, Exact: true})
			}
		}
		return withoutGap(fates, qualityLimitsOfTheCore.latencyWarn)
	}
	for pattern, want := range map[string]string{
		"....................":                     "pass",
		"..xxxxxxxsss........":                     "pass",
		"xxxxxxxx............":                     "pass",
		"............xxxxxxxx":                     "pass",
		"..x...x...x..x....x.":                     "fail net.quality/loss",
		"xxxxxxxxxxxxxxxxxxx.":                     "fail net.quality/loss",
		"ssssssssssssssssssss":                     "fail net.quality/latency",
		"..xx....x...........x........xx.........": "fail net.quality/loss",
	} {
		s := line(pattern)
		check(t, pattern, judgeQuality([]sample{s, s}, 0, qualityLimitsOfTheCore), want)
	}
}
