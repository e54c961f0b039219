package repairtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

// lamp is the simplest world: two switches that must be on for the light, one step each.
type lamp struct {
	mu      *sync.Mutex
	on      map[string]bool
	worse   bool
	refuses bool
	state   string // "", "gone" or "hung"
	die     func()
	dieAt   int
	calls   int
	flaw    string // what is wrong with the repair, for tests of the tests
}

func newLamp(flaw string) *lamp {
	return &lamp{mu: &sync.Mutex{}, on: map[string]bool{"a": false, "b": false}, flaw: flaw}
}

func (l *lamp) Fixer() repair.Fixer { return &lighter{l} }

func (l *lamp) Test(_ context.Context, ids []string) ([]diagnostics.Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	status := diagnostics.Fail
	if l.on["a"] && l.on["b"] && !l.worse {
		status = diagnostics.Pass
	}
	var all []diagnostics.Result
	for _, id := range ids {
		all = append(all, diagnostics.Result{ID: id, Status: status})
	}
	return all, nil
}

func (l *lamp) State() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprint(l.on)
}

func (l *lamp) Worsen() { l.worse = true }
func (l *lamp) Refuse() { l.refuses = true }
func (l *lamp) Leave()  { l.state = "gone" }
func (l *lamp) Hang()   { l.state = "hung" }

func (l *lamp) Break(n int, die func()) { l.dieAt, l.calls, l.die = n, 0, die }
func (l *lamp) Broke() bool             { return l.dieAt > 0 && l.calls >= l.dieAt }

func (l *lamp) Reopen() World {
	return &lamp{mu: l.mu, on: l.on, worse: l.worse, refuses: l.refuses, flaw: l.flaw}
}

// set is the service: the switch moves, and then it answers.
func (l *lamp) set(ctx context.Context, name string, on bool) error {
	switch {
	case l.state == "hung":
		<-ctx.Done()
		return ctx.Err()
	case l.state == "gone":
		return errors.New("nobody answers")
	case l.refuses:
		return &repair.StepError{Reason: "not_allowed", Admin: true, Untouched: true}
	}
	l.mu.Lock()
	l.on[name] = on
	l.calls++
	dies := l.dieAt > 0 && l.calls >= l.dieAt
	l.mu.Unlock()
	if dies {
		l.die()
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// lighter is its repair.
type lighter struct{ l *lamp }

func (f *lighter) ID() string { return "test.lamp" }

func (f *lighter) Look(context.Context, []diagnostics.Result) repair.Look { return repair.Look{} }

func (f *lighter) Prepare(_ context.Context, job repair.Job) (json.RawMessage, error) {
	was := map[string]bool{}
	if len(job.Saved) > 0 {
		if err := json.Unmarshal(job.Saved, &was); err != nil {
			return nil, err
		}
	}
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	if f.l.flaw == "prepare changes" {
		f.l.on[job.Step] = true
	}
	was[job.Step] = f.l.on[job.Step]
	return json.Marshal(was)
}

func (f *lighter) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	if f.l.flaw == "ignores its ctx" && f.l.state == "hung" {
		select {}
	}
	if f.l.flaw == "one switch twice" {
		job.Step = "a"
	}
	return nil, f.l.set(ctx, job.Step, true)
}

func (f *lighter) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if f.l.flaw == "no undo" {
		return nil, 0, nil
	}
	was := map[string]bool{}
	if err := json.Unmarshal(saved, &was); err != nil {
		return nil, 0, err
	}
	for name, on := range was {
		if f.l.flaw == "half an undo" && name == "b" {
			continue
		}
		f.l.mu.Lock()
		is := f.l.on[name]
		f.l.mu.Unlock()
		if is == on {
			continue
		}
		if err := f.l.set(ctx, name, on); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, nil
}

func lampCase(flaw string) Case {
	return Case{
		ID: "test.lamp", Real: "played",
		New: func(*testing.T) World { return newLamp(flaw) },
		Specs: map[string]repair.Spec{"test.lamp": {
			ID: "test.lamp", Kind: repair.Fix, Risk: repair.WithUndo, Verify: []string{"test.light"},
			Undo: repair.UndoSpec{AtStart: true, Unsolved: true},
			Steps: []repair.StepSpec{
				{ID: "a", Kind: repair.Auto, Risk: repair.WithUndo}, {ID: "b", Kind: repair.Auto, Risk: repair.WithUndo},
			},
		}},
	}
}

func TestAGoodRepair(t *testing.T) {
	table := filepath.Join(t.TempDir(), "table.jsonl")
	t.Setenv(TableEnv, table)
	Run(t, lampCase(""))
	raw, err := os.ReadFile(table)
	if err != nil || strings.Count(string(raw), `"pass"`) != len(properties) {
		t.Errorf("%v\n%s", err, raw)
	}
}

func TestAHungStepIsAbandoned(t *testing.T) {
	Run(t, only(lampCase("ignores its ctx"), Hung))
}

func only(c Case, one Property) Case {
	c.Without = map[Property]string{}
	for _, p := range properties {
		if p != one {
			c.Without[p] = "another test's"
		}
	}
	return c
}

// The tests must be able to fail: each flaw is found in a process of its own.
func TestFlawsAreFound(t *testing.T) {
	if flaw := os.Getenv("BALISE_TEST_FLAW"); flaw != "" {
		flaw, property, _ := strings.Cut(flaw, ":")
		Run(t, only(lampCase(flaw), Property(property)))
		return
	}
	for flaw, property := range map[string]Property{
		"no undo": Worse, "half an undo": Crashed, "prepare changes": Refused, "one switch twice": Solved,
	} {
		t.Run(flaw, func(t *testing.T) {
			out, err := child(t, flaw+":"+string(property))
			if err == nil || !strings.Contains(out, "--- FAIL: TestFlawsAreFound/"+string(property)) {
				t.Errorf("%v, want a failure of %s\n%s", err, property, out)
			}
		})
	}
}
