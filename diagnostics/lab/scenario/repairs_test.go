package scenario

import (
	"slices"
	"testing"

	"balise/diagnostics/repair"
)

// untried are the repairs that the lab cannot play, with the reason.
var untried = map[string]string{"wifi.rejoin": "there is no radio here"}

// Every repair of the catalogue mends something in the lab, and what a scenario names is in the catalogue.
func TestEveryRepairIsPlayed(t *testing.T) {
	all, err := Read("../scenarios")
	if err != nil {
		t.Fatal(err)
	}
	specs, err := repair.Specs()
	if err != nil {
		t.Fatal(err)
	}
	solves, states := map[string]int{}, []string{
		Solved, NotBegun, string(repair.NotSolved), string(repair.Failed), string(repair.NeedsAdmin),
		string(repair.NeedsUser),
	}
	for _, s := range all {
		if s.Repair == nil {
			continue
		}
		if _, known := specs[s.Repair.ID]; !known {
			t.Errorf("%s: there is no repair %q", s.Name, s.Repair.ID)
		}
		if !slices.Contains(states, s.Repair.End()) {
			t.Errorf("%s: no repair ends as %q", s.Name, s.Repair.End())
		}
		if s.Repair.Solves() {
			solves[s.Repair.ID]++
		}
	}
	for id := range specs {
		if _, told := untried[id]; (solves[id] == 0) != told {
			t.Errorf("%s mends %d faults of the lab, and is among the untried: %v", id, solves[id], told)
		}
	}
}
