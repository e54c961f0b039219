package machine

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// unitWorld is a computer on which one of the user's services and one listed service of the system failed.
type unitWorld struct {
	*stage
	sys, own *systemd
}

func newUnitWorld(t *testing.T) *unitWorld {
	s := newStage(t)
	return &unitWorld{
		stage: s,
		sys: playSystemd(s, 0, map[string]*played{
			"sync.service": {Active: "failed", Result: "exit-code"}, "ssh.service": {Active: "active", Result: "success"},
		}),
		own: playSystemd(s, 1, map[string]*played{"indexer.service": {Active: "failed", Result: "start-limit-hit", limit: true}}),
	}
}

func (w *unitWorld) Fixer() repair.Fixer { return fixerOf(testEnv("sync"), "unit.restart") }

func (w *unitWorld) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	return passes(realChecks(ctx, []string{"sync.service"}, ids), ids), nil
}

func (w *unitWorld) State() string { return w.sys.state() + w.own.state() }

func (w *unitWorld) Reopen() repairtest.World { w.reopen(); return w }

func TestUnitRestart(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID:   "unit.restart",
		New:  func(t *testing.T) repairtest.World { return newSystemUnitWorld(t) },
		Real: "systemd played on real buses, the real self-test",
		Without: map[repairtest.Property]string{
			repairtest.TakeBack: "a service that had failed is not made to fail again",
		},
	})
}

// newSystemUnitWorld has only the system's service, so that a refusal changes nothing at all.
func newSystemUnitWorld(t *testing.T) *unitWorld {
	w := newUnitWorld(t)
	w.own.with(func() { delete(w.own.all, "indexer.service") })
	return w
}

func TestUnitsOfBothManagers(t *testing.T) {
	w := newUnitWorld(t)
	f := w.Fixer()
	look := f.Look(t.Context(), nil)
	if look.Why != "" || len(look.Steps["restart"].Items) != 2 || !look.Steps["restart"].Elevated {
		t.Fatalf("%+v", look)
	}
	var told []string
	job := repair.Job{Progress: func(_ int, what string) { told = append(told, what) }}
	saved, err := f.Prepare(t.Context(), job)
	must(t, err)
	job.Saved = saved
	if _, err := f.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var own, sys string
	w.own.with(func() { own = w.own.all["indexer.service"].Active })
	w.sys.with(func() { sys = w.sys.all["sync.service"].Active })
	if own != "active" || sys != "active" {
		t.Errorf("%s", w.State())
	}
	if !slices.Contains(told, "sync.service") || !slices.Contains(told, "watching") {
		t.Errorf("%q", told)
	}
	before := w.State()
	if _, err := f.Run(t.Context(), job); err != nil || w.State() != before {
		t.Errorf("a second time: %v %s", err, w.State())
	}
}

// A unit that comes up and fails again was not repaired.
func TestAUnitThatFailsAgain(t *testing.T) {
	w := newSystemUnitWorld(t)
	w.sys.with(func() { w.sys.all["sync.service"].flaps = 3 })
	f := w.Fixer()
	saved, err := f.Prepare(t.Context(), repair.Job{})
	must(t, err)
	_, err = f.Run(t.Context(), repair.Job{Saved: saved, Progress: func(int, string) {}})
	if step, ok := err.(*repair.StepError); !ok || step.Reason != "failed_again" {
		t.Errorf("%v", err)
	}
}

// The system's services that nobody listed, mounts and paths are never touched, whatever the journal says.
func TestOnlyListedUnits(t *testing.T) {
	w := newSystemUnitWorld(t)
	w.sys.with(func() {
		w.sys.all["secret.service"] = &played{Active: "failed", Result: "exit-code"}
		w.sys.all["home.mount"] = &played{Active: "failed", Result: "exit-code"}
	})
	f := fixerOf(testEnv("home.mount", "other.service"), "unit.restart")
	if look := f.Look(t.Context(), nil); look.Why != "not_listed" {
		t.Errorf("%+v", look)
	}
	before := w.State()
	for _, name := range []string{"/etc/passwd", "-a.service", "*.service", "reboot.target", ""} {
		saved, _ := json.Marshal([]unit{{Full: name, Name: "x"}})
		if _, err := f.Run(t.Context(), repair.Job{Saved: saved, Progress: func(int, string) {}}); err == nil {
			t.Errorf("%q was started", name)
		}
	}
	if w.State() != before {
		t.Error("something was changed")
	}
}

// A signal that gets lost must not hold a step for ever.
func TestALostSignal(t *testing.T) {
	w := newSystemUnitWorld(t)
	w.sys.with(func() { w.sys.lost = true })
	f := w.Fixer()
	saved, err := f.Prepare(t.Context(), repair.Job{})
	must(t, err)
	if _, err := f.Run(t.Context(), repair.Job{Saved: saved, Progress: func(int, string) {}}); err != nil {
		t.Error(err)
	}
}
