package stage

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// serviceActions are what can happen to the world's servers.
func serviceActions() []action {
	name := need("name", "string",
		"erp, wiki, imap, smtp, files, calls, load, portal, clock, pac, proxy, dns1, dns2, exits")
	host := opt("host", "string", ServiceHost, "a host name of the world, or imap, smtp, pac")
	return []action{
		{
			Action{
				Name: "portal.set", Doc: "A sign-in page stands between the client and the world.",
				Args: []Arg{
					opt("mode", "string", "redirect", "redirect, replaced (another page), or fake (the right answer)"),
					opt("certificates", "bool", false, "it also answers for every TLS host, with its own certificate"),
				},
			},
			portalSet,
		},
		{
			Action{
				Name: "service.stop", Doc: "A server's program does not run: connections are refused.",
				Args: []Arg{name},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				n := a.str("name")
				return plain(func() error { return s.world.Stop(n) }, func() error { return s.world.Start(n) },
					s.closed(n))
			},
		},
		{
			Action{Name: "service.silence", Doc: "A server's computer does not answer.", Args: []Arg{
				need("name", "string", "a place as in net.drop"),
			}},
			func(ctx context.Context, s *Stage, a args) (deed, error) {
				to, err := places([]string{a.str("name")})
				if err != nil {
					return deed{}, err
				}
				var do, undo []func() error
				for _, addr := range to {
					do = append(do, func() error { return s.lab.Blackhole(addr) })
					undo = append(undo, func() error { return s.lab.Reach(addr) })
				}
				return plain(all(do...), all(undo...), s.unreachable(a.str("name"), to[0]+":443"))
			},
		},
		{
			Action{
				Name: "service.answer", Doc: "A server answers, but with a status, late, or a byte at a time.",
				Args: []Arg{
					host, opt("status", "int", 0, "HTTP status; 0 leaves it"), opt("delay", "duration", "0s",
						"before the first byte"),
					opt("drip", "duration", "0s", "between two bytes"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				h := a.str("host")
				return s.mood(func(w *World, on bool) {
					if delete(w.Answers, h); on {
						w.Answers[h] = Answer{a.num("status"), a.dur("delay"), a.dur("drip")}
					}
				}, s.asked(h))
			},
		},
		{
			Action{
				Name: "tls.certificate", Doc: "A server's certificate is bad.",
				Args: []Arg{
					host, need("mode", "string", "expired, not_yet, stranger, name, or ending (valid for five days)"),
				},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				h, mode := a.str("host"), a.str("mode")
				if !strings.Contains(" expired not_yet stranger name ending ", " "+mode+" ") {
					return deed{}, fmt.Errorf("%w mode %q", ErrUnknown, mode)
				}
				return s.mood(func(w *World, on bool) {
					if delete(w.Certs, h); on {
						w.Certs[h] = mode
					}
				}, s.certificateSeen(h, mode))
			},
		},
		{
			Action{
				Name: "tls.intercept",
				Doc:  "Somebody answers for every TLS host, with certificates of an unknown authority.",
			},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return s.mood(func(w *World, on bool) { w.Stranger = on }, s.certificateSeen(WikiHost, "stranger"))
			},
		},
		{
			Action{
				Name: "clock.shift", Doc: "The client's clock is wrong: the world's time, its Date, SNTP and certificates, move.",
				Args: []Arg{need("by", "duration", "what the client is ahead of the world; -9600h is 400 days behind")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				return s.mood(func(w *World, on bool) {
					if w.Shift = 0; on {
						w.Shift = -a.dur("by")
					}
				}, func(ctx context.Context) (bool, string) {
					said, err := s.date(ctx)
					off := time.Since(said) - a.dur("by")
					return err == nil && off.Abs() < 5*time.Second, fmt.Sprintf("the world's Date is %v (%v)", said, err)
				})
			},
		},
		{
			Action{
				Name: "proxy.only", Doc: "Only a proxy leads out, and the settings name it: nothing is wrong.",
				Args: []Arg{opt("by", "string", "settings", "what names it: settings or environment")},
			},
			proxyOnly,
		},
		{
			Action{
				Name: "proxy.dead", Doc: "A proxy is configured where none is.",
				Args: []Arg{
					opt("by", "string", "environment", "what names it: settings or environment"),
					opt("silent", "bool", false, "it does not even refuse"),
				},
			},
			proxyDead,
		},
	}
}

func portalSet(_ context.Context, s *Stage, a args) (deed, error) {
	mode, ok := map[string]string{"redirect": "redirect", "replaced": "replaced", "fake": "ok"}[a.str("mode")]
	if !ok {
		return deed{}, fmt.Errorf("%w mode %q", ErrUnknown, a.str("mode"))
	}
	return s.mood(func(w *World, on bool) {
		if w.Portal, w.Stranger = "ok", false; on {
			w.Portal, w.Stranger = mode, a.flag("certificates")
		}
	}, func(ctx context.Context) (bool, string) {
		head, err := s.get(ctx, PortalIP, PortalHost)
		first, _, _ := strings.Cut(head, "\r\n")
		want := map[string]string{"redirect": " 302 ", "replaced": " 200 ", "ok": " 204 "}[mode]
		return err == nil && strings.Contains(first, want), fmt.Sprintf("portal page: %s %v", first, err)
	})
}

// closed sees that a server's own address refuses.
func (s *Stage) closed(name string) func(context.Context) (bool, string) {
	addr := map[string]string{
		"erp": ServiceIP + ":443", "wiki": WikiIP + ":443", "imap": MailIP + ":993", "smtp": MailIP + ":587",
		"files": FilesIP + ":445", "load": LoadIP + ":80", "portal": PortalIP + ":80", "clock": ClockIP + ":80",
		"pac": ProxyIP + ":80", "proxy": ProxyIP + ":3128", "dns1": DNS1 +
			":53", "dns2": DNS2 + ":53", "exits": Exit1 + ":443",
	}[name]
	return func(ctx context.Context) (bool, string) {
		if addr == "" {
			return true, name + " is stopped"
		}
		err := s.dial(ctx, addr)
		return err != nil && strings.Contains(err.Error(), "refused"), fmt.Sprintf("call to %s: %v", name, err)
	}
}

// asked sees that somebody asked the server since it misbehaves.
func (s *Stage) asked(name string) func(context.Context) (bool, string) {
	before := s.world.Asked(name)
	return func(context.Context) (bool, string) {
		n := s.world.Asked(name) - before
		return n > 0, fmt.Sprintf("%s was asked %d times", name, n)
	}
}

// certificateSeen looks at a certificate from the client's network.
func (s *Stage) certificateSeen(host, mode string) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		port := map[string]string{MailHost: "993"}[host]
		if port == "" {
			port = "443"
		}
		var state tls.ConnectionState
		err := s.converse(ctx, net.JoinHostPort(address(host), port), func(c net.Conn) error {
			// What is wrong with it is what is looked for.
			t := tls.Client(c, &tls.Config{ServerName: host, InsecureSkipVerify: true})
			if err := t.Handshake(); err != nil {
				return err
			}
			state = t.ConnectionState()
			return nil
		})
		if err != nil || len(state.PeerCertificates) == 0 {
			return false, fmt.Sprintf("certificate of %s: %v", host, err)
		}
		cert, now := state.PeerCertificates[0], s.world.now()
		bad := map[string]bool{
			"expired": now.After(cert.NotAfter), "not_yet": now.Before(cert.NotBefore),
			"stranger": cert.Issuer.CommonName != "Lab CA", "name": cert.VerifyHostname(host) != nil,
			"ending": cert.NotAfter.Sub(now) < 10*24*time.Hour,
		}[mode]
		return bad, fmt.Sprintf("certificate of %s: by %s, until %v", host, cert.Issuer.CommonName, cert.NotAfter)
	}
}

