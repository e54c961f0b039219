package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// pathActions are what can happen between the router and the world.
func pathActions() []action {
	return []action{
		{
			Action{Name: "provider.down", Doc: "Beyond the router nothing answers."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return plain(s.lab.ProviderDown, s.lab.ProviderUp, s.unreachable("the world", Exit1+":443"))
			},
		},
		{
			Action{
				Name: "net.drop", Doc: "The router drops or rejects what goes to a place of the world.",
				Args: []Arg{
					opt("to", "list", []string{},
						"names (erp, wiki, mail, files, calls, load, portal, clock, dns1, dns2, exits, "+
							"proxy, printer) or addresses; empty is everything"),
					opt("proto", "string", "any", "tcp, udp, icmp or any"),
					opt("ports", "list", []string{}, "only these ports of tcp or udp"),
					opt("verdict", "string", "drop", "drop, or reject as a firewall that says so"),
				},
			},
			netDrop,
		},
		{
			Action{
				Name: "net.loss", Doc: "Packets are lost between client and router, both ways.",
				Args: []Arg{opt("percent", "float", 20.0, "of all packets")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				dice := fmt.Sprintf("numgen random mod 1000 < %d counter drop", int(a.real("percent")*10))
				return s.filter(s.lab.router,
					"chain in { type filter hook prerouting priority -350; iifname \"lan\" "+dice+
						"; } chain out { type filter hook postrouting priority 350; oifname \"lan\" "+dice+"; }", true)
			},
		},
		{
			Action{
				Name: "net.syn", Doc: "The first packet of every TCP connection is lost, the next ones arrive.",
				Args: []Arg{opt("port", "int", 0, "only connections to this port; 0 is all")},
			},
			firstLost,
		},
		{
			Action{
				Name: "net.latency", Doc: "The way to the world is long.",
				Args: []Arg{
					opt("rtt", "duration", "400ms", "there and back"),
					opt("jitter", "duration", "0s", "at most so much more, each way"),
					opt("loss", "float", 0.0, "percent lost, each way"),
				},
			},
			latency,
		},
		{
			Action{
				Name: "net.rate", Doc: "The line to the client is narrow, with a long queue.",
				Args: []Arg{
					opt("kbit", "int", 2000, "per second"), opt("queue", "duration", "2s", "what the queue holds"),
					opt("load", "bool", true, "a download fills it all the time"),
				},
			},
			rate,
		},
		{
			Action{
				Name: "net.mtu", Doc: "Large packets vanish beyond the router, and nobody says so.",
				Args: []Arg{opt("mtu", "int", 1280, "the largest that passes")},
			},
			mtuHole,
		},
		{
			Action{
				Name: "udp.block", Doc: "UDP does not pass the router, but for names and time.",
				Args: []Arg{opt("except", "list", []string{"53", "123"}, "ports that pass")},
			},
			udpBlock,
		},
	}
}

// places turns names of the world into addresses.
func places(names []string) ([]string, error) {
	known := map[string][]string{
		"erp": {ServiceIP}, "wiki": {WikiIP}, "mail": {MailIP}, "files": {FilesIP}, "calls": {CallsIP},
		"load":   {LoadIP},
		"portal": {PortalIP}, "clock": {ClockIP}, "dns1": {DNS1}, "dns2": {DNS2}, "exits": {Exit1, Exit2},
		"proxy": {ProxyIP}, "printer": {PrinterIP},
	}
	var out []string
	for _, name := range names {
		switch {
		case known[name] != nil:
			out = append(out, known[name]...)
		case net.ParseIP(name) != nil:
			out = append(out, name)
		default:
			return nil, fmt.Errorf("%w place %q", ErrUnknown, name)
		}
	}
	return out, nil
}

func netDrop(_ context.Context, s *Stage, a args) (deed, error) {
	to, err := places(a.list("to"))
	if err != nil {
		return deed{}, err
	}
	var match string
	if len(to) > 0 {
		match += "ip daddr { " + strings.Join(to, ", ") + " } "
	}
	verdict := a.str("verdict")
	if verdict != "drop" && verdict != "reject" {
		return deed{}, fmt.Errorf("%w verdict %q", ErrUnknown, verdict)
	}
	protos, ok := map[string][]string{
		"any": {""}, "tcp": {"tcp"}, "udp": {"udp"},
		"icmp": {"icmp"},
	}[a.str("proto")]
	if !ok {
		return deed{}, fmt.Errorf("%w proto %q", ErrUnknown, a.str("proto"))
	}
	if ports := a.list("ports"); len(ports) > 0 {
		for _, port := range ports {
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				return deed{}, fmt.Errorf("port %q: %w", port, err)
			}
		}
		if a.str("proto") == "any" {
			protos = []string{"tcp", "udp"}
		}
		for i, proto := range protos {
			protos[i] = proto + " dport { " + strings.Join(ports, ", ") + " }"
		}
	} else if protos[0] != "" {
		protos[0] = "meta l4proto " + protos[0]
	}
	var rules []string
	for _, proto := range protos {
		rules = append(rules, fmt.Sprintf("iifname \"lan\" %s%s counter %s", match, proto, verdict))
	}
	return s.rule("forward", strings.Join(rules, "; "), true)
}

