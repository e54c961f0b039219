package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// wayActions are what other ways there are: the newer Internet, and the organisation's tunnel.
func wayActions() []action {
	return []action{
		{
			Action{Name: "ipv6.on", Doc: "The network and the world speak IPv6 as well, and it works."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return plain(s.sixOn, s.sixOff, func(ctx context.Context) (bool, string) {
					err := s.dial(ctx, net.JoinHostPort(six(ServiceIP), "443"))
					return err == nil, fmt.Sprintf("call over IPv6: %v", err)
				})
			},
		},
		{
			Action{Name: "ipv6.blackhole", Doc: "There is IPv6, the world's names have it, and it leads nowhere."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				if err := s.sixOn(); err != nil {
					return deed{}, err
				}
				d, err := s.rule("forward", "meta nfproto ipv6 counter drop", false)
				d.undo = all(d.undo, s.sixOff)
				d.seen = s.unreachable("the service over IPv6", net.JoinHostPort(six(ServiceIP), "443"))
				return d, err
			},
		},
		{
			Action{
				Name: "vpn.up", Doc: "The organisation's tunnel is needed, and stands.",
				Args: []Arg{
					opt("dead", "bool", false, "it stands, but nothing comes through"),
					opt("rtt", "duration", "0s", "there and back through it"),
				},
			},
			vpnUp,
		},
		{
			Action{Name: "vpn.down", Doc: "The organisation's tunnel is needed, and does not stand."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return deed{undo: s.wantVPN(), seen: s.unreachable("the inside", InsideIP+":443")}, nil
			},
		},
	}
}

// sixOn gives every link and every name of the world an address of the sixth version.
func (s *Stage) sixOn() error {
	const lan, wan = "2001:db8:77::", "2001:db8:77::1:"
	outside := []string{}
	for _, a := range worldIPs {
		outside = append(outside, "addr add "+six(a)+"/112 dev eth0 nodad")
	}
	forward := within(s.lab.router, func() error { return put("/proc/sys/net/ipv6/conf/all/forwarding", "1") })
	err := errors.Join(forward,
		batch(s.lab.router, []string{
			"addr add " + lan + "1/112 dev lan nodad",
			"addr add " + wan + "1/112 dev wan nodad",
		}),
		batch(s.lab.outside, append(outside, "route add default via "+wan+"1")),
		batch(s.lab.client, []string{
			"addr add " + lan + "2/112 dev eth0 nodad",
			"route add default via " + lan + "1",
		}))
	if err != nil {
		return err
	}
	w := s.world
	for name, host := range map[string]string{"erp": ServiceIP, "wiki": WikiIP} {
		w.add(name+"6", func() ([]io.Closer, error) {
			return w.serveHTTP(net.JoinHostPort(six(host), "443"), http.HandlerFunc(w.page), w.tls())
		})
	}
	for name, host := range map[string]string{"portal": PortalIP, "clock": ClockIP} {
		handler := http.HandlerFunc(w.page)
		if name == "portal" {
			handler = w.portal
		}
		w.add(name+"6", func() ([]io.Closer, error) {
			return w.serveHTTP(net.JoinHostPort(six(host), "80"),
				handler, nil)
		})
	}
	w.add("imap6", func() ([]io.Closer, error) {
		return w.accept(w.tls(), w.imap, net.JoinHostPort(six(MailIP),
			"993"))
	})
	w.add("files6", func() ([]io.Closer, error) {
		return w.accept(nil, w.listen, net.JoinHostPort(six(FilesIP),
			"445"))
	})
	w.add("calls6", func() ([]io.Closer, error) { return w.serveSTUN(net.JoinHostPort(six(CallsIP), "3478")) })
	w.Set(func(w *World) { w.IPv6 = true })
	return errors.Join(w.Start("erp6"), w.Start("wiki6"), w.Start("portal6"), w.Start("clock6"),
		w.Start("imap6"),
		w.Start("files6"), w.Start("calls6"))
}

func (s *Stage) sixOff() error {
	s.world.Set(func(w *World) { w.IPv6 = false })
	var errs []error
	for _, name := range []string{"erp6", "wiki6", "portal6", "clock6", "imap6", "files6", "calls6"} {
		errs = append(errs, s.world.Stop(name))
	}
	for _, end := range [][2]string{
		{s.lab.client, "eth0"},
		{s.lab.router, "lan"},
		{s.lab.router, "wan"},
		{s.lab.outside, "eth0"},
	} {
		errs = append(errs, ip("-n", end[0], "-6", "addr", "flush", "dev", end[1], "scope", "global"))
	}
	return errors.Join(errs...)
}

func (s *Stage) wantVPN() (undo func() error) {
	return s.set([]string{"probes", "vpn"}, map[string]any{
		"required": "yes", "name": vpnName,
		"inside": InsideIP + ":443",
	})
}

// vpnName is the tunnel's name in the settings and in the system.
const vpnName = "Bureau"

func vpnUp(_ context.Context, s *Stage, a args) (deed, error) {
	lost := 0
	if a.flag("dead") {
		lost = 1000
	}
	r, err := tunnel(s.lab.client, s.lab.outside, "tun0", a.dur("rtt")/2, 0, lost)
	if err != nil {
		return deed{}, err
	}
	w := s.world
	w.add("inside", func() ([]io.Closer, error) { return w.accept(nil, hangUp, InsideIP+":443") })
	err = errors.Join(
		ip("-n", s.lab.client, "addr", "add", TunnelIP+"/24", "dev", "tun0"),
		ip("-n", s.lab.outside, "addr", "add", InsideIP+"/24", "dev", "tun0"))
	if err == nil {
		err = w.Start("inside")
	}
	if err != nil {
		return deed{}, errors.Join(err, r.close())
	}
	forget := s.wantVPN()
	undo := all(forget, func() error { return w.Stop("inside") }, r.close)
	return deed{undo: undo, stop: r.close, seen: func(ctx context.Context) (bool, string) {
		err := s.dial(ctx, InsideIP+":443")
		return (err == nil) != a.flag("dead"), fmt.Sprintf("call through the tunnel: %v", err)
	}}, nil
}
