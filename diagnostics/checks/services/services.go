// Package services tests whether the organisation's services and mail servers answer: svc.reach.<name> and
// mail.reach.<name>, one for each that the settings name.
package services

import (
	"context"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// Service is one service of the settings.
type Service struct {
	Name string
	URL  string
}

// Params are the services and how to reach them.
type Params struct {
	Services []Service
	Mail     []Service
	CAFile   string
	Proxy    string
}

// Checks makes one svc.reach.<name> a service, and one mail.reach.<name> a mail server.
func Checks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	return append(reachChecks(cat, p), mailChecks(cat, p)...)
}

func reachChecks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	spec := cat.Get("svc.reach")
	slow := time.Duration(spec.Limit("slow_ms")) * time.Millisecond
	return each(spec, "svc.reach.", p.Services, func(id string, s Service) run { return reach(id, s, p, slow) })
}

type run = func(context.Context, int) diagnostics.Outcome

// each makes a self-test of a template for every service, with an id of its own.
func each(spec catalogue.Spec, prefix string, services []Service, test func(id string, s Service) run,
) []diagnostics.Check {
	var list []diagnostics.Check
	taken := map[string]bool{}
	for _, s := range services {
		id := prefix + Slug(s.Name)
		for taken[id] {
			id += "_"
		}
		taken[id] = true
		c := spec.Check(test(id, s))
		c.ID = id
		if u, err := url.Parse(s.URL); err == nil {
			c.Host = u.Host
			if local(u.Hostname()) {
				// A service on this computer needs no network.
				c.Needs, c.ExplainedBy, c.MootBy = nil, nil, nil
			}
		}
		list = append(list, c)
	}
	return list
}

var notSlug = regexp.MustCompile(`[^a-z0-9_-]+`)

// Slug makes a part of an id from a name that people chose.
func Slug(name string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1 // the accent that decomposition has set apart
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(name))
	s := strings.Trim(notSlug.ReplaceAllString(plain, "-"), "-")
	if s == "" {
		return "unnamed"
	}
	return s
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	named := host == "localhost" || strings.HasSuffix(host, ".localhost")
	return named || err == nil && a.Unmap().IsLoopback()
}

func reach(
	id string, s Service, p Params, slow time.Duration,
) func(context.Context, int) diagnostics.Outcome {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		roots, err := probe.Roots(p.CAFile)
		if err != nil {
			return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "config.desk.ca_file"}
		}
		a := probe.FetchAny(ctx, probe.HTTPRequest{URL: s.URL, Proxy: p.Proxy, Roots: roots})
		out := judge(a, slow)
		out.Cause = diagnostics.Cause(strings.Replace(string(out.Cause), "svc.reach.*", id, 1))
		out.Target = s.Name
		out.Facts = append(out.Facts, diagnostics.Text("service", s.Name))
		if u, err := url.Parse(s.URL); err == nil {
			out.Facts = append(out.Facts,
				diagnostics.Identifier("host", u.Hostname(), diagnostics.Infra, diagnostics.KindHost))
			if local(u.Hostname()) {
				// Package cause reads this: no network explains a service of this very computer.
				out.Facts = append(out.Facts, diagnostics.Bool("local", true))
			}
		}
		return out
	}
}

var tlsCauses = map[string]diagnostics.Cause{
	probe.TLSExpired: "svc.reach.*/cert_expired", probe.TLSNotYet: "svc.reach.*/cert_not_yet",
	probe.TLSName: "svc.reach.*/cert_name", probe.TLSUntrusted: "svc.reach.*/cert_untrusted",
	probe.TLSAlert: "svc.reach.*/no_tls", probe.TLSNoTLS: "svc.reach.*/no_tls",
	probe.TLSClosed: "svc.reach.*/no_tls", probe.TLSTimeout: "svc.reach.*/silent",
}

// judge says where the way to the service ends. Any answer below 500 is an answer: a service that asks who
// we are, or does not know the page, is there.
func judge(a probe.HTTPAnswer, slow time.Duration) diagnostics.Outcome {
	facts := []diagnostics.Fact{diagnostics.Text("stage", a.Stage)}
	if a.Status != 0 {
		facts = append(facts, diagnostics.Int("http_status", int64(a.Status), ""))
	}
	facts = append(facts, diagnostics.Int("took", a.Took.Milliseconds(), "ms"))
	if a.Proxied {
		facts = append(facts, diagnostics.Bool("proxied", true))
	}
	if a.Err == nil {
		return answered(a, slow, facts)
	}
	out := diagnostics.Outcome{Status: diagnostics.Fail, Severity: diagnostics.Blocks, Facts: facts}
	kind, code := probe.Kind(a.Err)
	out.Error = code
	switch {
	case a.Stage == probe.StageProxy:
		out.Cause = "svc.reach.*/proxy"
	case a.Stage == probe.StageTLS && kind != probe.KindTimeout:
		reason, code := probe.TLSReason(a.Err)
		out.Error = code
		out.Cause = tlsCauses[reason]
	case kind == probe.KindName:
		out.Cause = "svc.reach.*/no_such_name"
	case a.Stage == probe.StageName:
		out.Cause = "svc.reach.*/name"
	case kind == probe.KindRefused:
		out.Cause = "svc.reach.*/refused"
	case kind == probe.KindUnreachable:
		out.Cause = "svc.reach.*/unreachable"
	case kind == probe.KindDenied:
		out.Cause = "svc.reach.*/denied"
	case kind == probe.KindTimeout:
		out.Cause = "svc.reach.*/silent"
	default:
		out.Cause = "svc.reach.*/broken"
	}
	return out
}

const serverError = 500

func answered(a probe.HTTPAnswer, slow time.Duration, facts []diagnostics.Fact) diagnostics.Outcome {
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	took := a.Took
	if lost, over := probe.LostSYN(a.Connect); lost {
		// One lost request is not a slow service.
		took -= over
		out.Facts = append(out.Facts, diagnostics.Bool("lost_request", true))
	}
	switch {
	case a.Status >= serverError:
		out.Status, out.Severity, out.Cause = diagnostics.Fail, diagnostics.Blocks, "svc.reach.*/down"
	case took > slow:
		out.Status, out.Severity, out.Cause = diagnostics.Warn, diagnostics.Degrades, "svc.reach.*/slow"
	}
	return out
}
