package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/repair"
)

// perfHog closes a program of the user's own that takes the processors or the memory: first politely, and only
// after a yes of its own by force. Which one, the user says; Balise picks none.
const perfHog = "perf.hog"

type hog struct {
	processes act.Processes
	// between is how long the look at the processors takes, polite how long a program gets to end by itself, and
	// forced how long the system needs to take one away.
	between, polite, forced time.Duration
}

func newHog() *hog {
	return &hog{
		processes: act.OwnProcesses(), between: 250 * time.Millisecond, polite: 10 * time.Second, forced: 5 * time.Second,
	}
}

// ID is the repair's.
func (h *hog) ID() string { return perfHog }

// program is one running program: a process, and those of the same name that it started itself.
type program struct {
	root    act.Running
	members []act.Running
	cpu     float64 // per cent of one processor
	rss     int64
}

func keyOf(r act.Running) string { return fmt.Sprintf("%d-%d", r.PID, r.Start) }

const (
	offered = 8 // programs to choose from
	// worthCPU and worthRSS are below what anybody feels.
	worthCPU = 5         // per cent of a processor
	worthRSS = 200 << 20 // bytes
)

// programs looks twice, a moment apart, because the processor time so far says nothing of now.
func (h *hog) programs(ctx context.Context) ([]program, error) {
	before, err := h.processes.List(ctx)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(h.between):
	}
	after, err := h.processes.List(ctx)
	if err != nil {
		return nil, err
	}
	return gather(before, after, time.Since(start)), nil
}

// gather puts processes together into programs. Two programs of one name that were started apart stay apart: to
// close one must not close the other.
func gather(before, after []act.Running, window time.Duration) []program {
	earlier, byPID := map[string]float64{}, map[int]act.Running{}
	for _, r := range before {
		earlier[keyOf(r)] = r.CPU
	}
	for _, r := range after {
		byPID[r.PID] = r
	}
	sum := map[int]*program{}
	for _, r := range after {
		root := rootOf(r, byPID)
		p := sum[root.PID]
		if p == nil {
			p = &program{root: root}
			sum[root.PID] = p
		}
		p.members = append(p.members, r)
		p.rss += r.RSS
		if was, known := earlier[keyOf(r)]; known && window > 0 {
			p.cpu += 100 * (r.CPU - was) / window.Seconds()
		}
	}
	var list []program
	for _, p := range sum {
		list = append(list, *p)
	}
	return list
}

// rootOf climbs to the first process of the same name.
func rootOf(r act.Running, byPID map[int]act.Running) act.Running {
	for range len(byPID) {
		up, known := byPID[r.Parent]
		if !known || up.Name != r.Name || up.PID == r.PID {
			break
		}
		r = up
	}
	return r
}

// Look offers the programs that take most.
func (h *hog) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := repair.Look{Verify: busy(results), Skip: []string{openPage}}
	list, err := h.programs(ctx)
	switch {
	case errors.Is(err, act.ErrAbsent):
		look.Why = "platform"
	case errors.Is(err, act.ErrNotOurs):
		look.Why = "administrator"
	case err != nil:
		look.Why = "not_seen"
	}
	if look.Why != "" {
		return look
	}
	choices := offer(list, slices.Contains(look.Verify, "perf.memory"))
	if len(choices) == 0 {
		look.Why = "no_program"
		return look
	}
	look.Steps = map[string]repair.StepLook{"close": {Choices: choices}}
	return look
}

// offer lists the programs that are worth closing, the one that takes most first.
func offer(list []program, memory bool) []repair.Choice {
	list = slices.DeleteFunc(list, func(p program) bool { return p.cpu < worthCPU && p.rss < worthRSS })
	slices.SortFunc(list, func(a, b program) int {
		byCPU, byRSS := cmp.Compare(b.cpu, a.cpu), cmp.Compare(b.rss, a.rss)
		if memory {
			return cmp.Or(byRSS, byCPU, cmp.Compare(a.root.Name, b.root.Name))
		}
		return cmp.Or(byCPU, byRSS, cmp.Compare(a.root.Name, b.root.Name))
	})
	var choices []repair.Choice
	for _, p := range list[:min(offered, len(list))] {
		choices = append(choices, repair.Choice{
			ID: keyOf(p.root), Label: p.root.Name, Detail: "unsaved", Bytes: p.rss, Percent: int(p.cpu + 0.5),
		})
	}
	return choices
}

