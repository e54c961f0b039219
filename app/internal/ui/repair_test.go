package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

// muted is a window over a computer whose loudspeaker is muted, on the page of its repairs.
func muted(t *testing.T, fix func(*api.Incident, api.RepairRequest, func(api.RepairEvent))) *rig {
	t.Helper()
	a := fakeagent.New()
	a.Found, a.Fix = fakeagent.Mute, fix
	r := newRig(t, setup{agent: a})
	r.write("x")
	r.tested()
	r.u.go_(route{name: pageRepair})
	r.rest()
	return r
}

func TestOneRepairAtATime(t *testing.T) {
	// Given three repairs, when the page opens, then the best one is open and the others wait under one line
	r := muted(t, nil)
	r.says(r.u.t.T("repair.audio.unmute.what"))
	r.saysNot(r.u.t.T("repair.audio.restart.what"))
	r.press(r.u.t.N("window.repair.others", 2))
	r.says(r.u.t.T("repair.audio.restart.what"))
	r.says(r.tr("repair.elevated")) // the restart asks for a password, and says so before
}

func TestAChoiceIsMadeBeforeYes(t *testing.T) {
	// Given a repair that lets the user choose a device
	r := muted(t, func(inc *api.Incident, req api.RepairRequest, _ func(api.RepairEvent)) {
		at := fakeagent.Attempt(inc, req.ID)
		at.State = api.RepairNeedsUser
		at.Pending = &api.RepairStep{ID: "heard", Kind: api.StepAsk}
		at.Before = []api.Result{{ID: "av.output", Status: api.CheckFail}}
		at.After = []api.Result{{ID: "av.output", Status: api.CheckPass}}
		if req.Action == "user_says" {
			at.Pending, at.UserSays, at.State = nil, req.Says, api.RepairSolved
		}
	})
	headset, speaker := r.check("USB Headset"), r.check("Built-in Audio")
	if !headset.Checked || speaker.Checked {
		t.Fatalf("what Balise would pick is not picked: %v %v", headset.Checked, speaker.Checked)
	}
	// When one is ticked, then the other is not; with none there is no yes
	test.Tap(speaker)
	if headset.Checked || !speaker.Checked {
		t.Errorf("one of two: %v %v", headset.Checked, speaker.Checked)
	}
	test.Tap(speaker)
	if !r.button(r.tr("repair.do")).Disabled() {
		t.Error("a yes without a choice")
	}
	test.Tap(speaker)
	r.press(r.tr("repair.do"))
	r.says(r.u.t.T("repair.audio.unmute.heard"))
	if got := r.a.RepairIn[0].Choice; !slices.Equal(got, []string{"s1"}) {
		t.Errorf("chosen %v", got)
	}
	// When the user hears it, then it is solved, and only then
	r.saysNot(r.tr("repair.done"))
	r.press(r.tr("yes"))
	r.says(r.u.t.T("repair.state.solved"))
	r.says(r.tr("repair.done"))
	if got := r.a.RepairIn[1]; got.Action != "user_says" || got.Says != "yes" {
		t.Errorf("said %+v", got)
	}
}

func TestARepairThatWaitsForARestartSaysSo(t *testing.T) {
	r := muted(t, func(inc *api.Incident, req api.RepairRequest, _ func(api.RepairEvent)) {
		at := fakeagent.Attempt(inc, req.ID)
		at.State, at.Pending = api.RepairNeedsUser, &api.RepairStep{ID: "unmute", Kind: api.StepWait}
		if req.Action == "cancel" {
			at.State, at.Pending, at.Reason = api.RepairNotSolved, nil, "declined"
		}
	})
	r.press(r.tr("repair.do"))
	r.says(r.tr("repair.waits"))
	r.press(r.tr("repair.call_off"))
	r.says(r.u.t.T("repair.reason.declined"))
}

func TestWhatAnAdministratorHasToDoIsSaid(t *testing.T) {
	r := muted(t, func(inc *api.Incident, req api.RepairRequest, _ func(api.RepairEvent)) {
		at := fakeagent.Attempt(inc, req.ID)
		at.State, at.Reason = api.RepairNeedsAdmin, "not_allowed"
	})
	r.press(r.tr("repair.do"))
	r.says(r.u.t.T("repair.state.needs_admin"))
	r.says(r.tr("repair.admin_next"))
	// and the next thing to try is open below
	r.says(r.u.t.T("repair.audio.restart.what"))
}

func TestALongStepShowsHowFarItIs(t *testing.T) {
	hold := make(chan struct{})
	r := muted(t, func(inc *api.Incident, req api.RepairRequest, on func(api.RepairEvent)) {
		on(api.RepairEvent{ID: req.ID, State: api.RepairRunning, Step: "unmute", Percent: 42, What: "libfoo\u202e1"})
		fakeagent.Attempt(inc, req.ID).State = api.RepairSolved
	})
	r.a.Lock()
	r.a.Hold = map[string]chan struct{}{"Repair": hold}
	r.a.Unlock()
	r.press(r.tr("repair.do"))
	r.says("libfoo1") // a name from outside cannot turn the line around
	close(hold)
	r.says(r.u.t.T("repair.state.solved"))
}

func TestEveryRepairButtonByKeyboard(t *testing.T) {
	r := muted(t, nil)
	r.everyButtonByTab()
	if f, ok := r.u.win.Canvas().Focused().(*widgets.Button); ok && f.Disabled() {
		t.Error("the keyboard is on a button that does nothing")
	}
}
