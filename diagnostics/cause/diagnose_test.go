package cause

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
)

// seen builds results from short lines: "net.egress pass", "time.skew/ahead fail", "svc.reach.erp skip". A
// fail is seen twice; "fail1" only once, "notice" is a warning of no weight.
func seen(lines ...string) []diagnostics.Result {
	var results []diagnostics.Result
	for _, line := range lines {
		code, status, _ := strings.Cut(line, " ")
		id, _, _ := strings.Cut(code, "/")
		r := diagnostics.Result{ID: id, Status: diagnostics.Status(status)}
		switch status {
		case "fail", "fail1":
			r.Status, r.Severity = diagnostics.Fail, diagnostics.Blocks
			if status == "fail1" {
				r.Detail = diagnostics.DetailUnconfirmed
			}
		case "warn":
			r.Severity = diagnostics.Degrades
		case "notice":
			r.Status, r.Severity = diagnostics.Warn, diagnostics.Notice
		}
		if r.Status.Bad() {
			r.Cause = diagnostics.Cause(code)
			r.Facts = []diagnostics.Fact{
				diagnostics.Text("stage", "tcp"), diagnostics.Float("offset", 3542400, "s"), diagnostics.Float("gap", 3542400, "s"),
			}
		}
		results = append(results, r)
	}
	return results
}

// lan are the lines of a computer whose own network is fine.
func lan(more ...string) []string {
	return append([]string{"net.link pass", "net.addr pass", "net.gateway pass"}, more...)
}

