package agent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/repair"
)

// journal writes attempts as an agent of before left them.
func journal(t *testing.T, p Params, event string, attempts ...repair.Attempt) {
	t.Helper()
	if err := os.MkdirAll(p.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, a := range attempts {
		line, err := json.Marshal(map[string]any{"v": 1, "event": event, "incident": "OLD", "attempt": a})
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, line...), '\n')
	}
	if err := os.WriteFile(filepath.Join(p.StateDir, "repairs.journal"), all, 0o600); err != nil {
		t.Fatal(err)
	}
}

func refs(list []repair.Attempt) (out []string) {
	for _, a := range list {
		out = append(out, a.Ref)
	}
	slices.Sort(out)
	return out
}

func TestAReportSpeaksOfWhatATerminalTried(t *testing.T) {
	// Given a repair of some minutes ago and one of yesterday, both of commands that are over
	p, b := params(t, "")
	now := time.Now()
	journal(t, p, "end",
		repair.Attempt{ID: "print.resume", Ref: "recent", State: repair.NeedsAdmin, Finished: now.Add(-5 * time.Minute)},
		repair.Attempt{ID: "print.resume", Ref: "old", State: repair.NotSolved, Finished: now.Add(-30 * time.Hour)})
	start(t, p, b)
	// When a window opens, then it is not bothered with them
	if inc := b.open(t, false); len(inc.Attempts) != 0 {
		t.Errorf("%v", refs(inc.Attempts))
	}
	// When a report is made, then the recent one is in it, and counts as reported with it
	inc, err := b.OpenIncident(t.Context(), api.OpenRequest{Earlier: true})
	if err != nil || !slices.Equal(refs(inc.Attempts), []string{"recent"}) {
		t.Fatalf("%v %v", refs(inc.Attempts), err)
	}
	h, err := b.RepairHistory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range h.Attempts {
		if want := map[string]string{"recent": inc.ID, "old": "OLD"}[a.Ref]; a.Incident != want {
			t.Errorf("%s belongs to %q, want %q", a.Ref, a.Incident, want)
		}
	}
}

func TestWhatWasCutShortIsToldOnce(t *testing.T) {
	p, b := params(t, "")
	journal(t, p, "step", repair.Attempt{ID: "print.resume", Ref: "cut", State: repair.Running, Started: time.Now()})
	start(t, p, b)
	inc := b.open(t, false)
	if !slices.Equal(refs(inc.Attempts), []string{"cut"}) || inc.Attempts[0].Reason != "interrupted" {
		t.Fatalf("%+v", inc.Attempts)
	}
	if again := b.open(t, false); len(again.Attempts) != 0 {
		t.Errorf("told twice: %v", refs(again.Attempts))
	}
}

func TestAWindowClosedInTheMiddleIsToldOf(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	b.afterRepair(gone, repair.Attempt{ID: "print.resume", Ref: "left", State: repair.NotSolved, Reason: "interrupted"})
	if inc := b.open(t, false); !slices.Equal(refs(inc.Attempts), []string{"left"}) {
		t.Errorf("%v", refs(inc.Attempts))
	}
}

// sessionEntry is an autostart entry in memory.
type sessionEntry struct{ on bool }

func (s *sessionEntry) Status() (bool, error) { return s.on, nil }
func (s *sessionEntry) Enable() error         { s.on = true; return nil }
func (s *sessionEntry) Disable() error        { s.on = false; return nil }

func TestARestartIsAnnouncedAndBaliseComesBack(t *testing.T) {
	waits := repair.Attempt{
		ID: "restart.pc", Ref: "r", State: repair.NeedsUser,
		Pending: &repair.Step{ID: "wait", Kind: repair.Wait, Until: time.Now().Add(2 * time.Minute)},
	}
	for name, always := range map[string]bool{"by itself": false, "as the user wants it": true} {
		t.Run(name, func(t *testing.T) {
			p, b := params(t, "")
			entry := &sessionEntry{on: always}
			p.Autostart = entry
			start(t, p, b)
			b.afterRepair(t.Context(), waits)
			if !entry.on {
				t.Error("nobody is there after the restart")
			}
			title := b.texts().T("agent.restart.title", "time", waits.Pending.Until.Local().Format("15:04"))
			if !slices.ContainsFunc(b.bell.rung(), func(n Note) bool { return n.Title == title && n.Urgent }) {
				t.Errorf("the restart comes as a surprise: %+v", b.bell.rung())
			}
			// When nothing is waited for any more, then only the user's own wish stays
			b.afterRepair(t.Context(), repair.Attempt{ID: "restart.pc", Ref: "r", State: repair.Solved})
			if entry.on != always {
				t.Errorf("starts with the session: %v, want %v", entry.on, always)
			}
		})
	}
}

func TestEveryWindowSeesARepair(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	events, cancel := b.bus.subscribe()
	defer cancel()
	b.tellRepair("A", api.RepairEvent{ID: "print.resume", State: api.RepairRunning})
	ev := <-events
	if ev.Kind != "repair" || ev.Incident != "A" || ev.Repair == nil || ev.Repair.ID != "print.resume" {
		t.Errorf("%+v", ev)
	}
}
