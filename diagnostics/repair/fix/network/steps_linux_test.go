package network_test

import (
	"context"
	"testing"
	"time"

	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// played are the worlds whose repair asks a service.
var played = map[string]func(t *testing.T) repairtest.World{
	"net.reconnect": reconnectWorld, "net.reconnect off": offlineWorld, "dhcp.renew": renewWorld,
	"net.radio_on": radioWorld, "dns.flush": namesWorld,
	"vpn.reconnect up":   func(t *testing.T) repairtest.World { return vpnWorld(t, true) },
	"vpn.reconnect down": func(t *testing.T) repairtest.World { return vpnWorld(t, false) },
	"time.resync off":    func(t *testing.T) repairtest.World { return clockWorld(t, false) },
	"time.resync on":     func(t *testing.T) repairtest.World { return clockWorld(t, true) },
}

// stepOf is the first step of a repair's catalogue.
func stepOf(t *testing.T, f repair.Fixer) string {
	t.Helper()
	specs, err := repair.Specs()
	if err != nil {
		t.Fatal(err)
	}
	return specs[f.ID()].Steps[0].ID
}

// A service that hangs or goes away once the step is written down ends the step in bounded time, and what it was
// asked for can be put back when it is there again.
func TestServiceThatFailsWithinTheStep(t *testing.T) {
	for name, world := range played {
		for how, stop := range map[string]func(repairtest.World){
			"hangs": func(w repairtest.World) { w.(repairtest.Hanger).Hang() },
			"goes":  func(w repairtest.World) { w.(repairtest.Leaver).Leave() },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				w := world(t)
				before, f := w.State(), w.Fixer()
				job := repair.Job{Step: stepOf(t, f)}
				saved, err := f.Prepare(t.Context(), job)
				if err != nil {
					t.Fatal(err)
				}
				stop(w)
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				job.Saved = saved
				if _, err := f.Run(ctx, job); err == nil {
					t.Error("nobody answered, and the step is said to be done")
				}
				if _, left, err := f.Undo(ctx, saved); f.ID() != "dns.flush" && (err == nil || left == 0) {
					t.Error("nobody answered, and it is said to be put back")
				}
				w = w.Reopen()
				if _, left, err := w.Fixer().Undo(t.Context(), saved); err != nil || left != 0 {
					t.Errorf("put back later: %v, %d left", err, left)
				}
				if after := w.State(); after != before {
					t.Errorf("have %s, want %s", after, before)
				}
			})
		}
	}
}

// Doing a step twice changes nothing more, and so does putting back twice.
func TestTwiceIsOnce(t *testing.T) {
	for name, world := range played {
		t.Run(name, func(t *testing.T) {
			w := world(t)
			before, f := w.State(), w.Fixer()
			job := repair.Job{Step: stepOf(t, f)}
			saved, err := f.Prepare(t.Context(), job)
			if err != nil {
				t.Fatal(err)
			}
			job.Saved = saved
			var done [2]string
			for i := range done {
				if _, err := f.Run(t.Context(), job); err != nil {
					t.Fatal(err)
				}
				done[i] = w.State()
			}
			if done[0] != done[1] {
				t.Errorf("a second time changed %s to %s", done[0], done[1])
			}
			for range 2 {
				if _, left, err := f.Undo(t.Context(), saved); err != nil || left != 0 {
					t.Fatalf("put back: %v, %d left", err, left)
				}
				if after := w.State(); after != before {
					t.Errorf("put back: have %s, want %s", after, before)
				}
			}
		})
	}
}

// What was written down and is damaged is refused before anything is done.
func TestDamagedNotesAreRefused(t *testing.T) {
	for name, world := range played {
		t.Run(name, func(t *testing.T) {
			w := world(t)
			before, f := w.State(), w.Fixer()
			for _, raw := range []string{"", "{", `[1]`} {
				if _, err := f.Run(t.Context(), repair.Job{Step: stepOf(t, f), Saved: []byte(raw)}); err == nil {
					t.Errorf("%q was obeyed", raw)
				}
				if _, _, err := f.Undo(t.Context(), []byte(raw)); err == nil && f.ID() != "dns.flush" {
					t.Errorf("%q was put back", raw)
				}
			}
			if after := w.State(); after != before {
				t.Errorf("have %s, want %s", after, before)
			}
		})
	}
}