var golden = []struct {
	name       string
	results    []string
	cause      string
	confidence Confidence
	actor      Actor
	folded     string
	also       string
}{
	{
		name: "all is well", results: lan("net.egress pass", "net.dns.system pass", "disk.space pass", "print.queue na"),
		cause: "healthy", confidence: Confirmed,
	},
	{
		name: "nothing could be seen", results: []string{"net.link unknown", "disk.space unknown", "net.tls na"},
		cause: "undetermined", confidence: Unsure,
	},
	{
		name: "cable unplugged: everything else could not run",
		results: []string{
			"net.link/no_carrier fail", "net.addr skip", "net.gateway skip", "net.egress skip", "net.dns.system skip",
			"svc.reach.erp skip", "disk.space pass",
		},
		cause: "net.link/no_carrier", confidence: Confirmed, actor: You,
	},
	{
		name: "router dead: nine consequences",
		results: []string{
			"net.link pass", "net.addr pass", "net.gateway/silent fail", "net.egress/silent fail", "net.dns.system/silent fail",
			"net.dns.servers/silent fail", "net.proxy/silent fail", "net.tls unknown", "svc.reach.erp/silent fail",
			"svc.reach.mail/name fail", "svc.reach.wiki/unreachable fail",
		},
		cause: "net.gateway/silent", confidence: Confirmed, actor: Box,
		folded: "net.dns.servers net.dns.system net.egress net.proxy svc.reach.erp svc.reach.mail svc.reach.wiki",
	},
	{
		name: "no route",
		results: []string{
			"net.link pass", "net.addr pass", "net.gateway/no_route fail", "net.egress/unreachable fail",
			"net.dns.system/silent fail", "net.dns.servers/unreachable fail", "svc.reach.erp/name fail",
		},
		cause: "net.gateway/no_route", confidence: Confirmed, actor: IT,
		folded: "net.dns.servers net.dns.system net.egress svc.reach.erp",
	},
	{
		name: "provider down",
		results: lan("net.egress/silent fail", "net.dns.system/silent fail", "net.dns.servers/silent fail",
			"net.portal unknown", "svc.reach.erp/name fail"),
		cause: "net.egress/silent", confidence: Likely, actor: Provider,
		folded: "net.dns.servers net.dns.system svc.reach.erp",
	},
	{
		name: "provider down, but the router was not seen alive: less sure",
		results: []string{
			"net.link pass", "net.addr pass", "net.gateway unknown", "net.egress/silent fail", "net.dns.servers/silent fail",
		},
		cause: "net.egress/silent", confidence: Possible, actor: Provider, folded: "net.dns.servers",
	},
	{
		name: "name servers dead, the way out works: must stay visible",
		results: lan("net.egress pass", "net.dns.system/silent fail", "net.dns.servers/silent fail",
			"svc.reach.erp/name fail", "net.tls unknown", "net.portal unknown"),
		cause: "net.dns.servers/silent", confidence: Confirmed, actor: IT, folded: "net.dns.system svc.reach.erp",
	},
	{
		name: "first of two name servers dead: slow, and it explains the name that took too long",
		results: lan("net.egress pass", "net.dns.system/silent fail", "net.dns.servers/first_dead warn",
			"svc.reach.erp/slow warn"),
		cause: "net.dns.servers/first_dead", confidence: Confirmed, actor: IT, folded: "net.dns.system svc.reach.erp",
	},
	{
		name:    "a spare name server dead is a remark",
		results: lan("net.egress pass", "net.dns.system pass", "net.dns.servers/one_dead notice"),
		cause:   "healthy", confidence: Confirmed, also: "net.dns.servers/one_dead",
	},
	{
		name: "portal outranks all, even what it does not touch",
		results: lan("net.portal/sign_in fail", "net.egress pass", "net.dns.system pass", "net.tls/untrusted fail",
			"svc.reach.erp/cert_untrusted fail", "svc.reach.mail/silent fail", "disk.space/full fail"),
		cause: "net.portal/sign_in", confidence: Confirmed, actor: You,
		folded: "net.tls svc.reach.erp svc.reach.mail", also: "disk.space/full",
	},
	{
		name: "clock 41 days ahead explains the certificates that look expired",
		results: lan("net.egress pass", "net.dns.system pass", "time.skew/ahead fail", "net.tls/expired fail",
			"svc.reach.erp/cert_expired fail", "svc.reach.mail/cert_expired fail"),
		cause: "time.skew/ahead", confidence: Confirmed, actor: IT, folded: "net.tls svc.reach.erp svc.reach.mail",
	},
	{
		name: "clock ahead cannot explain a certificate that is not valid yet",
		results: lan(
			"net.egress pass", "time.skew/ahead fail", "net.tls/not_yet fail",
			"svc.reach.erp/cert_not_yet fail",
		),
		cause: "net.tls/not_yet", confidence: Likely, actor: Service, folded: "svc.reach.erp", also: "time.skew/ahead",
	},
	{
		name: "certificate expired, clock right",
		results: lan(
			"net.egress pass", "time.skew pass", "net.tls/expired fail", "svc.reach.erp/cert_expired fail",
			"svc.reach.mail pass",
		),
		cause: "net.tls/expired", confidence: Confirmed, actor: Service, folded: "svc.reach.erp",
	},
	{
		name: "interception",
		results: lan("net.egress pass", "time.skew pass", "net.portal pass", "net.tls/intercepted fail",
			"svc.reach.erp/cert_untrusted fail", "svc.reach.mail/cert_untrusted fail"),
		cause: "net.tls/intercepted", confidence: Likely, actor: IT, folded: "svc.reach.erp svc.reach.mail",
	},
	{
		name: "a service refuses while the rest is fine: the service",
		results: lan(
			"net.egress pass", "net.dns.system pass", "net.tls pass", "svc.reach.erp/refused fail",
			"svc.reach.mail pass",
		),
		cause: "svc.reach.erp/refused", confidence: Confirmed, actor: Service,
	},
	{
		name: "a service refuses while the name servers are dead: both are named, the refusal is not explained",
		results: lan("net.egress pass", "net.dns.system/silent fail", "net.dns.servers/silent fail", "svc.reach.mail/name fail",
			"svc.reach.erp/refused fail"),
		cause: "net.dns.servers/silent", confidence: Confirmed, actor: IT,
		folded: "net.dns.system svc.reach.mail", also: "svc.reach.erp/refused",
	},
	{
		name:    "proxy-only network: no direct way out, no complaint",
		results: lan("net.egress/silent fail", "net.proxy pass", "svc.reach.erp pass"),
		cause:   "healthy", confidence: Confirmed,
	},
	{
		name: "dead proxy",
		results: lan(
			"net.egress pass", "net.dns.system pass", "net.proxy/refused fail", "svc.reach.erp/proxy fail",
		),
		cause: "net.proxy/refused", confidence: Confirmed, actor: IT, folded: "svc.reach.erp",
	},
	{
		name: "print queue paused", results: lan("net.egress pass", "print.spooler pass", "print.queue/paused fail"),
		cause: "print.queue/paused", confidence: Confirmed, actor: You,
	},
	{
		name: "disk full is the root of the dead spooler",
		results: []string{
			"net.link pass", "disk.space/full fail", "print.spooler/down fail", "print.queue skip",
		},
		cause: "disk.space/full", confidence: Confirmed, actor: You, folded: "print.spooler",
	},
	{
		name:    "a disk that is only low does not explain a dead spooler",
		results: []string{"net.link pass", "disk.space/low warn", "print.spooler/down fail"},
		cause:   "print.spooler/down", confidence: Confirmed, actor: IT, also: "disk.space/low",
	},
	{
		name: "memory explains the busy processor", results: []string{"net.link pass", "perf.memory/low fail", "perf.cpu/busy fail"},
		cause: "perf.memory/low", confidence: Confirmed, actor: You, folded: "perf.cpu",
	},
	{
		name:    "a notice never becomes the diagnosis over a failure",
		results: lan("net.egress/silent fail", "sys.uptime/long notice", "sys.reboot_pending/yes notice"),
		cause:   "net.egress/silent", confidence: Likely, actor: Provider, also: "sys.reboot_pending/yes sys.uptime/long",
	},
	{
		name: "long without a restart, otherwise well", results: lan("net.egress pass", "sys.uptime/long notice"),
		cause: "healthy", confidence: Confirmed, also: "sys.uptime/long",
	},
	{
		name: "two unrelated faults are both named, never merged",
		results: lan(
			"net.egress pass", "net.dns.system pass", "svc.reach.erp/down fail", "disk.space/full fail",
		),
		cause: "disk.space/full", confidence: Confirmed, actor: You, also: "svc.reach.erp/down",
	},
	{
		name: "one check that answers once out of two is a remark", results: lan("net.egress/flapping warn", "net.dns.system pass"),
		cause: "healthy", confidence: Confirmed, also: "net.egress/flapping",
	},
	{
		name: "several are an unstable connection", results: lan("net.egress/flapping warn", "net.dns.system/flapping warn"),
		cause: "net.egress/flapping", confidence: Possible, actor: IT, folded: "net.dns.system",
	},
	{
		name:    "a cable that comes and goes is a cause, even alone, and of the losses",
		results: []string{"net.link/flapping warn", "net.addr pass", "net.gateway pass", "net.egress pass", "net.quality/loss fail"},
		cause:   "net.link/flapping", confidence: Confirmed, actor: You, folded: "net.quality",
	},
	{
		name: "seen only once: less sure", results: lan("net.egress pass", "svc.reach.erp/refused fail1"),
		cause: "svc.reach.erp/refused", confidence: Likely, actor: Service,
	},
}