// busy names the self-tests that this repair must turn.
func busy(results []diagnostics.Result) []string {
	var bad []string
	for _, r := range results {
		if (r.ID == "perf.cpu" || r.ID == "perf.memory") && r.Status.Bad() {
			bad = append(bad, r.ID)
		}
	}
	if len(bad) == 0 {
		return []string{"perf.cpu"}
	}
	slices.Sort(bad)
	return slices.Compact(bad)
}

// target is one process that is to be closed.
type target struct {
	act.Running
	Root bool `json:"root,omitempty"`
}

// closing is what is written down before a program is closed.
type closing struct {
	Targets []target `json:"targets"`
}

// Prepare fixes which processes are meant; by then they are named for ever.
func (h *hog) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	switch job.Step {
	case "kill":
		if len(job.Saved) == 0 {
			return nil, repair.ErrNothingSaved
		}
		return job.Saved, nil
	case "close":
	default:
		return nil, repair.Because("unknown_step", nil)
	}
	if len(job.Choice) == 0 {
		return nil, repair.Because("nothing_chosen", nil)
	}
	now, err := h.processes.List(ctx)
	if err != nil {
		return nil, repair.Because("not_seen", err)
	}
	var s closing
	for _, p := range gather(nil, now, 0) {
		if !slices.Contains(job.Choice, keyOf(p.root)) {
			continue
		}
		for _, r := range p.members {
			s.Targets = append(s.Targets, target{Running: r, Root: r.PID == p.root.PID})
		}
	}
	if len(s.Targets) == 0 {
		return nil, repair.Because("already_closed", nil)
	}
	return json.Marshal(s)
}

func readClosing(saved json.RawMessage) (closing, error) {
	var s closing
	if len(saved) == 0 {
		return s, repair.ErrNothingSaved
	}
	if err := json.Unmarshal(saved, &s); err != nil {
		return s, fmt.Errorf("read what was saved: %w", err)
	}
	return s, nil
}

// Show says which programs are still there; a step that finds none is not needed any more.
func (h *hog) Show(_ context.Context, step repair.Step, saved json.RawMessage) repair.Step {
	s, err := readClosing(saved)
	if step.ID != "kill" || err != nil {
		return step
	}
	open := h.open(s)
	if len(open) == 0 {
		return repair.Step{}
	}
	step.Items = nil
	for _, name := range namesOf(open) {
		step.Items = append(step.Items, repair.Item{Label: name})
	}
	return step
}

func (h *hog) open(s closing) []act.Running {
	var open []act.Running
	for _, t := range s.Targets {
		if !h.processes.Ended(t.Running) {
			open = append(open, t.Running)
		}
	}
	return open
}

func namesOf(list []act.Running) []string {
	var names []string
	for _, r := range list {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Run asks the program to end, or ends it.
func (h *hog) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	s, err := readClosing(job.Saved)
	if err != nil {
		return nil, err
	}
	signal, most := h.processes.Close, h.polite
	switch job.Step {
	case "close":
	case "kill":
		signal, most = h.processes.Kill, h.forced
	default:
		return nil, repair.Because("unknown_step", nil)
	}
	var all []act.Running
	for _, t := range s.Targets {
		all = append(all, t.Running)
		if job.Step == "close" && !t.Root {
			continue
		}
		err := signal(t.Running)
		switch {
		case err == nil, errors.Is(err, act.ErrEnded):
		case errors.Is(err, act.ErrDenied), errors.Is(err, act.ErrNotOurs):
			return nil, &repair.StepError{Reason: "not_allowed", Admin: true, Untouched: true, Err: err}
		default:
			return nil, repair.Because("not_closed", err)
		}
	}
	open := h.processes.Await(ctx, all, most)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if job.Step == "kill" && len(open) > 0 {
		return nil, repair.Because("not_closed", nil)
	}
	return closedFacts(all, open), nil
}

func closedFacts(all, open []act.Running) []diagnostics.Fact {
	return []diagnostics.Fact{
		diagnostics.Identifier("programs", strings.Join(namesOf(all), ", "), diagnostics.Personal, diagnostics.KindOther),
		diagnostics.Int("closed", int64(len(all)-len(open)), ""),
		diagnostics.Int("still_open", int64(len(open)), ""),
	}
}

// Undo has nothing to put back: a program that was closed is opened again by its user.
func (h *hog) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
