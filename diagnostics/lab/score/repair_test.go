package score

import (
	"testing"

	"balise/diagnostics/lab/scenario"
)

// mended is a scenario with a repair, and a case in which it was run.
func mended(r scenario.Repair, did Repaired) Verdict {
	s := fault("a/x")
	r.ID = "a.fix"
	s.Repair = &r
	o := outcome(1, []string{"a/x"}, "a/x")
	o.Repair = &did
	return Judge(s, o, nil)
}

func TestJudgeRepair(t *testing.T) {
	well, ill := outcome(1, nil).Document, outcome(1, []string{"a/x"}, "a/x").Document
	folded := outcome(1, []string{"a/x"}, "b/y").Document // another cause is named, and the test fails still
	for _, c := range []struct {
		name              string
		want              scenario.Repair
		did               Repaired
		good, falseProof  bool
		repairs, hopeless bool
	}{
		{
			"solved",
			scenario.Repair{},
			Repaired{State: "solved", After: well},
			true, false, true, false,
		},
		{
			"solved, but the fault is named",
			scenario.Repair{},
			Repaired{State: "solved", After: ill},
			false, true, true, false,
		},
		{
			"solved, but the self-test fails",
			scenario.Repair{},
			Repaired{State: "solved", After: folded},
			false, true, true, false,
		},
		{
			"solved, but nobody could look",
			scenario.Repair{},
			Repaired{State: "solved", After: &Document{}},
			false, true, true, false,
		},
		{
			"solved by the user's word",
			scenario.Repair{Word: true},
			Repaired{State: "solved", After: ill},
			true, false, true, false,
		},
		{
			"gone, and the client does not say so",
			scenario.Repair{},
			Repaired{State: "not_solved", Exit: 3, After: well},
			false, false, true, false,
		},
		{
			"solved with an exit code that says no",
			scenario.Repair{},
			Repaired{State: "solved", Exit: 3, After: well},
			false, false, true, false,
		},
		{
			"after a restart the exit code is of before",
			scenario.Repair{Then: []scenario.Step{{Do: "restart"}}},
			Repaired{State: "solved", Exit: 3, After: well},
			true, false, true, false,
		},
		{
			"it never began",
			scenario.Repair{},
			Repaired{Exit: 3, After: ill},
			false, false, true, false,
		},
		{
			"refused",
			scenario.Repair{Ends: "needs_admin"},
			Repaired{State: "needs_admin", Exit: 3, After: ill},
			true, false, false, true,
		},
		{
			"refused, and the fault is gone",
			scenario.Repair{Ends: "needs_admin"},
			Repaired{State: "needs_admin", Exit: 3, After: well},
			false, false, false, true,
		},
		{
			"hopeless, and called solved",
			scenario.Repair{Ends: "not_solved"},
			Repaired{State: "solved", After: ill},
			false, true, false, true,
		},
		{
			"declined",
			scenario.Repair{Ends: scenario.NotBegun},
			Repaired{Exit: 3, After: ill},
			true, false, false, true,
		},
	} {
		v := mended(c.want, c.did)
		if v.Repairable != c.repairs || v.Hopeless != c.hopeless || v.FalseProof != c.falseProof ||
			v.Repaired != (c.good && c.repairs) || v.Told != (c.good && c.hopeless) || v.Right() != c.good {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}

func TestRepairFigures(t *testing.T) {
	f := figures([]Verdict{
		{Repairable: true, Repaired: true},
		{Repairable: true, Repaired: true},
		{Repairable: true, FalseProof: true},
		{Repairable: true},
		{Hopeless: true, Told: true},
		{Hopeless: true},
		{},
	}, nil)
	if f.Repairable != 4 || f.Repaired != 0.5 || f.Hopeless != 2 || f.Told != 0.5 || f.FalseProofs != 1 {
		t.Errorf("%+v", f)
	}
	// A fault that nobody can mend is in neither figure.
	if f := figures([]Verdict{{}}, nil); f.Repairable != 0 || f.Hopeless != 0 {
		t.Errorf("%+v", f)
	}
}

// The machine that the lab runs on may be busy with other things: that is no hog of the stage's.
func TestABusyMachineIsNoFalseProof(t *testing.T) {
	busy := outcome(1, []string{"perf.cpu/busy"}, "perf.cpu/busy").Document
	off, on := []Observation{{Action: "cpu.hog"}}, []Observation{{Action: "cpu.hog", OK: true}}
	for _, c := range []struct {
		name    string
		percent float64
		left    []Observation
		gone    bool
	}{
		{"the hog runs still", 99, on, false},
		{"others keep it busy", 99, off, true},
		{"nobody keeps it busy", 40, off, false},
		{"nobody looked", 99, nil, false},
	} {
		r := Repaired{State: "solved", After: busy, BusyPercent: c.percent, Left: c.left}
		if got := r.gone([]string{"perf.cpu/*"}); got != c.gone {
			t.Errorf("%s: %v", c.name, got)
		}
		if r.gone([]string{"perf.cpu/*", "disk.space/*"}) != c.gone {
			t.Errorf("%s: another cause changes it", c.name)
		}
	}
	r := Repaired{After: outcome(1, []string{"disk.space/full"}, "disk.space/full").Document, BusyPercent: 99, Left: off}
	if r.gone([]string{"disk.space/*"}) {
		t.Error("a busy machine hides another fault")
	}
}
