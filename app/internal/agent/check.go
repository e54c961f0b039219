package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"balise/app/internal/agent/child"
	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks"
	"balise/diagnostics/pack/join"
	"balise/diagnostics/repair"
	"balise/diagnostics/snapshot"
)

// probeDeadline is the runner's five seconds, and what a slow machine needs to start a process. Whatever is found out
// by then counts.
const probeDeadline = 9 * time.Second

func (a *Agent) checksConfig() checks.Config {
	cfg := a.set.now()
	c := cfg.Checks()
	if cfg.Desk.Kind == "practice" {
		c.Desk = "" // it stays on this computer and says nothing about the network
	}
	c.Packs = a.packs.get().checks
	return c
}

// Check runs the self-tests of an incident and streams them.
func (a *Agent) Check(
	ctx context.Context, id string, req api.CheckRequest, on func(diagnostics.Event),
) (api.Incident, error) {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return api.Incident{}, err
	}
	release, err := i.take(ctx)
	if err != nil {
		return api.Incident{}, err
	}
	defer release()
	defer a.stir()
	full := len(req.Only) == 0
	var look *glance
	if full {
		look = a.glance(ctx)
		on = look.with(on)
	}
	begun := a.p.Now()
	fresh, err := a.probeFirst(ctx, req.Only, a.first(i.copy()), on)
	if err != nil {
		return api.Incident{}, a.explain(err)
	}
	took := a.p.Now().Sub(begun)
	i.mu.Lock()
	i.api.Checked, i.api.TookMS = a.p.Now().UTC(), took.Milliseconds()
	i.api.Results = merge(i.api.Results, fresh)
	if i.snapshot == nil { // what was reviewed stays as it was
		i.api.Moment = a.recorder.moment()
	}
	i.mu.Unlock()
	var good *snapshot.Good
	var state snapshot.State
	var known error
	if full {
		state, known = look.wait()
		good = a.compare(ctx, i, state, known)
	}
	if err := a.conclude(ctx, i); err != nil {
		return api.Incident{}, a.explain(err)
	}
	out := i.copy()
	if full && known == nil && well(out.Diagnosis) {
		a.keepGood(ctx, good, state)
	}
	a.bus.publish(api.Event{Kind: "incident", Incident: id})
	return out, nil
}

