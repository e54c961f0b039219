package network

import (
	"context"
	"net/http"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// proxyScript fetches the script by which the desktop chooses proxies, as every program does when it starts.
func proxyScript(ctx context.Context, spec catalogue.Spec) diagnostics.Outcome {
	script, ok := probe.ProxyScript(ctx)
	if !ok {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "proxy.none"}
	}
	patience := time.Duration(spec.Limit("script_patience_ms")) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return judgeScript(probe.Fetch(ctx, probe.HTTPRequest{URL: script.String(), Direct: true}), script.Hostname(), spec)
}

// judgeScript judges what came. Without the script programs go out directly, which helps where that is allowed:
// so it is a warning, and a reason where they then cannot.
func judgeScript(a probe.HTTPAnswer, host string, spec catalogue.Spec) diagnostics.Outcome {
	facts := []diagnostics.Fact{
		diagnostics.Text("source", "script"), diagnostics.Text("stage", a.Stage), hostFact("proxy", host),
		diagnostics.Int("took", a.Took.Milliseconds(), "ms"),
	}
	if a.Status != 0 {
		facts = append(facts, diagnostics.Int("http_status", int64(a.Status), ""))
	}
	out := diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts}
	slow := time.Duration(spec.Limit("script_slow_ms")) * time.Millisecond
	moved := a.Status/100 == 3 // programs follow it
	if a.Err != nil || a.Took > slow || !moved && (a.Status != http.StatusOK || !probe.IsProxyScript(a.Body)) {
		out.Status, out.Severity, out.Cause = diagnostics.Warn, spec.WarnSeverity(), "net.proxy/pac"
		out.Target = "proxy"
		if a.Err != nil {
			_, out.Error = probe.Kind(a.Err)
		}
	}
	return out
}
