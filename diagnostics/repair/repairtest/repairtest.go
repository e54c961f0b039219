// Package repairtest plays one repair against a world in which it can go right and wrong, and tells whether it keeps
// what every repair promises: it proves itself or undoes itself, and a crash at any moment leaves no half state
// without a word.
package repairtest

import (
	"context"
	"maps"
	"os"
	"slices"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// World is a computer with the fault that the repair is for: a service played on a real bus, a real print server,
// real files.
type World interface {
	// Fixer is the repair, made anew, as a process that starts makes it.
	Fixer() repair.Fixer
	// Test runs self-tests by ID and reads them off this world; the real ones where that is possible.
	Test(ctx context.Context, ids []string) ([]diagnostics.Result, error)
	// State is everything that the repair may touch, as text; it is compared byte for byte.
	State() string
	// Worsen makes the repair not help from now on: the fault stays, or another comes.
	Worsen()
	// Refuse makes the system refuse for lack of rights from now on. Where rights play no part it does nothing,
	// and Case.Without says so under Refused.
	Refuse()
	// Reopen is the same world seen by a process that starts anew, after a crash. What hung or was cut by Break,
	// Leave or Hang works again.
	Reopen() World
}

// Breaker is a World that can end the process within a step or an undo, at the n-th inner point (1 is the first):
// it calls die there, from any goroutine, and answers nothing afterwards. Break(0, nil) takes that back.
type Breaker interface {
	Break(n int, die func())
	// Broke says whether the n-th point was reached.
	Broke() bool
}

// Leaver is a World whose service can go away: from now on nobody answers to its name.
type Leaver interface{ Leave() }

// Hanger is a World whose service can stop answering: it takes calls and says nothing.
type Hanger interface{ Hang() }

// Restarter is a World for a repair that goes on outside the process: Restarted does what it waits for (the
// computer restarts, the installation ends), and Reopen follows.
type Restarter interface{ Restarted() }

// Property is something that a repair promises.
type Property string

// The properties, in the order in which they are played and shown.
const (
	Solved   Property = "solved"    // it is run, and the self-test turns
	Well     Property = "well"      // where all is well already it does nothing
	Declined Property = "declined"  // a no changes nothing
	Worse    Property = "worse"     // it does not help: everything is as before, byte for byte
	Refused  Property = "refused"   // without the rights: needs_admin, and nothing changed
	Crashed  Property = "crashed"   // a crash anywhere is undone or told, once
	Again    Property = "again"     // a second run does nothing
	Gone     Property = "gone"      // the service is not there: an end in bounded time, nothing changed
	Hung     Property = "hung"      // the service hangs: an end in bounded time, undone or told
	TakeBack Property = "take_back" // put back afterwards on request, byte for byte
)

var properties = []Property{Solved, Well, Declined, Worse, Refused, Crashed, Again, Gone, Hung, TakeBack}

// Properties are all properties in the order in which they are shown.
func Properties() []Property { return slices.Clone(properties) }

// quick are the properties that the inner loop plays too: go test ./... without any of the environment below.
var quick = []Property{Solved, Declined, Worse}

// full tells whether all properties are played: BALISE_TEST_ROOT=1 or BALISE_TEST_DESKTOP=1, as packaging/test sets
// them both, or a table to be written.
func full() bool {
	return os.Getenv("BALISE_TEST_ROOT") == "1" || os.Getenv("BALISE_TEST_DESKTOP") == "1" || os.Getenv(TableEnv) != ""
}

// Case is one repair to be played.
type Case struct {
	// ID is the repair's.
	ID string
	// New makes a world with the fault. It is called often, once or more a property.
	New func(t *testing.T) World
	// Well makes a world without the fault; by default a world in which the repair has been run.
	Well func(t *testing.T) World
	// Choice is what the user picks, by step: IDs, or "first", "chosen" (what Balise would pick) or "all".
	Choice map[string][]string
	// Specs replaces the core's, for repairs of packs and for tests of the Engine.
	Specs map[string]repair.Spec
	// Situation is what the repair's preconditions read; by default nobody talks and the computer is on mains.
	Situation repair.Situation
	// Without are properties that cannot apply, with the reason; it stands in the table.
	Without map[Property]string
	// Real says what is real in this world and what is played ("NetworkManager played on a real bus"); it stands in
	// the table.
	Real string
	// Times is how the waits are shortened; the zero value fits worlds without clocks of their own.
	Times Times
}

// Times are bounds for tests.
type Times struct {
	// Solve bounds the wait for the self-tests to turn, Fail the wait when they will not, in milliseconds; by
	// default 5000 and 200. StepMS bounds a step and an undo in the world that hangs, by default 500.
	SolveMS, FailMS, StepMS int
}

// Run plays the properties as subtests of t: all of them under packaging/test, some in the inner loop.
func Run(t *testing.T, c Case) {
	t.Helper()
	if c.Specs == nil {
		specs, err := repair.Specs()
		if err != nil {
			t.Fatal(err)
		}
		c.Specs = specs
	}
	spec, ok := c.Specs[c.ID]
	if !ok {
		t.Fatalf("%s is not in the catalogue", c.ID)
	}
	for p := range maps.Keys(c.Without) {
		if !slices.Contains(properties, p) {
			t.Fatalf("no property is called %q", p)
		}
	}
	played := map[Property]func(*testing.T, Case, repair.Spec){
		Solved: solved, Well: well, Declined: declined, Worse: worse, Refused: refused, Crashed: crashed,
		Again: again, Gone: gone, Hung: hung, TakeBack: takeBack,
	}
	for _, p := range properties {
		if !full() && !slices.Contains(quick, p) {
			continue // each crash is a start anew: minutes in all, which the inner loop has not
		}
		t.Run(string(p), func(t *testing.T) {
			why, without := c.Without[p]
			if without {
				record(t, c, p, "n/a", why)
				t.Skipf("does not apply: %s", why)
			}
			defer func() {
				switch {
				case t.Failed():
					record(t, c, p, "fail", "")
				case t.Skipped():
				default:
					record(t, c, p, "pass", "")
				}
			}()
			played[p](t, c, spec)
		})
	}
}
