package agent

import (
	"slices"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks"
	"balise/diagnostics/repair"
)

func TestOnlyFittingRepairsAreProposed(t *testing.T) {
	all := []repair.Info{
		{ID: "disk.clean_user", Available: true},
		{ID: "print.resume"},
		{ID: "portal.open", Available: true},
		{ID: "tried", Available: true},
	}
	for _, c := range []struct {
		name           string
		d              []string
		tried          string
		fitting, other []string
	}{
		{"healthy", nil, "", nil, []string{"disk.clean_user", "print.resume", "portal.open", "tried"}},
		{
			"available first, then best first",
			[]string{"print.resume", "portal.open", "disk.clean_user"},
			"",
			[]string{"portal.open", "disk.clean_user", "print.resume"},
			[]string{"tried"},
		},
		{"not here", []string{"no.such"}, "", nil, []string{"disk.clean_user", "print.resume", "portal.open", "tried"}},
		{
			"what was tried stays in view",
			[]string{"portal.open"},
			"tried",
			[]string{"portal.open", "tried"},
			[]string{"disk.clean_user", "print.resume"},
		},
	} {
		fitting, others := propose(cause.Diagnosis{Repairs: c.d}, all, []repair.Attempt{{ID: c.tried}})
		if !slices.Equal(ids(fitting), c.fitting) || !slices.Equal(ids(others), c.other) {
			t.Errorf("%s: %v and %v", c.name, ids(fitting), ids(others))
		}
	}
}

func ids(list []repair.Info) []string {
	var out []string
	for _, i := range list {
		out = append(out, i.ID)
	}
	return out
}

func TestResultsStandInTheOrderOfTheCatalogue(t *testing.T) {
	p, b := params(t, "probes:\n  services: [{name: intranet, url: \"https://intranet.example\"}]\n")
	start(t, p, b)
	var want []string
	for _, c := range checks.Describe(b.checksConfig()) {
		want = append(want, c.ID)
	}
	if !slices.Contains(want, "svc.reach.intranet") {
		t.Fatalf("the catalogue lacks the service: %v", want)
	}
	finished := []diagnostics.Result{{ID: "svc.reach.gone"}}
	for _, id := range slices.Backward(want) {
		finished = append(finished, diagnostics.Result{ID: id})
	}
	var got []string
	for _, r := range b.ordered(finished) {
		got = append(got, r.ID)
	}
	if !slices.Equal(got, append(want, "svc.reach.gone")) {
		t.Errorf("have %v", got)
	}
}
