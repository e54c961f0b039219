package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

func TestAMomentIsMarkedAndTakenBackByKeyboard(t *testing.T) {
	// Given a record that is kept
	r := newRig(t, setup{})
	r.says(r.tr("record.now"))
	// When the moment is marked
	r.tabTo(r.tr("record.now"))
	r.key(fyne.KeyReturn)
	// Then the page says when, and the keyboard is on the way back
	r.says(r.tr("record.marked", "time", r.u.when(fakeagent.Clock())))
	if b, ok := r.u.win.Canvas().Focused().(*widgets.Button); !ok || b.Text != r.tr("record.forget") {
		t.Errorf("the keyboard is on %+v", r.u.win.Canvas().Focused())
	}
	r.key(fyne.KeyReturn)
	r.says(r.tr("record.now"))
	if len(r.a.Recorded.Marks) != 0 {
		t.Errorf("still marked: %v", r.a.Recorded.Marks)
	}
}

func TestNoMomentWithoutARecord(t *testing.T) {
	for name, a := range map[string]func(*fakeagent.Agent){
		"off":     func(a *fakeagent.Agent) { a.Recorded = api.RecordState{} },
		"unknown": func(a *fakeagent.Agent) { a.Fail = map[string]error{"Record": api.NewError(api.CodeInternal, nil)} },
	} {
		t.Run(name, func(t *testing.T) {
			agent := fakeagent.New()
			a(agent)
			r := newRig(t, setup{agent: agent})
			r.tested()
			r.rest()
			r.saysNot(r.tr("record.now"))
		})
	}
}

func TestTheRecordIsSwitchedInTheSettings(t *testing.T) {
	// Given the settings with the record off
	a := fakeagent.New()
	a.Recorded = api.RecordState{}
	r := newRig(t, setup{agent: a, page: pageSettings})
	r.says(r.tr("background.switch"))
	// When it is switched on, then it is on, and the keyboard stays on the box
	r.u.win.Canvas().Focus(r.check(r.tr("record.switch")))
	r.check(r.tr("record.switch")).SetChecked(true)
	r.until("the record is on", func() bool {
		a.Lock()
		defer a.Unlock()
		return a.Recorded.On
	})
	r.rest()
	if f := r.u.win.Canvas().Focused(); f != fyne.Focusable(r.check(r.tr("record.switch"))) {
		t.Errorf("the keyboard is on %+v", f)
	}
	// When the tests in the background are switched on, then the agent is told
	r.check(r.tr("background.switch")).SetChecked(true)
	r.until("the setting", func() bool { return r.a.Called("SetConfig") == 1 })
	r.rest()
	if got := r.a.SetKeys["watch.background"]; got != "on" {
		t.Errorf("watch.background is %q", got)
	}
}

func TestThePolicyLocksTheRecordAndTheBackgroundTests(t *testing.T) {
	a := fakeagent.New()
	const file = "/etc/balise/policy.yaml"
	a.Recorded = api.RecordState{Locked: true, Why: file}
	a.Conf = append(a.Conf[:3:3], api.Setting{
		Key: "watch.background", Value: "on", Source: "policy", Locked: true, File: file,
	})
	r := newRig(t, setup{agent: a, page: pageSettings})
	r.says(r.tr("background.switch"))
	r.says(r.tr("settings.locked", "file", file))
	for _, name := range []string{"record.switch", "background.switch"} {
		if !r.check(r.tr(name)).Disabled() {
			t.Errorf("%s can be ticked", name)
		}
	}
	r.saysNot(r.tr("record.now"))
}