func firstLost(_ context.Context, s *Stage, a args) (deed, error) {
	port := ""
	if a.num("port") != 0 {
		port = fmt.Sprintf("tcp dport %d ", a.num("port"))
	}
	const key = "ip saddr . tcp sport . ip daddr . tcp dport"
	return s.filter(s.lab.router, "set seen { type ipv4_addr . inet_service . ipv4_addr . inet_service; "+
		"flags dynamic,timeout; timeout 10s; } chain c { type filter hook forward priority -150; "+
		"iifname \"lan\" tcp flags & (syn|ack) == syn "+port+key+" != @seen add @seen { "+key+" } counter drop; }", true)
}

func latency(_ context.Context, s *Stage, a args) (deed, error) {
	r, err := tunnel(s.lab.router, s.lab.outside, "far", a.dur("rtt")/2, a.dur("jitter"), int(a.real("loss")*10))
	if err != nil {
		return deed{}, err
	}
	err = errors.Join(
		ip("-n", s.lab.router, "route", "replace", "10.77.1.0/24", "dev", "far", "src", RouterIP),
		ip("-n", s.lab.outside, "route", "replace", "10.77.0.0/24", "dev", "far"))
	if err != nil {
		return deed{}, errors.Join(err, r.close())
	}
	undo := func() error {
		err := r.close() // its routes go with it
		return errors.Join(err, ip("-n", s.lab.router, "route", "replace", "10.77.1.0/24", "dev", "wan", "src",
			"10.77.1.1"))
	}
	return deed{undo: undo, stop: r.close, strained: r.uneven, seen: func(context.Context) (bool, string) {
		n := r.passed.Load()
		return n > 0, fmt.Sprintf("%d packets over the long way, %d of them late", n, r.tardy.Load())
	}}, nil
}

func rate(ctx context.Context, s *Stage, a args) (deed, error) {
	tc := func(args ...string) error {
		_, err := s.in(ctx, s.lab.router, "tc", args...)
		return err
	}
	kbit := a.num("kbit")
	err := tc("qdisc", "add", "dev", "lan", "root", "tbf", "rate", fmt.Sprintf("%dkbit", kbit), "burst", "16kb",
		"latency", fmt.Sprintf("%dms", a.dur("queue").Milliseconds()))
	if err != nil {
		return deed{}, err
	}
	end := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if a.flag("load") {
			s.flood(end, kbit*6/5)
		}
	}()
	stop := func() error {
		close(end)
		<-ended
		return nil
	}
	clear := func() error { return ip("-n", s.lab.router, "link", "show", "lan") }
	undo := func() error {
		_, err := s.in(context.Background(), s.lab.router, "tc", "qdisc", "del", "dev", "lan", "root")
		return errors.Join(err, clear())
	}
	return deed{undo: all(stop, undo), stop: stop, seen: func(ctx context.Context) (bool, string) {
		out, err := s.in(ctx, s.lab.router, "tc", "-s", "qdisc", "show", "dev", "lan")
		return err == nil && strings.Contains(out, "tbf") && !strings.Contains(out,
			"Sent 0 bytes"), "the line's queue: " + strings.Join(strings.Fields(out), " ")
	}}, nil
}

// flood sends a download's worth of packets to the client, a little more than the line can carry.
func (s *Stage) flood(end <-chan struct{}, kbit int) {
	var c net.Conn
	err := within(s.lab.outside, func() (err error) {
		c, err = net.Dial("udp4", ClientIP+":40000")
		return err
	})
	if err != nil {
		return
	}
	defer c.Close()
	const size, beat = 1200, 10 * time.Millisecond
	each := max(1, kbit*int(beat/time.Millisecond)/8/size)
	beat2 := time.Duration(float64(each*size*8) / float64(kbit) * float64(time.Millisecond))
	tick := time.NewTicker(max(beat2, time.Millisecond))
	defer tick.Stop()
	data := make([]byte, size)
	for {
		select {
		case <-end:
			return
		case <-tick.C:
			for range each {
				_, _ = c.Write(data)
			}
		}
	}
}

func mtuHole(_ context.Context, s *Stage, a args) (deed, error) {
	mtu := func(n int) error { return ip("-n", s.lab.router, "link", "set", "wan", "mtu", strconv.Itoa(n)) }
	d, err := s.rule("output", "icmp type destination-unreachable counter drop", true)
	if err != nil {
		return d, err
	}
	if err := mtu(a.num("mtu")); err != nil {
		return d, errors.Join(err, d.undo())
	}
	counted := d.seen
	d.undo = all(d.undo, func() error { return mtu(1500) })
	d.seen = func(ctx context.Context) (bool, string) {
		// A call of the stage's own, with a large question.
		_ = within(s.lab.client, func() error {
			c, err := net.DialTimeout("tcp4", LoadIP+":80", time.Second)
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write(make([]byte, 8<<10))
			time.Sleep(50 * time.Millisecond)
			return err
		})
		return counted(ctx)
	}
	return d, nil
}

func udpBlock(_ context.Context, s *Stage, a args) (deed, error) {
	except := ""
	if ports := a.list("except"); len(ports) > 0 {
		except = "udp dport != { " + strings.Join(ports, ", ") + " } "
	}
	d, err := s.rule("forward", "iifname \"lan\" meta l4proto udp "+except+"counter drop", true)
	if err != nil {
		return d, err
	}
	counted := d.seen
	d.seen = func(ctx context.Context) (bool, string) {
		_ = within(s.lab.client, func() error {
			c, err := net.Dial("udp4", CallsIP+":3478")
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write([]byte{0})
			return err
		})
		return counted(ctx)
	}
	return d, nil
}
