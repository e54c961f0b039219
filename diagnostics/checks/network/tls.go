package network

import (
	"context"
	"crypto/x509"
	"net/url"
	"slices"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// shake is what became of one endpoint's handshake.
type shake struct {
	name   string
	host   string
	index  int
	open   bool   // connected: without that there is nothing to say about TLS
	reason string // empty: verified
	code   string
	cert   probe.Certificate
	read   bool // cert was seen
}

func tlsCheck(spec catalogue.Spec, p Params) func(context.Context, int) diagnostics.Outcome {
	expiring := time.Duration(spec.Limit("expiring_days")) * 24 * time.Hour
	targets := p.tlsTargets()
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		if len(targets) == 0 {
			return notConfigured("probes.services")
		}
		roots, err := probe.Roots(p.CAFile)
		if err != nil {
			return unknown("config.desk.ca_file")
		}
		answers := make(chan shake, len(targets))
		for i, t := range targets {
			go func() {
				s := shakeHands(ctx, t, p.Proxy, roots)
				s.index = i
				answers <- s
			}()
		}
		var shakes []shake
		for range targets {
			shakes = append(shakes, <-answers)
		}
		slices.SortFunc(shakes, func(a, b shake) int { return a.index - b.index })
		return judgeTLS(shakes, time.Now(), expiring)
	}
}

// tlsTargets are the https endpoints beyond this computer, one a host.
func (p Params) tlsTargets() []Endpoint {
	const most = 6
	var list []Endpoint
	seen := map[string]bool{}
	for _, e := range p.endpoints() {
		u, err := url.Parse(e.URL)
		if err != nil || u.Scheme != "https" || isLoopback(u.Hostname()) || seen[u.Host] ||
			len(list) == most {
			continue
		}
		seen[u.Host] = true
		list = append(list, e)
	}
	return list
}

// shakeHands verifies one endpoint. What is refused is looked at once more on a second connection, only to
// read whose certificate it was.
func shakeHands(ctx context.Context, e Endpoint, proxy string, roots *x509.CertPool) shake {
	u, _ := url.Parse(e.URL) // parsed before
	s := shake{name: e.Name, host: u.Hostname()}
	conn, err := probe.ConnectAny(ctx, proxy, u, hostPort(u))
	if err != nil {
		_, s.code = probe.Kind(err)
		return s
	}
	s.open = true
	s.cert, err = probe.Handshake(ctx, conn, u.Hostname(), roots)
	_ = conn.Close()
	s.read = err == nil
	if err == nil {
		return s
	}
	s.reason, s.code = probe.TLSReason(err)
	if s.reason == probe.TLSTimeout || ctx.Err() != nil {
		return s
	}
	if conn, err = probe.ConnectAny(ctx, proxy, u, hostPort(u)); err == nil {
		s.cert, s.read = probe.ReadCertificate(ctx, conn, u.Hostname())
		_ = conn.Close()
	}
	return s
}

var tlsCauses = map[string]diagnostics.Cause{
	probe.TLSExpired: "net.tls/expired", probe.TLSNotYet: "net.tls/not_yet", probe.TLSName: "net.tls/name",
	probe.TLSUntrusted: "net.tls/untrusted", probe.TLSAlert: "net.tls/alert",
	probe.TLSTimeout: "net.tls/silent", probe.TLSNoTLS: "net.tls/no_tls", probe.TLSClosed: "net.tls/closed",
}

func judgeTLS(shakes []shake, now time.Time, expiring time.Duration) diagnostics.Outcome {
	var open, bad []shake
	for _, s := range shakes {
		if s.open {
			open = append(open, s)
		}
		if s.open && s.reason != "" {
			bad = append(bad, s)
		}
	}
	facts := []diagnostics.Fact{
		diagnostics.Int("endpoints", int64(len(open)), ""), diagnostics.Int("failed", int64(len(bad)), ""),
	}
	if len(open) == 0 {
		out := unknown("tls.no_connection")
		out.Error = shakes[0].code
		return out
	}
	if len(bad) > 0 {
		s := bad[0]
		out := failed(tlsCauses[s.reason], append(facts, s.facts(now)...))
		out.Error, out.Target = s.code, s.name
		if intercepted(open, bad) {
			out.Cause = "net.tls/intercepted"
		}
		return out
	}
	soonest := slices.MinFunc(open, func(a, b shake) int { return a.cert.NotAfter.Compare(b.cert.NotAfter) })
	facts = append(facts, soonest.facts(now)...)
	if soonest.cert.NotAfter.Sub(now) < expiring {
		out := warned("net.tls/expiring", diagnostics.Notice, facts)
		out.Final = true
		return out
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
}

func (s shake) facts(now time.Time) []diagnostics.Fact {
	facts := []diagnostics.Fact{diagnostics.Text("endpoint", s.name), hostFact("host", s.host)}
	if !s.read {
		return facts
	}
	const day = 24 * time.Hour
	return append(facts,
		diagnostics.Identifier("issuer", s.cert.Issuer, diagnostics.Infra, diagnostics.KindOther),
		diagnostics.Text("not_before", s.cert.NotBefore.UTC().Format(time.RFC3339)),
		diagnostics.Text("not_after", s.cert.NotAfter.UTC().Format(time.RFC3339)),
		diagnostics.Int("days_left", int64(s.cert.NotAfter.Sub(now)/day), "d"))
}

// intercepted tells whether somebody stands in the middle: several different hosts, all vouched for by the
// same issuer that nobody here trusts.
func intercepted(open, bad []shake) bool {
	if len(bad) < 2 || len(bad) < len(open) {
		return false
	}
	for _, s := range bad {
		if s.reason != probe.TLSUntrusted || !s.read || s.cert.Issuer == "" ||
			s.cert.Issuer != bad[0].cert.Issuer {
			return false
		}
	}
	return true
}
