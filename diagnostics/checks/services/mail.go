package services

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// mailChecks makes one mail.reach.<name> a mail server.
func mailChecks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	spec := cat.Get("mail.reach")
	return each(spec, "mail.reach.", p.Mail, func(id string, s Service) run { return reachMail(id, s, p, spec) })
}

func reachMail(id string, s Service, p Params, spec catalogue.Spec) run {
	return func(ctx context.Context, _ int) diagnostics.Outcome {
		roots, err := probe.Roots(p.CAFile)
		if err != nil {
			return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "config.desk.ca_file"}
		}
		slow := time.Duration(spec.Limit("slow_ms")) * time.Millisecond
		var out diagnostics.Outcome
		if strings.HasPrefix(s.URL, "https:") {
			out = judge(probe.FetchAny(ctx, probe.HTTPRequest{URL: s.URL, Proxy: p.Proxy, Roots: roots}), slow)
			out.Cause = webCauses[out.Cause]
		} else {
			out = judgeMail(probe.ReachMail(ctx, s.URL, roots), slow, spec)
		}
		out.Cause = diagnostics.Cause(strings.Replace(string(out.Cause), "mail.reach.*", id, 1))
		out.Target = s.Name
		out.Facts = append(out.Facts, diagnostics.Text("service", s.Name))
		if u, err := url.Parse(s.URL); err == nil {
			out.Facts = append(out.Facts, diagnostics.Text("protocol", u.Scheme),
				diagnostics.Identifier("host", u.Hostname(), diagnostics.Infra, diagnostics.KindHost))
			if local(u.Hostname()) {
				out.Facts = append(out.Facts, diagnostics.Bool("local", true))
			}
		}
		return out
	}
}

// webCauses are the causes of a mail server that is reached as a web service, by what a service's would be.
var webCauses = map[diagnostics.Cause]diagnostics.Cause{
	"":                           "",
	"svc.reach.*/refused":        "mail.reach.*/refused",
	"svc.reach.*/down":           "mail.reach.*/down",
	"svc.reach.*/silent":         "mail.reach.*/silent",
	"svc.reach.*/unreachable":    "mail.reach.*/unreachable",
	"svc.reach.*/no_such_name":   "mail.reach.*/no_such_name",
	"svc.reach.*/name":           "mail.reach.*/name",
	"svc.reach.*/denied":         "mail.reach.*/denied",
	"svc.reach.*/proxy":          "mail.reach.*/proxy",
	"svc.reach.*/cert_expired":   "mail.reach.*/cert_expired",
	"svc.reach.*/cert_not_yet":   "mail.reach.*/cert_not_yet",
	"svc.reach.*/cert_name":      "mail.reach.*/cert_name",
	"svc.reach.*/cert_untrusted": "mail.reach.*/cert_untrusted",
	"svc.reach.*/no_tls":         "mail.reach.*/no_tls",
	"svc.reach.*/broken":         "mail.reach.*/broken",
	"svc.reach.*/slow":           "mail.reach.*/slow",
}

// judgeMail says where the conversation with a mail server ended.
func judgeMail(a probe.MailAnswer, slow time.Duration, spec catalogue.Spec) diagnostics.Outcome {
	facts := []diagnostics.Fact{
		diagnostics.Text("stage", a.Stage), diagnostics.Int("took", a.Took.Milliseconds(), "ms"),
	}
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	if a.Err == nil {
		took := a.Took
		if lost, over := probe.LostSYN(a.Connect); lost {
			took -= over
			out.Facts = append(out.Facts, diagnostics.Bool("lost_request", true))
		}
		if took > slow {
			out.Status, out.Severity, out.Cause = diagnostics.Warn, spec.WarnSeverity(), "mail.reach.*/slow"
		}
		return out
	}
	out.Status, out.Severity = diagnostics.Fail, spec.Severity
	out.Cause, out.Error = mailCause(a)
	return out
}

func mailCause(a probe.MailAnswer) (cause diagnostics.Cause, code string) {
	kind, code := probe.Kind(a.Err)
	switch {
	case errors.Is(a.Err, probe.ErrMailBusy):
		return "mail.reach.*/down", "busy"
	case errors.Is(a.Err, probe.ErrMailNoTLS):
		return "mail.reach.*/no_tls", "no_starttls"
	case errors.Is(a.Err, probe.ErrMailOdd):
		return "mail.reach.*/broken", "protocol"
	case a.Stage == probe.StageTLS && kind != probe.KindTimeout:
		reason, code := probe.TLSReason(a.Err)
		return webCauses[tlsCauses[reason]], code
	case kind == probe.KindName:
		return "mail.reach.*/no_such_name", code
	case a.Stage == probe.StageName:
		return "mail.reach.*/name", code
	case kind == probe.KindRefused:
		return "mail.reach.*/refused", code
	case kind == probe.KindUnreachable:
		return "mail.reach.*/unreachable", code
	case kind == probe.KindDenied:
		return "mail.reach.*/denied", code
	case kind == probe.KindTimeout:
		return "mail.reach.*/silent", code
	}
	return "mail.reach.*/broken", code
}