func TestDiagnose(t *testing.T) {
	kb := core(t)
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			d, results := Diagnose(seen(g.results...), kb, Context{})
			if string(d.Cause) != g.cause || d.Confidence != g.confidence || d.Actor != g.actor {
				t.Errorf("%s, %s, %q; want %s, %s, %q", d.Cause, d.Confidence, d.Actor, g.cause, g.confidence, g.actor)
			}
			if got := strings.Join(d.Folded, " "); got != g.folded {
				t.Errorf("folded %q, want %q", got, g.folded)
			}
			var also []string
			for _, a := range d.Also {
				also = append(also, string(a.Cause))
			}
			if got := strings.Join(also, " "); got != g.also {
				t.Errorf("also %q, want %q", got, g.also)
			}
			for _, r := range results {
				if folded := slices.Contains(d.Folded, r.ID); folded && r.ExplainedBy == "" {
					t.Errorf("%s is folded, but says not under what", r.ID)
				}
			}
			if len(d.Evidence) > 2 || d.Problem() && (len(d.Evidence) == 0 || d.Level == 0 || d.Urgency == "" || d.Impact == "") {
				t.Errorf("incomplete: %+v", d)
			}
		})
	}
}

// No network, however broken, is the reason why a service of this very computer is stopped.
func TestNetworkDoesNotExplainALocalService(t *testing.T) {
	results := seen(lan("net.egress/refused fail", "svc.reach.erp/refused fail")...)
	results[4].Facts = append(results[4].Facts, diagnostics.Bool("local", true))
	d, _ := Diagnose(results, core(t), Context{})
	if len(d.Folded) > 0 || len(d.Also) != 1 {
		t.Errorf("%+v", d)
	}
	results[4].Facts = results[4].Facts[:len(results[4].Facts)-1]
	if d, _ := Diagnose(results, core(t), Context{}); len(d.Folded) != 1 {
		t.Errorf("%+v", d)
	}
}

