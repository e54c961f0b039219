package diagnostics

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// The Runner's limits. They are constants and not settings: what a check may take is data, what a whole run
// may take is a promise to the user.
const (
	// RunTimeout is how long a whole run may take; a user waits five seconds, not ten.
	RunTimeout = 5 * time.Second
	// MaxParallel attempts run at once; home routers drop larger bursts of connections.
	MaxParallel = 32
	// MaxPerHost attempts run at once against one remote host.
	MaxPerHost = 8
	// SecondLook is when a silent first attempt gets company: late enough that a lost SYN (sent again after
	// 1 s) does not trigger it, early enough that a 3.5 s attempt still ends within RunTimeout.
	SecondLook = 1500 * time.Millisecond
	// RetryPause is the least time between a fast failure and the second look at it.
	RetryPause = 150 * time.Millisecond
	// settle is how long before the end of the run the last attempt must end: so that its answer counts, and
	// because the five seconds are the user's, from the click to the sentence.
	settle = 400 * time.Millisecond
	// grace is how long an attempt may overrun its own deadline before it is abandoned: a check whose target
	// is silent says so itself when its context ends, and needs a moment to do so.
	grace = 100 * time.Millisecond
	// demandSlack is what a check that was asked for by name may wait for what it needs.
	demandSlack = 2 * time.Second
	// leastAttempt is the shortest deadline with which a network attempt is worth starting.
	leastAttempt = 750 * time.Millisecond
)

// Details of results that the Runner itself makes.
const (
	DetailPlatform    = "run.platform"    // n/a: not a check of this operating system
	DetailOutOfTime   = "run.out_of_time" // unknown: the run ended first
	DetailDeadline    = "run.deadline"    // unknown: the check ignored its own deadline
	DetailCancelled   = "run.cancelled"   // unknown: the caller ended the run
	DetailPanic       = "run.panic"       // unknown: the check itself broke
	DetailBlocked     = "run.blocked"     // skip: something that it needs failed
	DetailMoot        = "run.moot"        // skip: a confirmed failure made it pointless
	DetailUnconfirmed = "run.unconfirmed" // fail or warn, seen once: no time was left for a second look
)

// Flapping is the tail of the cause of a check whose two attempts disagree.
const Flapping = "flapping"

// Runner runs a fixed list of checks. It is safe for concurrent use: each Run is its own.
type Runner struct {
	checks []Check
	index  map[string]int
	goos   string
	under  [][]bool // by check: which others it needs or is explained by, directly or by way of others
}

// NewRunner checks the list: every id stands once, every need is in the list, and needs have no cycle.
func NewRunner(checks []Check) (*Runner, error) {
	r := &Runner{checks: checks, index: make(map[string]int, len(checks)), goos: runtime.GOOS}
	for i, c := range checks {
		switch {
		case c.ID == "":
			return nil, errors.New("plan self-tests: a check has no id")
		case c.Run == nil:
			return nil, fmt.Errorf("plan self-tests: %q has nothing to run", c.ID)
		case c.Timeout <= 0:
			return nil, fmt.Errorf("plan self-tests: %q has no deadline", c.ID)
		}
		if _, twice := r.index[c.ID]; twice {
			return nil, fmt.Errorf("plan self-tests: %q stands twice", c.ID)
		}
		r.index[c.ID] = i
	}
	for _, c := range checks {
		for _, need := range c.Needs {
			if _, ok := r.index[need]; !ok {
				return nil, fmt.Errorf("plan self-tests: %q needs %q, which is not in the list", c.ID, need)
			}
		}
	}
	r.under = make([][]bool, len(checks))
	for i := range checks {
		r.under[i] = make([]bool, len(checks))
		r.climb(i, r.under[i])
	}
	return r, r.acyclic()
}

// climb marks everything above a check.
func (r *Runner) climb(i int, marks []bool) {
	for _, list := range [...][]string{r.checks[i].Needs, r.checks[i].ExplainedBy} {
		for _, id := range list {
			if up, ok := r.index[id]; ok && !marks[up] {
				marks[up] = true
				r.climb(up, marks)
			}
		}
	}
}

// acyclic walks the needs depth first; meeting a check that is still being walked is a cycle.
func (r *Runner) acyclic() error {
	const walking, walked = 1, 2
	state := make([]int, len(r.checks))
	var walk func(i int) error
	walk = func(i int) error {
		switch state[i] {
		case walked:
			return nil
		case walking:
			return fmt.Errorf("plan self-tests: %q needs itself, by way of others", r.checks[i].ID)
		}
		state[i] = walking
		for _, need := range r.checks[i].Needs {
			if err := walk(r.index[need]); err != nil {
				return err
			}
		}
		state[i] = walked
		return nil
	}
	for i := range r.checks {
		if err := walk(i); err != nil {
			return err
		}
	}
	return nil
}

// Run runs every check once, or twice where the first look was bad, and returns the results in the order of
// the list. on, which may be nil, gets each event from the caller's goroutine, in order. Run ends within
// RunTimeout whatever the checks do; one that is stuck is abandoned and reported unknown. Only a check that
// runs on demand, and is in the list, may take longer.
func (r *Runner) Run(ctx context.Context, on func(Event)) []Result {
	if on == nil {
		on = func(Event) {}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := newRun(r, ctx, on)
	on(Event{Kind: RunStarted, Total: len(r.checks), At: run.started})
	run.loop()
	on(Event{Kind: RunFinished, At: time.Now()})
	return run.results
}
