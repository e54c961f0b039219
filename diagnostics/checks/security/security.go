// Package security holds the self-test sec.agent: do the security and management agents that the organisation
// names run.
package security

import (
	"context"
	"sync"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that this test names.
const (
	AgentStopped diagnostics.Cause = "sec.agent/stopped"
	AgentFailed  diagnostics.Cause = "sec.agent/failed"
	AgentAbsent  diagnostics.Cause = "sec.agent/absent"
)

// Params are the agents that must run: names of units, services or programs.
type Params struct {
	Agents []string
}

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	return checks(cat, p, probe.NewUnits())
}

func checks(cat catalogue.Catalogue, p Params, u probe.Units) []diagnostics.Check {
	spec := cat.Get("sec.agent")
	return []diagnostics.Check{spec.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
		return checkAgents(ctx, p, u, spec)
	})}
}

// weight orders states by how much they say against the agent.
var weight = map[probe.ServiceState]int{
	probe.ServiceFailed: 3, probe.ServiceStopped: 2, probe.ServiceAbsent: 1,
}

var causes = map[probe.ServiceState]diagnostics.Cause{
	probe.ServiceFailed: AgentFailed, probe.ServiceStopped: AgentStopped, probe.ServiceAbsent: AgentAbsent,
}

func checkAgents(ctx context.Context, p Params, u probe.Units, spec catalogue.Spec) diagnostics.Outcome {
	if len(p.Agents) == 0 {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "probes.agents", Final: true}
	}
	states, errs := make([]probe.ServiceState, len(p.Agents)), make([]error, len(p.Agents))
	var all sync.WaitGroup
	for i, name := range p.Agents {
		all.Go(func() { states[i], errs[i] = u.State(ctx, name) })
	}
	all.Wait()
	worst, asked, bad := -1, 0, 0
	var broken error
	for i, state := range states {
		if errs[i] != nil {
			broken = errs[i]
			continue
		}
		asked++
		if weight[state] > 0 {
			bad++
			if worst < 0 || weight[state] > weight[states[worst]] {
				worst = i
			}
		}
	}
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	o.Facts = []diagnostics.Fact{diagnostics.Int("agents", int64(asked), "")}
	switch {
	case worst >= 0:
		o.Status, o.Severity, o.Cause = diagnostics.Fail, spec.Severity, causes[states[worst]]
		o.Facts = append(o.Facts,
			diagnostics.Text("agent", p.Agents[worst]), diagnostics.Text("state", string(states[worst])))
		if bad > 1 {
			o.Facts = append(o.Facts, diagnostics.Int("affected", int64(bad), ""))
		}
	case broken != nil:
		o.Status, o.Detail = diagnostics.Unknown, broken.Error()
	}
	return o
}