// converse talks over a connection from the client's network, under a deadline.
func (s *Stage) converse(ctx context.Context, addr string, f func(net.Conn) error) error {
	const wait = 1500 * time.Millisecond
	return within(s.lab.client, func() error {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		c, err := (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(wait))
		return f(c)
	})
}

// get is the head of a page's answer.
func (s *Stage) get(ctx context.Context, addr, host string) (head string, err error) {
	err = s.converse(ctx, addr+":80", func(c net.Conn) error {
		if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host); err != nil {
			return err
		}
		raw, err := io.ReadAll(io.LimitReader(c, 4096))
		head = string(raw)
		return err
	})
	return head, err
}

func (s *Stage) date(ctx context.Context) (time.Time, error) {
	head, err := s.get(ctx, ClockIP, ClockHost)
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.SplitSeq(head, "\r\n") {
		if text, ok := strings.CutPrefix(line, "Date: "); ok {
			return http.ParseTime(text)
		}
	}
	return time.Time{}, errors.New("no date")
}

// named puts a proxy where the client looks for one.
func (s *Stage) named(by, url string) (undo func() error, err error) {
	switch by {
	case "settings":
		return s.set([]string{"desk", "proxy"}, url), nil
	case "environment":
		s.env["https_proxy"], s.env["http_proxy"] = url, url
		return func() error {
			delete(s.env, "https_proxy")
			delete(s.env, "http_proxy")
			return nil
		}, nil
	}
	return nil, fmt.Errorf("%w place for a proxy %q", ErrUnknown, by)
}

func proxyOnly(_ context.Context, s *Stage, a args) (deed, error) {
	if err := s.world.ServeProxy(); err != nil {
		return deed{}, err
	}
	forget, err := s.named(a.str("by"), "http://"+ProxyHost+":3128")
	if err != nil {
		return deed{}, err
	}
	// Names and time pass; so does the page that looks for portals, as it does on such networks.
	d, err := s.rule("forward", fmt.Sprintf("iifname \"lan\" ip daddr { %s } counter drop",
		strings.Join([]string{ServiceIP, WikiIP, Exit1, Exit2}, ", ")), false)
	if err != nil {
		return d, errors.Join(err, forget())
	}
	d.undo = all(d.undo, forget, func() error { return s.world.Stop("proxy") })
	d.seen = func(ctx context.Context) (bool, string) {
		direct, proxy := s.dial(ctx, ServiceIP+":443"), s.dial(ctx, ProxyIP+":3128")
		return direct != nil && proxy == nil, fmt.Sprintf("call to the service: %v, to the proxy: %v", direct,
			proxy)
	}
	return d, nil
}

func proxyDead(_ context.Context, s *Stage, a args) (deed, error) {
	forget, err := s.named(a.str("by"), "http://"+ProxyIP+":3128")
	if err != nil || !a.flag("silent") {
		return deed{undo: forget, seen: func(ctx context.Context) (bool, string) {
			err := s.dial(ctx, ProxyIP+":3128")
			return err != nil, fmt.Sprintf("call to the proxy: %v", err)
		}}, err
	}
	return plain(func() error { return s.lab.Blackhole(ProxyIP) },
		all(forget, func() error { return s.lab.Reach(ProxyIP) }), s.unreachable("the proxy", ProxyIP+":3128"))
}