// The order in which results come is the order in which checks finish: chance.
func TestDiagnoseDoesNotDependOnOrder(t *testing.T) {
	kb := core(t)
	for _, g := range golden {
		results := seen(g.results...)
		first, _ := Diagnose(results, kb, Context{})
		want, _ := json.Marshal(first)
		for range 20 {
			rand.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
			d, _ := Diagnose(results, kb, Context{})
			if got, _ := json.Marshal(d); string(got) != string(want) {
				t.Fatalf("%s:\n%s\n%s", g.name, got, want)
			}
		}
	}
}

func TestDiagnoseLeavesItsInputAlone(t *testing.T) {
	results := seen(golden[3].results...)
	before, _ := json.Marshal(results)
	Diagnose(results, core(t), Context{})
	if after, _ := json.Marshal(results); string(after) != string(before) {
		t.Error("the results that were passed in have changed")
	}
}

func TestFingerprintHoldsNoIdentifier(t *testing.T) {
	kb := core(t)
	one, two := seen("svc.reach.erp/down fail"), seen("svc.reach.erp/down fail")
	one[0].Facts = append(one[0].Facts, diagnostics.Identifier("host", "erp.a.example", diagnostics.Infra, diagnostics.KindHost))
	two[0].Facts = append(two[0].Facts, diagnostics.Identifier("host", "erp.b.example", diagnostics.Infra, diagnostics.KindHost))
	a, _ := Diagnose(one, kb, Context{})
	b, _ := Diagnose(two, kb, Context{})
	if a.Fingerprint != b.Fingerprint || len(a.Fingerprint) != 12 {
		t.Error(a.Fingerprint, b.Fingerprint)
	}
	two[0].Facts = append(two[0].Facts, diagnostics.Int("http_status", 503, ""))
	if c, _ := Diagnose(two, kb, Context{}); c.Fingerprint == a.Fingerprint {
		t.Error("a fact that the table names does not count")
	}
}

// A circle in somebody's pack must not hang the diagnosis, nor leave it without a root.
func TestDiagnoseSurvivesACircle(t *testing.T) {
	kb := Knowledge{Checks: map[string]Relations{
		"a.a": {ExplainedBy: []string{"b.b"}}, "b.b": {ExplainedBy: []string{"c.c"}}, "c.c": {ExplainedBy: []string{"a.a"}},
	}}
	if d, _ := Diagnose(seen("a.a/x fail", "b.b/x fail", "c.c/x fail"), kb, Context{}); !d.Problem() || len(d.Folded) != 2 {
		t.Errorf("%+v", d)
	}
}

func TestRuledOut(t *testing.T) {
	d, _ := Diagnose(seen(lan("net.egress pass", "net.dns.system pass", "net.dns.servers/one_dead notice",
		"svc.reach.erp/refused fail", "svc.reach.mail pass", "disk.space pass", "time.skew unknown")...), core(t), Context{})
	if got := strings.Join(d.RuledOut, " "); got != "link internet disk" {
		t.Error(got)
	}
}

