package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/diagnostics/checks/catalogue"
)

func TestEverySelfTestStandsInAnAreaWithAName(t *testing.T) {
	specs, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	texts := i18n.New("fr")
	for id := range specs {
		area := areaOf(id)
		if !slices.Contains(areas(), area) || !texts.Has("window.area."+area) {
			t.Errorf("%s stands in %q", id, area)
		}
		// What is not known goes to the system; only these belong there.
		if head, _, _ := strings.Cut(id, "."); area == "system" && head != "sys" && head != "time" {
			t.Errorf("%s has no area of its own", id)
		}
	}
}

func TestProblemsShowUnaskedAndTheRestUnderAFold(t *testing.T) {
	// Given a run with two problems among fifty self-tests
	r := newRig(t, setup{})
	r.tested()
	r.rest()
	// Then each problem stands there by name, what is well is a number, and what is absent is folded away
	r.says(r.u.t.Check("disk.space"))
	r.says(r.u.t.Check("disk.inodes"))
	r.says(r.u.t.N("window.tests.problems", 2))
	for _, id := range []string{"disk.readonly", "net.gateway", "av.camera"} {
		r.saysNot(r.u.t.Check(id) + "\n")
	}
	// When an area is unfolded with Tab and Enter, then its self-tests show, and hide again
	r.tabTo(r.tr("area.disk"))
	r.key(fyne.KeyReturn)
	r.says(r.u.t.Check("disk.readonly"))
	r.key(fyne.KeyReturn)
	r.saysNot(r.u.t.Check("disk.readonly") + "\n")
	// When what is absent is unfolded, then it is named
	r.press(r.u.t.N("window.tests.absent", 11))
	r.says(r.u.t.Check("av.camera"))
}

func TestTheFirstAreaShowsWhileTheRestIsTested(t *testing.T) {
	// Given self-tests that take their time
	a := fakeagent.New()
	a.StepWait = 30 * time.Millisecond
	r := newRig(t, setup{agent: a})
	// When the first one has begun, then its area shows, before any is through
	r.until("a self-test runs", func() bool { return len(r.u.flow.lines) > 0 })
	r.says(r.tr("area.network"))
	if r.u.flow.inc.Diagnosis != nil {
		t.Error("the run was over before anything showed")
	}
}

func TestATestInTheBackgroundSaysSinceWhenItSawTheProblem(t *testing.T) {
	a := fakeagent.New()
	a.Status.Background = &api.Background{
		Since:   fakeagent.Clock().Add(-20 * time.Minute),
		Problem: &api.Diagnosis{Cause: "disk.space/full"},
	}
	r := newRig(t, setup{agent: a, page: pageCheck})
	r.tested()
	r.says(r.tr("check.noticed", "time", r.u.when(a.Status.Background.Since)))
}
