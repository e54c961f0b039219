package ui

import (
	"testing"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
)

// refusing is a window in which a repair was asked for and not begun.
func refusing(t *testing.T, why *api.Error) *rig {
	t.Helper()
	a := fakeagent.New()
	a.Found = fakeagent.Mute
	a.Fail = map[string]error{"Repair": why}
	r := newRig(t, setup{agent: a})
	r.write("x")
	r.tested()
	r.u.go_(route{name: pageRepair})
	r.rest()
	r.press(r.tr("repair.do"))
	return r
}

func TestTwoWindowsAndOneRepair(t *testing.T) {
	// Given another window that repairs, when this one is told to wait, then it shows what is done there
	r := refusing(t, &api.Error{Code: api.CodeRepairBusy})
	what, _ := r.u.t.Error(api.CodeRepairBusy, nil)
	r.says(what)
	other := api.RepairEvent{ID: "audio.restart", State: api.RepairRunning, Step: "restart"}
	r.a.Emit(api.Event{Kind: "repair", Incident: "another", Repair: &other})
	r.says(r.u.t.T("repair.audio.restart.restart"))
	// and its end
	other.State, other.Step, other.Attempt = api.RepairSolved, "", &api.RepairAttempt{ID: "audio.restart"}
	r.a.Emit(api.Event{Kind: "repair", Incident: "another", Repair: &other})
	r.says(r.u.t.T("repair.state.solved"))
}

func TestARepairThatDoesNotBeginSaysWhy(t *testing.T) {
	for code, args := range map[string]map[string]string{
		api.CodeRepairCooldown: {"wait": "8 min"}, api.CodeRepairTooOften: nil, api.CodeRepairChoice: nil,
	} {
		r := refusing(t, &api.Error{Code: code, Args: args})
		what, next := r.u.t.Error(code, args)
		r.says(what)
		r.says(next)
	}
	r := refusing(t, &api.Error{Code: api.CodeConflict, Args: map[string]string{"why": "in_call"}})
	r.says(r.u.t.T("repair.why.in_call"))
}