// compare tells the incident what changed since all was well, and returns the last time when it was. Within one
// incident that time does not move: what was changed before the first test stays a suspect after the second.
func (a *Agent) compare(ctx context.Context, i *complaint, now snapshot.State, err error) *snapshot.Good {
	latest := a.lastGood(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.good == nil {
		i.good = latest
	}
	if changes := a.differences(i.good, now, err); err == nil {
		i.api.Changes = changes
	}
	if i.good != nil {
		i.api.AllWell = i.good.State.Taken
	}
	return latest
}

// conclude makes diagnosis and proposals from the results that the incident has.
func (a *Agent) conclude(ctx context.Context, i *complaint) error {
	now := i.copy()
	complained, has := a.symptomOf(now)
	d, explained := cause.Diagnose(a.ordered(now.Results), a.knowledge(&now), cause.Context{
		Answers: now.Answers, Changes: now.Changes, Priors: a.set.now().Priors, Salt: a.set.now().Desk.URL,
		Symptom: complained.Factors,
	})
	if has {
		join.Orient(&d, complained, now.Answers)
	}
	fitting, others := propose(d, a.repairs.List(ctx, explained, complained.Repairs...), now.Attempts)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.api.Diagnosis, i.api.Results, i.api.Repairs, i.api.OtherRepairs = &d, explained, fitting, others
	return nil
}

// propose parts the repairs: those that the diagnosis points to, what can be run now first and then best
// first, and the others, which nothing asks for. Each says itself whether it is available, and if not, why.
// What was tried in this incident stays in view, although its success took the reason for it away.
func propose(d cause.Diagnosis, all []repair.Info, tried []repair.Attempt) (fitting, others []repair.Info) {
	for _, i := range all {
		was := slices.ContainsFunc(tried, func(at repair.Attempt) bool { return at.ID == i.ID })
		if was || slices.Contains(d.Repairs, i.ID) {
			fitting = append(fitting, i)
		} else {
			others = append(others, i)
		}
	}
	rank := func(i repair.Info) int {
		at := slices.Index(d.Repairs, i.ID)
		if at < 0 {
			at = len(d.Repairs)
		}
		if !i.Available {
			at += len(all) + len(d.Repairs)
		}
		return at
	}
	slices.SortStableFunc(fitting, func(x, y repair.Info) int { return rank(x) - rank(y) })
	return fitting, others
}

// ordered puts results in the order of the catalogue, in which people read them; they come as they finish.
func (a *Agent) ordered(results []diagnostics.Result) []diagnostics.Result {
	place := map[string]int{}
	for at, c := range checks.Describe(a.checksConfig()) {
		place[c.ID] = at
	}
	rank := func(r diagnostics.Result) int {
		if at, ok := place[r.ID]; ok {
			return at
		}
		return len(place) // a service that the settings no longer name
	}
	out := slices.Clone(results)
	slices.SortStableFunc(out, func(x, y diagnostics.Result) int { return rank(x) - rank(y) })
	return out
}

// merge puts new results in the place of older ones.
func merge(have, fresh []diagnostics.Result) []diagnostics.Result {
	out := slices.Clone(have)
	for _, r := range fresh {
		at := slices.IndexFunc(out, func(o diagnostics.Result) bool { return o.ID == r.ID })
		if at < 0 {
			out = append(out, r)
		} else {
			out[at] = r
		}
	}
	return out
}

// first are the self-tests by which the incident's symptom is looked into.
func (a *Agent) first(i api.Incident) []string {
	s, _ := a.symptomOf(i)
	return s.Tests
}

// probe runs self-tests in a child.
func (a *Agent) probe(
	ctx context.Context, only []string, on func(diagnostics.Event),
) ([]diagnostics.Result, error) {
	return a.probeFirst(ctx, only, nil, on)
}

// probeFirst is probe with some of the self-tests before the others.
func (a *Agent) probeFirst(
	ctx context.Context, only, first []string, on func(diagnostics.Event),
) ([]diagnostics.Result, error) {
	return a.probeWith(ctx, a.checksConfig(), only, first, on)
}

// probeWith is probeFirst with settings that may leave some packs' self-tests out.
func (a *Agent) probeWith(
	ctx context.Context, cfg checks.Config, only, first []string, on func(diagnostics.Event),
) ([]diagnostics.Result, error) {
	if err := a.knownChecks(only); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(checks.Request{Config: cfg, Only: only, First: first})
	if err != nil {
		return nil, fmt.Errorf("ask for self-tests: %w", err)
	}
	var results []diagnostics.Result
	var broken error
	lines := &child.Lines{On: func(line []byte) {
		var ev diagnostics.Event
		if err := json.Unmarshal(line, &ev); err != nil {
			broken = fmt.Errorf("read self-tests: %w", err)
			return
		}
		if ev.Kind == diagnostics.CheckFinished && ev.Result != nil {
			at := slices.IndexFunc(results, func(r diagnostics.Result) bool { return r.ID == ev.Result.ID })
			if at >= 0 {
				results[at] = *ev.Result // looked at once more
			} else if results = append(results, *ev.Result); len(results) == 1 {
				a.goDo(func() { _, _ = cause.Core() }) // read while the others run: the verdict needs it
			}
		}
		if on != nil {
			on(ev)
		}
	}}
	err = a.kids.Run(ctx, child.Request{
		Args: []string{"internal", "probe"}, Stdin: bytes.NewReader(raw), Stdout: lines, Timeout: a.patience(slices.Concat(only, first)),
	})
	lines.Flush()
	switch {
	case errors.Is(err, child.ErrDeadline) && len(results) > 0:
		// Some were found out; those that hang say nothing, which is what "unknown" means.
		return a.ordered(append(results, a.unfinished(results, only)...)), nil
	case err != nil:
		return nil, fmt.Errorf("run self-tests: %w", err)
	}
	return a.ordered(results), broken
}

// patience is how long the child may take. One that only runs when it is asked for may take its own time.
func (a *Agent) patience(only []string) time.Duration {
	wait := a.probeWait
	for _, c := range checks.All(a.checksConfig()) {
		if c.OnDemand && slices.Contains(only, c.ID) {
			wait = max(wait, c.Timeout+a.probeWait)
		}
	}
	return wait
}

// knownChecks refuses a self-test that is not in the catalogue, before a child does in words of its own.
func (a *Agent) knownChecks(only []string) error {
	if len(only) == 0 {
		return nil
	}
	all := checks.Describe(a.checksConfig())
	for _, id := range only {
		if !slices.ContainsFunc(all, func(c checks.Info) bool { return c.ID == id }) {
			return &api.Error{
				Code: api.CodeUsage, Args: map[string]string{"what": id}, Detail: checks.ErrUnknownCheck.Error(),
			}
		}
	}
	return nil
}

func (a *Agent) unfinished(have []diagnostics.Result, only []string) []diagnostics.Result {
	var out []diagnostics.Result
	for _, c := range checks.All(a.checksConfig()) {
		known := slices.ContainsFunc(have, func(r diagnostics.Result) bool { return r.ID == c.ID })
		if !known && (len(only) == 0 && !c.OnDemand || slices.Contains(only, c.ID)) {
			out = append(out, diagnostics.Result{
				ID: c.ID, Status: diagnostics.Unknown, TimedOut: true, Detail: "child_deadline", Started: a.p.Now(),
			})
		}
	}
	return out
}

// verify runs self-tests again for the repair engine.
func (a *Agent) verify(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	results, err := a.probe(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	// What the asked ones need ran too; the engine judges by its own alone.
	return slices.DeleteFunc(results, func(r diagnostics.Result) bool {
		return !slices.Contains(ids, r.ID)
	}), nil
}

// Repair runs one repair, one step of it, or undoes it.
func (a *Agent) Repair(
	ctx context.Context, id string, req api.RepairRequest, on func(api.RepairEvent),
) (api.Incident, error) {
	i, err := a.incidents.get(id, a.p.Now())
	if err != nil {
		return api.Incident{}, err
	}
	attempt, err := a.repair(ctx, i, req, func(p repair.Progress) {
		event := api.RepairEvent{
			ID: p.ID, State: p.State, Step: p.Step, Percent: p.Percent, What: p.What, Result: p.Result, Attempt: p.Attempt,
		}
		if on != nil {
			on(event)
		}
		a.tellRepair(id, event)
	})
	if err != nil {
		return api.Incident{}, a.explain(err)
	}
	i.mu.Lock()
	at := slices.IndexFunc(i.api.Attempts, func(o repair.Attempt) bool { return o.Ref == attempt.Ref })
	if at < 0 {
		i.api.Attempts = append(i.api.Attempts, attempt)
	} else {
		i.api.Attempts[at] = attempt
	}
	i.api.Results = merge(i.api.Results, attempt.After)
	i.mu.Unlock()
	a.afterRepair(ctx, attempt)
	if len(attempt.After) > 0 {
		if err := a.conclude(ctx, i); err != nil {
			return api.Incident{}, a.explain(err)
		}
	}
	a.bus.publish(api.Event{Kind: "incident", Incident: id})
	return i.copy(), nil
}

func (a *Agent) repair(
	ctx context.Context, i *complaint, req api.RepairRequest, on func(repair.Progress),
) (repair.Attempt, error) {
	now := i.copy()
	if req.Action == "" || req.Action == "run" {
		complained, _ := a.symptomOf(now)
		if !req.Consent {
			return repair.Attempt{}, &api.Error{Code: api.CodeConsent}
		}
		return a.repairs.Run(ctx, repair.Request{
			ID: req.ID, Incident: now.ID, Consent: req.Consent, Before: now.Results, Choice: req.Choice,
			Said: slices.Contains(complained.Repairs, req.ID),
		}, on)
	}
	ref := ""
	for _, at := range now.Attempts { // the latest of that repair
		if at.ID == req.ID {
			ref = at.Ref
		}
	}
	if ref == "" {
		return repair.Attempt{}, &api.Error{Code: api.CodeNotFound, Detail: "this repair was not run"}
	}
	switch req.Action {
	case "continue", "undo":
		if !req.Consent {
			return repair.Attempt{}, &api.Error{Code: api.CodeConsent}
		}
		if req.Action == "undo" {
			return a.repairs.Undo(ctx, ref, req.Consent, on)
		}
		return a.repairs.Choose(ctx, ref, req.Choice, req.Consent, on)
	case "cancel":
		return a.repairs.Cancel(ctx, ref)
	case "user_says":
		return a.repairs.UserSays(ref, strings.ToLower(req.Says))
	}
	return repair.Attempt{}, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": req.Action}}
}