// busyRun is a run of sixty checks in which the router is dead, a disk is full and a dozen checks follow.
func busyRun(kb Knowledge) []diagnostics.Result {
	results := seen(golden[3].results...)
	results = append(results, seen("disk.space/full fail", "print.spooler/down fail", "sys.uptime/long notice")...)
	have := map[string]bool{}
	for _, r := range results {
		have[r.ID] = true
	}
	for _, id := range kb.indexed().names {
		if !have[id] && len(results) < 60 {
			results = append(results, diagnostics.Result{ID: id, Status: diagnostics.Pass})
		}
	}
	for len(results) < 60 {
		results = append(results, diagnostics.Result{ID: fmt.Sprint("svc.reach.", len(results)), Status: diagnostics.Pass})
	}
	return results
}

func BenchmarkDiagnose(b *testing.B) {
	kb := core(b)
	results := busyRun(kb)
	for name, ctx := range map[string]Context{
		"results": {},
		"answers": {
			Answers: map[string]string{"several": "yes"}, Priors: map[string]float64{"print.*": 3},
			Changes: []diagnostics.Change{{Code: diagnostics.ChangeNetworkNew}, {Code: diagnostics.ChangeUpdates}},
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Diagnose(results, kb, ctx)
			}
		})
	}
	// With nothing found, every fault is weighed for the question.
	b.Run("healthy", func(b *testing.B) {
		for i := range results {
			results[i] = diagnostics.Result{ID: results[i].ID, Status: diagnostics.Pass}
		}
		b.ReportAllocs()
		for b.Loop() {
			Diagnose(results, kb, Context{})
		}
	})
}

// Light on memory: a diagnosis is made again at every answer and after every repair.
func TestDiagnoseAllocatesLittle(t *testing.T) {
	const most = 40
	kb := core(t)
	results := busyRun(kb)
	if n := testing.AllocsPerRun(20, func() { Diagnose(results, kb, Context{}) }); n > most {
		t.Errorf("%v allocations, want at most %d", n, most)
	}
}

// What could follow from a failure that was gone at the second look is folded under it; what could not, is not.
func TestWhatFailedOnceExplainsWhatFailedMeanwhile(t *testing.T) {
	results := seen(lan("net.egress pass", "net.dns.system/flapping warn", "svc.reach.erp/flapping warn",
		"mail.reach.post/name fail", "svc.reach.wiki/refused fail")...)
	for i := range results {
		if results[i].ID == "net.dns.system" {
			results[i].Attempts = []diagnostics.Attempt{
				{Status: diagnostics.Fail, Cause: "net.dns.system/silent"}, {Status: diagnostics.Pass},
			}
		}
	}
	_, out := Diagnose(results, core(t), Context{})
	for id, want := range map[string]string{"mail.reach.post": "net.dns.system", "svc.reach.wiki": ""} {
		i := slices.IndexFunc(out, func(r diagnostics.Result) bool { return r.ID == id })
		if out[i].ExplainedBy != want {
			t.Errorf("%s is explained by %q", id, out[i].ExplainedBy)
		}
	}
}

// Silence on UDP is no reason why a service is silent on TCP, and a sign-in page none why a printer lacks paper.
func TestWhatCannotFollowStandsAlone(t *testing.T) {
	for _, c := range []struct{ by, of string }{
		{"net.udp/silent warn", "svc.reach.erp/silent fail"},
		{"net.udp/silent warn", "mail.reach.post/silent fail"},
		{"net.portal/sign_in fail", "print.device/media_jam fail"},
	} {
		if d, _ := Diagnose(seen(lan("net.egress pass", "net.vpn na", c.by, c.of)...), core(t), Context{}); len(d.Folded) > 0 {
			t.Errorf("%s under %s", c.of, c.by)
		}
	}
	d, _ := Diagnose(seen(lan("net.portal/sign_in fail", "print.device/silent fail")...), core(t), Context{})
	if len(d.Folded) != 1 {
		t.Errorf("%+v", d)
	}
}
