package security

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func TestAgents(t *testing.T) {
	states := map[string]probe.ServiceState{
		"edr.service": probe.ServiceRuns, "mdm": probe.ServiceStopped, "av": probe.ServiceFailed, "old": probe.ServiceAbsent,
	}
	u := probe.Units{State: func(_ context.Context, name string) (probe.ServiceState, error) {
		if s, ok := states[name]; ok {
			return s, nil
		}
		return "", errors.New("denied")
	}}
	for _, c := range []struct {
		agents []string
		want   string
		agent  any
	}{
		{nil, "na ", nil},
		{[]string{"edr.service"}, "pass ", nil},
		{[]string{"edr.service", "old"}, "fail sec.agent/absent", "old"},
		{[]string{"old", "mdm"}, "fail sec.agent/stopped", "mdm"},
		{[]string{"mdm", "old", "av", "edr.service"}, "fail sec.agent/failed", "av"},
		{[]string{"secret"}, "unknown ", nil},
		{[]string{"secret", "mdm"}, "fail sec.agent/stopped", "mdm"},
	} {
		for _, check := range checks(catalogue.Catalogue{}, Params{Agents: c.agents}, u) {
			o := check.Run(t.Context(), 0)
			f, _ := (diagnostics.Result{Facts: o.Facts}).Fact("agent")
			if got := fmt.Sprintf("%s %s", o.Status, o.Cause); got != c.want || f.Value != c.agent {
				t.Errorf("%v: %s %v, want %s %v", c.agents, got, f.Value, c.want, c.agent)
			}
		}
	}
}
