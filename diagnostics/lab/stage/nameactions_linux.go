package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameActions are what can happen to names: to the servers, and to the client's own settings.
func nameActions() []action {
	server := opt("server", "string", "both", "first, second or both")
	return []action{
		{
			Action{Name: "dns.mute", Doc: "Name servers do not answer.", Args: []Arg{server}},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				which, err := servers(a.str("server"))
				if err != nil {
					return deed{}, err
				}
				return s.mood(func(w *World, on bool) {
					for _, addr := range which {
						w.Dead[addr] = on
					}
				}, s.asksIn(which, ServiceHost, "silence"))
			},
		},
		{
			Action{
				Name: "dns.stop", Doc: "Name servers are stopped: their computer refuses the question.",
				Args: []Arg{server},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				which, err := servers(a.str("server"))
				if err != nil {
					return deed{}, err
				}
				var stop, start []func() error
				for _, addr := range which {
					name := map[string]string{DNS1: "dns1", DNS2: "dns2"}[addr]
					stop = append(stop, func() error { return s.world.Stop(name) })
					start = append(start, func() error { return s.world.Start(name) })
				}
				return plain(all(stop...), all(start...), s.asksIn(which, ServiceHost, "refused by the host"))
			},
		},
		{
			Action{
				Name: "dns.answer", Doc: "Name servers answer every question the same way.",
				Args: []Arg{need("mode", "string", "servfail, refused, nxdomain or garbage")},
			},
			dnsAnswer,
		},
		{
			Action{
				Name: "dns.missing", Doc: "Names do not exist.",
				Args: []Arg{opt("names", "list", []string{ServiceHost}, "host names")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				names := a.list("names")
				return s.mood(func(w *World, on bool) {
					for _, name := range names {
						w.Missing[name] = on
					}
				}, s.asks(names[0], "RCodeNameError"))
			},
		},
		{
			Action{Name: "dns.tcp_only", Doc: "Name servers answer over TCP only."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return s.mood(func(w *World, on bool) { w.TCPOnly = on }, s.asks(ServiceHost, "silence"))
			},
		},
		{
			Action{
				Name: "dns.slow", Doc: "Name servers are late with every answer.",
				Args: []Arg{opt("delay", "duration", "900ms", "before each answer")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.mood(func(w *World, on bool) {
					if w.Late = 0; on {
						w.Late = a.dur("delay")
					}
				}, func(ctx context.Context) (bool, string) {
					start := time.Now()
					said := s.ask(ctx, DNS1, ServiceHost)
					took := time.Since(start)
					return took >= a.dur("delay") || said == "silence", fmt.Sprintf("%s after %v", said,
						took.Round(time.Millisecond))
				})
			},
		},
		{
			Action{
				Name: "dns.hijack", Doc: "Names that do not exist lead somewhere.",
				Args: []Arg{
					opt("to", "string", PortalIP, "an address"),
					opt("all", "bool", false, "names that exist lead there too"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				if net.ParseIP(a.str("to")).To4() == nil {
					return deed{}, fmt.Errorf("no address: %q", a.str("to"))
				}
				return s.mood(func(w *World, on bool) {
					w.Wildcard, w.Forge = "", false
					if on {
						w.Wildcard, w.Forge = a.str("to"), a.flag("all")
					}
				}, s.asks("no-such-name.lab.test", a.str("to")))
			},
		},
		{
			Action{
				Name: "resolv.set", Doc: "The client's resolv.conf says something else.",
				Args: []Arg{
					opt("servers", "list", []string{}, "addresses; none leaves no name server"),
					opt("text", "string", "", "the whole file instead"),
				},
			},
			resolvSet,
		},
		{
			Action{
				Name: "hosts.add", Doc: "The client's /etc/hosts has more lines.",
				Args: []Arg{need("lines", "list", "such as \"192.0.2.1 erp.lab.test\"")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.edit("/etc/hosts", func(old string) string {
					return old + strings.Join(a.list("lines"),
						"\n") + "\n"
				})
			},
		},
	}
}

func servers(which string) ([]string, error) {
	switch which {
	case "first":
		return []string{DNS1}, nil
	case "second":
		return []string{DNS2}, nil
	case "both":
		return []string{DNS1, DNS2}, nil
	}
	return nil, fmt.Errorf("%w server %q", ErrUnknown, which)
}

// mood changes how the world behaves, and back.
func (s *Stage) mood(change func(w *World, on bool), seen func(context.Context) (bool, string)) (deed,
	error,
) {
	set := func(on bool) func() error {
		return func() error {
			s.world.Set(func(w *World) { change(w, on) })
			return nil
		}
	}
	return plain(set(true), set(false), seen)
}

// edit changes a file of the client's machine, and back.
func (s *Stage) edit(name string, change func(old string) string) (deed, error) {
	old, err := s.machine.read(name)
	if err != nil {
		return deed{}, err
	}
	text := change(old)
	return plain(func() error { return s.machine.write(name, text) },
		func() error { return s.machine.write(name, old) },
		func(context.Context) (bool, string) {
			now, err := s.machine.read(name)
			return err == nil && now == text, name + " as the client sees it"
		})
}

func dnsAnswer(_ context.Context, s *Stage, a args) (deed, error) {
	want, ok := map[string]string{
		"servfail": "RCodeServerFailure", "refused": "RCodeRefused", "nxdomain": "RCodeNameError",
		"garbage": "garbage",
	}[a.str("mode")]
	if !ok {
		return deed{}, fmt.Errorf("%w mode %q", ErrUnknown, a.str("mode"))
	}
	return s.mood(func(w *World, on bool) {
		if w.DNS = "ok"; on {
			w.DNS = a.str("mode")
		}
	}, s.asks(ServiceHost, want))
}

func resolvSet(_ context.Context, s *Stage, a args) (deed, error) {
	text := a.str("text")
	if text == "" {
		for _, addr := range a.list("servers") {
			text += "nameserver " + addr + "\n"
		}
	}
	return s.edit("/etc/resolv.conf", func(string) string { return text })
}

func (s *Stage) asks(name, want string) func(context.Context) (bool, string) {
	return s.asksIn([]string{DNS1}, name, want)
}

// asksIn sees that every one of the servers says the same to the stage's own question.
func (s *Stage) asksIn(servers []string, name, want string) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		var said []string
		for _, server := range servers {
			said = append(said, s.ask(ctx, server, name))
		}
		odd := slices.ContainsFunc(said, func(one string) bool { return one != want })
		return !odd, fmt.Sprintf("name servers asked for %s: %s", name, strings.Join(said, ", "))
	}
}

// ask puts one question to a name server from the client's network and says in a word what came back: an
// address, a code, "garbage", "silence" or "refused by the host".
func (s *Stage) ask(ctx context.Context, server, name string) string {
	const wait = 1200 * time.Millisecond
	var said string
	err := within(s.lab.client, func() error {
		d := net.Dialer{}
		c, err := d.DialContext(ctx, "udp4", server+":53")
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(wait))
		query, err := question(name)
		if err != nil {
			return err
		}
		if _, err := c.Write(query); err != nil {
			return err
		}
		buf := make([]byte, 4096)
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		said = reading(buf[:n])
		return nil
	})
	var late net.Error
	switch {
	case err == nil:
		return said
	case errors.As(err, &late) && late.Timeout():
		return "silence"
	case strings.Contains(err.Error(), "refused"):
		return "refused by the host"
	}
	return err.Error()
}

func question(name string) ([]byte, error) {
	n, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 77, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: n, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	return m.Pack()
}

func reading(answer []byte) string {
	var m dnsmessage.Message
	if err := m.Unpack(answer); err != nil {
		return "garbage"
	}
	for _, a := range m.Answers {
		if v4, ok := a.Body.(*dnsmessage.AResource); ok {
			return net.IP(v4.A[:]).String()
		}
	}
	return m.RCode.String()
}
