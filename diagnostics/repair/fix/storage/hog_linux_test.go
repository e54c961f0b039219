package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// someone is a user who may start programs here: as root another one, because the administrator's own programs are
// never closed.
func someone() int {
	if uid := os.Getuid(); uid != 0 {
		return uid
	}
	return 23457
}

// hogWorld is a computer on which a real program of the user's takes a processor.
type hogWorld struct {
	t        *testing.T
	cmd      *exec.Cmd
	stubborn bool
	worse    bool
}

// burn starts a real program that takes a whole processor. A stubborn one does not hear when it is asked to end.
func burn(t *testing.T, stubborn bool) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "balise")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	raw, err := os.ReadFile("/usr/bin/yes")
	must(t, err)
	file := filepath.Join(dir, "balisehog")
	must(t, os.WriteFile(file, raw, 0o755))
	cmd := exec.Command(file)
	if stubborn {
		cmd = exec.Command("/usr/bin/env", "--ignore-signal=TERM", file)
	}
	if os.Getuid() == 0 {
		id := uint32(someone())
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid))
		if string(name) == "balisehog\n" {
			return cmd
		}
	}
	t.Fatal("the program did not start")
	return nil
}

func newHogWorld(stubborn bool) func(t *testing.T) repairtest.World {
	var last *exec.Cmd
	return func(t *testing.T) repairtest.World {
		if last != nil {
			_ = last.Process.Kill() // one at a time takes a processor
		}
		last = burn(t, stubborn)
		return &hogWorld{t: t, cmd: last, stubborn: stubborn}
	}
}

func (w *hogWorld) Fixer() repair.Fixer {
	h := newHog()
	h.processes = act.Processes{UID: someone()}
	h.between = 100 * time.Millisecond
	if w.stubborn {
		h.polite = 200 * time.Millisecond
	}
	// The machine that runs the tests has other programs: only this world's is chosen from.
	return oneHog{h, w.cmd.Process.Pid}
}

// oneHog offers this world's program only.
type oneHog struct {
	*hog
	pid int
}

func (o oneHog) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := o.hog.Look(ctx, results)
	step := look.Steps["close"]
	step.Choices = slices.DeleteFunc(step.Choices, func(c repair.Choice) bool {
		return !strings.HasPrefix(c.ID, fmt.Sprintf("%d-", o.pid))
	})
	if look.Why == "" && len(step.Choices) == 0 {
		return repair.Look{Why: "no_program"}
	}
	if look.Why == "" {
		look.Steps["close"] = step
	}
	return look
}

func (w *hogWorld) alive() bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.cmd.Process.Pid))
	return err == nil && strings.Contains(string(raw), "(balisehog)") && !strings.Contains(string(raw), ") Z")
}

// Test looks whether the program runs: how busy the processors are as a whole, other tests beside this one decide.
func (w *hogWorld) Test(_ context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, id := range ids {
		r := diagnostics.Result{ID: id, Status: diagnostics.Pass}
		if id == "perf.cpu" && (w.worse || w.alive()) {
			r.Status, r.Cause = diagnostics.Fail, "perf.cpu/hog"
		}
		list = append(list, r)
	}
	return list, nil
}

func (w *hogWorld) State() string            { return fmt.Sprintf("runs: %v", w.alive()) }
func (w *hogWorld) Worsen()                  { w.worse = true }
func (w *hogWorld) Refuse()                  {}
func (w *hogWorld) Reopen() repairtest.World { return w }

var hogWithout = map[repairtest.Property]string{
	repairtest.Worse:    "a program that was closed is opened again by its user; he chose it, and was told",
	repairtest.Refused:  "only the user's own programs are offered; others' are refused by the signal itself (act)",
	repairtest.Gone:     "no service takes part: the kernel is asked",
	repairtest.Hung:     "no service takes part; a program that does not hear is ended after a yes of its own",
	repairtest.TakeBack: "a program that was closed is opened again by its user",
}

func TestHogKeepsItsPromises(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: perfHog, Choice: map[string][]string{"close": {"first"}}, New: newHogWorld(false), Without: hogWithout,
		Real: "a real program that takes a processor",
	})
}

