package probes

import (
	"bytes"
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"balise/diagnostics/internal/probe"
)

func ms(d time.Duration) int64 { return d.Milliseconds() }

func days(d time.Duration) int64 { return int64(d / (24 * time.Hour)) }

// An error that did not happen is "": known, and none. One that could not be seen is missing.

// kindOf is the short word for a network error; see probe.Kind.
func kindOf(err error) string {
	kind, _ := probe.Kind(err)
	return kind
}

func roots(p Params) (*x509.CertPool, error) {
	pool, err := probe.Roots(p.CAFile)
	if err != nil {
		return nil, because("config.desk.ca_file", err)
	}
	return pool, nil
}

func tcp(ctx context.Context, a args, _ Params) (values, error) {
	d := probe.DialHost(ctx, a.text("target"))
	if d.Err != nil {
		return values{"tcp.open": false, "tcp.err": kindOf(d.Err)}, nil
	}
	_ = d.Conn.Close()
	return values{"tcp.open": true, "tcp.err": "", "tcp.ms": ms(d.Took)}, nil
}

// udp asks as programs for calls do (STUN): other services may stay silent at any question but their own.
func udp(ctx context.Context, a args, _ Params) (values, error) {
	b := probe.STUN(ctx, a.text("target"))
	if b.Err != nil {
		return values{"udp.answered": false, "udp.err": kindOf(b.Err)}, nil
	}
	return values{"udp.answered": true, "udp.err": "", "udp.ms": ms(b.Took)}, nil
}

// dns asks as programs do, or one server.
func dns(ctx context.Context, a args, _ Params) (values, error) {
	start := time.Now()
	var addrs []netip.Addr
	var failed string
	if server := a.text("server"); server != "" {
		ip, err := netip.ParseAddr(server)
		if err != nil {
			return nil, because("pack.server", err)
		}
		answer := probe.AskServer(ctx, ip, a.text("name"), time.Second)
		addrs = answer.Addrs
		switch {
		case answer.Err != nil:
			failed = kindOf(answer.Err)
		case len(addrs) == 0 && answer.RCode != "success":
			failed = answer.RCode
		case len(addrs) == 0:
			failed = probe.KindName
		}
	} else {
		found, err := probe.LookupHost(ctx, a.text("name"))
		addrs = found
		if err != nil {
			failed = kindOf(err)
		}
	}
	out := values{"dns.found": failed == "", "dns.err": failed, "dns.count": len(addrs)}
	if failed != "" {
		return out, nil
	}
	list := make([]string, len(addrs))
	for i, addr := range addrs {
		list[i] = addr.String()
	}
	out["dns.addresses"], out["dns.ms"] = list, ms(time.Since(start))
	return out, nil
}

// https goes whichever way works, like the core's tests of services: by the settings' proxy, by the desktop's,
// or straight.
func https(ctx context.Context, a args, p Params) (values, error) {
	pool, err := roots(p)
	if err != nil {
		return nil, err
	}
	answer := probe.FetchAny(ctx, probe.HTTPRequest{URL: a.text("url"), Proxy: p.Proxy, Roots: pool})
	out := values{"http.answered": answer.Err == nil, "http.stage": answer.Stage, "http.proxied": answer.Proxied}
	if answer.Err != nil {
		out["http.err"] = kindOf(answer.Err)
		switch answer.Stage {
		case probe.StageProxy:
			out["http.err"] = probe.KindProxy
		case probe.StageTLS:
			reason, _ := probe.TLSReason(answer.Err)
			out["http.err"], out["tls.err"] = probe.KindTLS, reason
		}
		return out, nil
	}
	took := answer.Took
	if lost, over := probe.LostSYN(answer.Connect); lost {
		took -= over // one lost request is not a slow service
	}
	out["http.status"], out["http.ms"] = answer.Status, ms(took)
	out["http.err"], out["tls.err"] = "", ""
	if want := a.text("contains"); want != "" {
		out["http.contains"] = bytes.Contains(answer.Body, []byte(want))
	}
	cert(out, answer.Cert)
	return out, nil
}

func cert(out values, c probe.Certificate) {
	if c.NotAfter.IsZero() {
		return
	}
	out["tls.days"] = days(time.Until(c.NotAfter))
	if c.Issuer != "" {
		out["tls.issuer"] = c.Issuer
	}
}

func tlsProbe(ctx context.Context, a args, p Params) (values, error) {
	pool, err := roots(p)
	if err != nil {
		return nil, err
	}
	target, name := a.text("target"), a.text("name")
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return nil, because("pack.target", err)
	}
	if name == "" {
		name = host
	}
	conn, err := probe.ConnectAny(ctx, p.Proxy, &url.URL{Scheme: "https", Host: target}, target)
	if err != nil {
		return values{"tcp.open": false, "tcp.err": kindOf(err), "tls.valid": false}, nil
	}
	defer conn.Close()
	start := time.Now()
	seen, err := probe.Handshake(ctx, conn, name, pool)
	out := values{"tcp.open": true, "tls.valid": err == nil}
	out["tcp.err"] = ""
	if err != nil {
		out["tls.err"], _ = probe.TLSReason(err)
		return out, nil
	}
	out["tls.err"], out["tls.ms"] = "", ms(time.Since(start))
	cert(out, seen)
	return out, nil
}

// mailProbe greets a mail server, and encrypts. No name and no password is ever sent.
func mailProbe(protocol string) reader {
	return func(ctx context.Context, a args, p Params) (values, error) {
		pool, err := roots(p)
		if err != nil {
			return nil, err
		}
		scheme := protocol
		if a.text("security") != "starttls" {
			scheme += "s"
		}
		answer := probe.ReachMail(ctx, scheme+"://"+a.text("target"), pool)
		out := values{"mail.answered": answer.Err == nil, "mail.stage": answer.Stage}
		if answer.Err != nil {
			out["mail.err"] = mailError(answer)
			if answer.Stage == probe.StageTLS {
				out["tls.err"], _ = probe.TLSReason(answer.Err)
			}
			return out, nil
		}
		out["mail.tls"], out["mail.ms"] = answer.TLS, ms(answer.Took)
		out["mail.err"], out["tls.err"] = "", ""
		cert(out, answer.Cert)
		return out, nil
	}
}

func ipp(ctx context.Context, a args, _ Params) (values, error) {
	host, port, err := net.SplitHostPort(a.text("target"))
	if err != nil {
		return nil, because("pack.target", err)
	}
	path := a.text("path")
	if path == "" {
		path = "/ipp/print"
	}
	secure, _ := a["tls"].(bool)
	answer := probe.AskDevice(ctx, probe.Device{
		Kind: probe.DeviceNetwork, Scheme: "ipp", Host: strings.Trim(host, "[]"), Port: port, IPP: path, TLS: secure,
	})
	out := values{"ipp.answered": answer.Err == nil && answer.Asked}
	if answer.Err != nil {
		out["ipp.err"] = kindOf(answer.Err)
		return out, nil
	}
	out["ipp.ms"] = ms(answer.Connect)
	if !answer.Asked {
		out["ipp.err"] = probe.KindOther
		return out, nil
	}
	out["ipp.err"] = ""
	out["ipp.state"], out["ipp.reasons"] = answer.State, answer.Reasons
	out["ipp.accepting"], out["ipp.no_paper"] = answer.Accepting, answer.NoPaper
	return out, nil
}
