package diagnostics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// run is one run of a Runner. Its loop is the only one to touch results and events; each check that runs has
// a goroutine of its own, which talks to the loop by messages.
type run struct {
	*Runner
	ctx     context.Context
	on      func(Event)
	started time.Time
	// deadline is when the last attempt must have ended for its answer to count.
	deadline time.Time
	all      chan struct{}            // slots of the whole run
	hosts    map[string]chan struct{} // slots of each host
	messages chan message
	results  []Result
	done     []bool
	begun    []bool
	cancel   []context.CancelFunc
	since    []time.Time // when each was begun
	left     int
	pace     *pace
	review   review
	stops    []int       // confirmed failures that make waiting pointless
	wake     *time.Timer // when the next of those that only wait is due
}

// message is a retry (result nil) or the end of a check.
type message struct {
	check  int
	result *Result
	at     time.Time
	review bool // the end of a second look at what had passed
}

func newRun(r *Runner, ctx context.Context, on func(Event)) *run {
	n := len(r.checks)
	run := &run{
		Runner: r, ctx: ctx, on: on, started: time.Now(),
		all: make(chan struct{}, MaxParallel), hosts: map[string]chan struct{}{},
		messages: make(chan message, 3*n+1), // room for all: a check never waits for the loop
		results:  make([]Result, n), done: make([]bool, n), begun: make([]bool, n),
		cancel: make([]context.CancelFunc, n), since: make([]time.Time, n), left: n,
		wake: time.NewTimer(RunTimeout), // a look around that finds nothing, until sweep sets it
	}
	run.review.begun, run.review.cancel = make([]bool, n), make([]context.CancelFunc, n)
	run.pace = newPace(run.started)
	run.deadline = run.started.Add(RunTimeout - settle)
	for _, c := range r.checks {
		// Who asks for a long measurement by name gets it; the five seconds are for a run that nobody shaped.
		if end := run.started.Add(c.Timeout + demandSlack); c.OnDemand && end.After(run.deadline) {
			run.deadline = end
		}
	}
	for _, c := range r.checks {
		if c.Host != "" && run.hosts[c.Host] == nil {
			run.hosts[c.Host] = make(chan struct{}, MaxPerHost)
		}
	}
	return run
}

func (r *run) loop() {
	defer r.wake.Stop()
	r.advance()
	for r.left > 0 || r.review.open > 0 {
		select {
		case m := <-r.messages:
			if m.review {
				r.reviewed(m.check, *m.result)
				break
			}
			if r.done[m.check] {
				continue // made moot meanwhile
			}
			if m.result == nil {
				r.on(Event{Kind: CheckRetried, ID: r.checks[m.check].ID, At: m.at})
				continue
			}
			r.finish(m.check, *m.result)
		case <-r.wake.C:
		}
		r.sweep()
		r.advance()
	}
}

// advance starts every check whose needs are settled, and skips those whose needs failed. One skip can
// settle another check's needs, hence the outer loop.
func (r *run) advance() {
	for again := true; again; {
		again = false
		for i, c := range r.checks {
			if r.done[i] || r.begun[i] {
				continue
			}
			ready, blockedBy := r.needs(c)
			switch {
			case !r.applies(c):
				r.finish(i, Result{ID: c.ID, Status: NA, Detail: DetailPlatform, Started: time.Now()})
				again = true
			case !ready:
			case len(blockedBy) > 0:
				r.finish(i, Result{
					ID: c.ID, Status: Skip, Detail: DetailBlocked, BlockedBy: blockedBy, Started: time.Now(),
				})
				again = true
			default:
				r.start(i)
			}
		}
	}
}

func (r *run) applies(c Check) bool {
	return len(c.Platforms) == 0 || slices.Contains(c.Platforms, r.goos)
}

// needs tells whether all needs of a check have finished, and which failures block it. A need that is n/a
// or unknown does not block: not knowing is no reason not to look.
func (r *run) needs(c Check) (ready bool, blockedBy []string) {
	for _, need := range c.Needs {
		i := r.index[need]
		if !r.done[i] {
			return false, nil
		}
		switch r.results[i].Status {
		case Fail:
			blockedBy = append(blockedBy, need)
		case Skip:
			blockedBy = append(blockedBy, r.results[i].BlockedBy...)
		}
	}
	slices.Sort(blockedBy)
	return true, slices.Compact(blockedBy)
}

