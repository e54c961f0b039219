package probes

import (
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/pack/expr"
)

func TestTheFirstMatchCounts(t *testing.T) {
	c := Check{
		ID: "acme.erp", Probe: "https", Facts: []string{"http.status", "http.ms", "http.err"},
		Outcomes: []Outcome{
			{If: `http.err != ""`, Status: diagnostics.Fail, Cause: "silent"},
			{If: `http.status >= 500`, Status: diagnostics.Fail, Cause: "acme.erp/down", Severity: diagnostics.Degrades},
			{If: `http.ms > 1500`, Status: diagnostics.Warn, Cause: "slow"},
			{If: `true`, Status: diagnostics.Pass},
		},
	}
	for name, x := range map[string]struct {
		seen     map[string]any
		status   diagnostics.Status
		cause    diagnostics.Cause
		severity diagnostics.Severity
		detail   string
		facts    int
	}{
		"silent": {map[string]any{"http.err": "timeout"}, diagnostics.Fail, "acme.erp/silent", diagnostics.Blocks, "", 1},
		"down":   {map[string]any{"http.err": "", "http.status": 503, "http.ms": 3}, diagnostics.Fail, "acme.erp/down", diagnostics.Degrades, "", 2},
		"slow":   {map[string]any{"http.err": "", "http.status": 200, "http.ms": 1600}, diagnostics.Warn, "acme.erp/slow", diagnostics.Degrades, "", 2},
		"well":   {map[string]any{"http.err": "", "http.status": 200, "http.ms": 1.5}, diagnostics.Pass, "", "", "", 2},
		// The status was not seen: this is not well.
		"unseen": {map[string]any{"http.err": "", "http.ms": 1}, diagnostics.Unknown, "", "", "pack.unjudged", 1},
	} {
		out, err := Judge(c, x.seen)
		if err != nil || out.Status != x.status || out.Cause != x.cause || out.Severity != x.severity ||
			out.Detail != x.detail || len(out.Facts) != x.facts {
			t.Errorf("%s: %+v %v", name, out, err)
		}
	}
	if _, err := Judge(c, map[string]any{"http.stauts": 1}); err == nil {
		t.Error("a fact that the probe does not give was taken")
	}
	c.Outcomes = c.Outcomes[:1]
	if out, err := Judge(c, map[string]any{"http.err": "", "http.status": 200}); err != nil || out.Detail != "pack.no_outcome" {
		t.Errorf("%+v %v", out, err)
	}
}

func TestBadDataIsUnknown(t *testing.T) {
	for detail, c := range map[string]Check{
		"pack.probe":    {ID: "a", Probe: "shell", Outcomes: []Outcome{{If: "true", Status: diagnostics.Pass}}},
		"pack.outcomes": {ID: "a", Probe: "tcp", Outcomes: []Outcome{{If: "no.fact", Status: diagnostics.Pass}}},
	} {
		made := Make([]Check{c}, Params{})[0]
		if out := made.Run(t.Context(), 0); out.Status != diagnostics.Unknown || out.Detail != detail || made.Timeout <= 0 {
			t.Errorf("%s: %+v", detail, out)
		}
	}
}

// Every probe of the issue is there, with facts that conditions can read, and classes that redaction knows.
func TestTheClosedSet(t *testing.T) {
	want := []string{
		"tcp", "udp", "dns", "https", "tls", "smtp", "imap", "ipp", "proc", "unit", "file.exists", "file.age", "mount",
		"pkg.version", "reg.value", "plist", "cert.file", "dbus.property", "kv.compare", "exec",
	}
	have := map[string]bool{}
	for _, p := range Vocabulary() {
		have[p.Name] = true
		for key, kind := range p.Facts {
			src := key + " == nil"
			if _, err := expr.Compile(src, p.Facts); err != nil || kind == "" {
				t.Errorf("%s: %s: %v", p.Name, key, err)
			}
			if FactInfo(p.Name, []string{key})[key] == "" {
				t.Errorf("%s: %s has no class", p.Name, key)
			}
		}
		if p.Exec != (p.Name == "exec") {
			t.Errorf("%s: exec is %v", p.Name, p.Exec)
		}
	}
	for _, name := range want {
		if !have[name] {
			t.Errorf("no probe %s", name)
		}
		delete(have, name)
	}
	if len(have) > 0 {
		t.Errorf("more than the closed set: %v", have)
	}
}
