package agent

import (
	"context"
	"runtime"
	"slices"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/pack/probes"
)

// ListChecks is the catalogue of self-tests with these settings.
func (a *Agent) ListChecks(context.Context) ([]api.CheckInfo, error) {
	kb := a.knowledge(nil)
	specs, err := catalogue.Load()
	if err != nil {
		return nil, a.explain(err)
	}
	cfg := a.checksConfig()
	cat, err := catalogue.With(cfg.Limits)
	if err != nil {
		cat = catalogue.Catalogue{} // what runs is then the core's as well
	}
	out := []api.CheckInfo{}
	for _, c := range checks.All(cfg) {
		info := api.CheckInfo{
			ID: c.ID, Needs: c.Needs, ExplainedBy: c.ExplainedBy, MootBy: c.MootBy,
			TimeoutMS: c.Timeout.Milliseconds(), Platforms: c.Platforms, OnDemand: c.OnDemand,
			Applies: len(c.Platforms) == 0 || slices.Contains(c.Platforms, runtime.GOOS),
		}
		if id := kb.Template(c.ID); specs[id].Timeout > 0 {
			spec := cat.Get(id)
			info.Reason, info.Severity = spec.Reason, string(spec.Severity)
			info.Limits, info.Facts = spec.Limits, spec.Facts
			info.Causes = causesOf(kb, c.ID, spec.Causes)
		}
		for _, own := range cfg.Packs {
			if own.ID == c.ID {
				info.Facts = probes.FactInfo(own.Probe, own.Facts)
				info.Causes = causesOf(kb, c.ID, own.Causes())
			}
		}
		out = append(out, info)
	}
	return out, nil
}

// causesOf is where a ticket belongs with each cause that a self-test can name.
func causesOf(kb cause.Knowledge, id string, tails []string) []api.CauseInfo {
	var out []api.CauseInfo
	for _, tail := range tails {
		code := id + "/" + tail
		info := api.CauseInfo{Cause: code}
		if e, ok := kb.Entry(diagnostics.Cause(code)); ok {
			info.Category, info.Level, info.Actor = e.Category, e.Level, string(e.Actor)
			info.Impact, info.Urgency, info.Repairs = e.Impact, e.Urgency, e.Repairs
			if info.Impact == "" {
				info.Impact = "user"
			}
		}
		out = append(out, info)
	}
	return out
}