func (r *run) start(i int) {
	c := r.checks[i]
	r.begun[i] = true
	ctx, cancel := context.WithCancel(r.ctx)
	r.cancel[i], r.since[i] = cancel, time.Now()
	r.on(Event{Kind: CheckStarted, ID: c.ID, At: time.Now()})
	go func() {
		defer cancel()
		l := look{
			check: c, deadline: r.deadline, slots: r.slots(c),
			retried: func() { r.messages <- message{check: i, at: time.Now()} },
		}
		if c.Beyond {
			l.pace = r.pace
		}
		res := l.run(ctx)
		r.messages <- message{check: i, result: &res}
	}()
}

func (r *run) slots(c Check) []chan struct{} {
	if c.Host == "" {
		return []chan struct{}{r.all}
	}
	// The host's slot first: who waits for a host must not hold a place of the whole run.
	return []chan struct{}{r.hosts[c.Host], r.all}
}

func (r *run) finish(i int, res Result) {
	if r.done[i] {
		return
	}
	r.done[i] = true
	r.left--
	r.results[i] = res
	r.on(Event{Kind: CheckFinished, ID: res.ID, Result: &r.results[i], At: time.Now()})
	r.weigh(i)
	r.doubt(i)
}

// weigh does what follows from a result for the rest of the run.
func (r *run) weigh(i int) {
	res := r.results[i]
	_, tail, _ := strings.Cut(string(res.Cause), "/")
	if res.Status == Fail && res.Detail != DetailUnconfirmed {
		r.moot(res)
		if slices.Contains(r.checks[i].Stops, tail) {
			r.stops = append(r.stops, i)
		}
	}
	if r.checks[i].Beyond && tail == Flapping {
		r.pace.lost()
	}
}

// sweep ends what only waits although a confirmed failure explains why nobody answers.
func (r *run) sweep() {
	next := time.Duration(0)
	for _, root := range r.stops {
		if r.wayAround(root) {
			continue
		}
		for i := range r.checks {
			if r.done[i] || !r.stopped(i, root) {
				continue
			}
			wait := time.Duration(0)
			if r.begun[i] {
				wait = r.pace.hearing() - time.Since(r.since[i])
			}
			if wait <= 0 {
				r.skip(i, r.checks[root].ID)
			} else if next == 0 || wait < next {
				next = wait
			}
		}
	}
	if next > 0 {
		r.wake.Reset(next)
	}
}

// stopped tells whether a check only waits in vain because of a confirmed failure.
func (r *run) stopped(i, root int) bool {
	if slices.Contains(r.checks[root].StopsToo, r.checks[i].ID) {
		return true
	}
	return r.under[i][root] && !r.worksBetween(i, root)
}

// wayAround tells whether something shows that all is not lost with this failure.
func (r *run) wayAround(root int) bool {
	for _, id := range r.checks[root].UnlessPasses {
		if i, ok := r.index[id]; ok && r.done[i] && r.results[i].Status == Pass {
			return true
		}
	}
	return false
}

// worksBetween tells whether something works through which the failure would have to act.
func (r *run) worksBetween(i, root int) bool {
	for at, between := range r.under[i] {
		if between && r.under[at][root] && r.done[at] && r.results[at].Status == Pass {
			return true
		}
	}
	return false
}

// skip ends a check, running or not.
func (r *run) skip(i int, by string) {
	if r.cancel[i] != nil {
		r.cancel[i]()
	}
	r.finish(i, Result{
		ID: r.checks[i].ID, Status: Skip, Detail: DetailMoot, BlockedBy: []string{by}, Started: time.Now(),
	})
}

// moot ends what a confirmed failure makes pointless, running or not.
func (r *run) moot(by Result) {
	for i, c := range r.checks {
		if r.done[i] || !(slices.Contains(c.MootBy, by.ID) || slices.Contains(c.MootBy, string(by.Cause))) {
			continue
		}
		r.skip(i, by.ID)
	}
}

// guard runs one attempt and turns a panic into unknown: a broken probe is not a broken computer.
func guard(ctx context.Context, c Check, try int) (out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = Outcome{Status: Unknown, Detail: DetailPanic, Error: fmt.Sprintf("%T", p)}
		}
	}()
	return c.Run(ctx, try)
}