// hogEngine runs the repair on a world.
func hogEngine(t *testing.T, w *hogWorld) *repair.Engine {
	t.Helper()
	return repair.New(repair.Params{
		Journal: filepath.Join(t.TempDir(), "repairs.jsonl"), Fixers: []repair.Fixer{w.Fixer()}, Verify: w.Test,
		PollEvery: 10 * time.Millisecond, PollFor: 5 * time.Second,
	})
}

// A program that does not end when asked is ended only after a second yes, and lives on after a no.
func TestForceNeedsAYesOfItsOwn(t *testing.T) {
	for _, yes := range []bool{true, false} {
		w := newHogWorld(true)(t).(*hogWorld)
		e := hogEngine(t, w)
		before, _ := w.Test(t.Context(), []string{"perf.cpu", "perf.memory"})
		choices := e.List(t.Context(), before)[0].Steps[0].Choices
		if len(choices) != 1 || choices[0].Chosen || choices[0].Label != "balisehog" || choices[0].Detail != "unsaved" {
			t.Fatalf("offered: %+v", choices)
		}
		a, err := e.Run(t.Context(), repair.Request{
			ID: perfHog, Consent: true, Before: before, Choice: []string{choices[0].ID},
		}, nil)
		must(t, err)
		if a.State != repair.NeedsUser || a.Pending == nil || a.Pending.ID != "kill" || !w.alive() {
			t.Fatalf("after it was asked to end: %+v", a)
		}
		if len(a.Pending.Items) != 1 || a.Pending.Items[0].Label != "balisehog" {
			t.Errorf("the second yes is for %+v", a.Pending.Items)
		}
		if !yes {
			_, err = e.Cancel(t.Context(), a.Ref)
			must(t, err)
			if !w.alive() {
				t.Error("ended by force after a no")
			}
			continue
		}
		a, err = e.Continue(t.Context(), a.Ref, true, nil)
		must(t, err)
		if a.State != repair.Solved || w.alive() {
			t.Errorf("after the second yes: %+v", a)
		}
	}
}

func TestNothingIsClosedUnchosen(t *testing.T) {
	w := newHogWorld(false)(t).(*hogWorld)
	h := w.Fixer().(oneHog)
	for _, choice := range [][]string{nil, {"1-1"}, {fmt.Sprintf("%d-%d", w.cmd.Process.Pid, 1)}, {"rubbish"}} {
		if _, err := h.Prepare(t.Context(), repair.Job{Step: "close", Choice: choice}); err == nil {
			t.Errorf("%q was accepted", choice)
		}
	}
	// What a journal names that was given to another process since is left alone.
	other := act.Running{PID: w.cmd.Process.Pid, Start: 1}
	saved, err := json.Marshal(closing{Targets: []target{{Running: other, Root: true}}})
	must(t, err)
	if _, err := h.Run(t.Context(), repair.Job{Step: "kill", Saved: saved}); err != nil {
		t.Error(err)
	}
	if !w.alive() {
		t.Error("another process of the same number was ended")
	}
}

func TestGatherKeepsProgramsApart(t *testing.T) {
	now := []act.Running{
		{PID: 10, Start: 1, Name: "web", Parent: 1, CPU: 2, RSS: 100},
		{PID: 11, Start: 2, Name: "web", Parent: 10, CPU: 3, RSS: 50},
		{PID: 12, Start: 3, Name: "web", Parent: 11, CPU: 0, RSS: 1},
		{PID: 20, Start: 4, Name: "web", Parent: 1, CPU: 9, RSS: 7}, // started apart
		{PID: 30, Start: 5, Name: "term", Parent: 1},
		{PID: 31, Start: 6, Name: "web", Parent: 30, RSS: 3},
		{PID: 40, Start: 7, Name: "loop", Parent: 40},
	}
	before := []act.Running{{PID: 10, Start: 1, CPU: 1}, {PID: 11, Start: 2, CPU: 2.5}, {PID: 20, Start: 3, CPU: 0}}
	var got []string
	for _, p := range gather(before, now, time.Second) {
		got = append(got, fmt.Sprintf("%s %d %d %.0f%% %d", p.root.Name, p.root.PID, len(p.members), p.cpu, p.rss))
	}
	slices.Sort(got)
	want := []string{"loop 40 1 0% 0", "term 30 1 0% 0", "web 10 3 150% 151", "web 20 1 0% 7", "web 31 1 0% 3"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
