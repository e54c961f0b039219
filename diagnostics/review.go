package diagnostics

import (
	"context"
	"slices"
	"time"
)

// A run takes a second or more, and what carries everything else answers in its first moment: when a cable is
// pulled in between, the router has passed and the services fail, and blaming the services would be wrong. So
// what stands under a failure is looked at once more if its good answer is old by then.

// staleAfter is how old a good answer may be beside a failure that it speaks against. What fails quickly fails
// beside it; what waits for a second in vain may have lost its ground meanwhile.
const staleAfter = time.Second

// review is the second look at what had passed.
type review struct {
	begun  []bool // by check
	cancel []context.CancelFunc
	open   int
}

// doubt begins a second look at everything that a fresh failure rests upon, unless a failure explains it already.
func (r *run) doubt(i int) {
	if res := r.results[i]; !r.checks[i].Beyond || res.Status != Fail || r.grounded(i) {
		return
	}
	for j := range r.checks {
		if r.under[i][j] && r.carries(j) && r.stale(j) {
			r.lookOnceMore(j)
		}
	}
}

// grounded tells whether something below a check is known to fail.
func (r *run) grounded(i int) bool {
	for j, below := range r.under[i] {
		if below && r.done[j] && r.results[j].Status == Fail {
			return true
		}
	}
	return false
}

// carries tells whether others stand on a check: they need it, or stop when it fails.
func (r *run) carries(j int) bool {
	c := r.checks[j]
	if c.Once || c.OnDemand {
		return false
	}
	return len(c.Stops) > 0 || slices.ContainsFunc(r.checks, func(o Check) bool { return slices.Contains(o.Needs, c.ID) })
}

func (r *run) stale(j int) bool {
	res := r.results[j]
	took := time.Duration(res.TookMS) * time.Millisecond
	return r.done[j] && !r.review.begun[j] && res.Status == Pass && time.Since(res.Started.Add(took)) >= staleAfter
}

func (r *run) lookOnceMore(j int) {
	c := r.checks[j]
	ctx, cancel := context.WithCancel(r.ctx)
	r.review.begun[j], r.review.cancel[j] = true, cancel
	r.review.open++
	r.on(Event{Kind: CheckRetried, ID: c.ID, At: time.Now()})
	go func() {
		defer cancel()
		l := look{check: c, deadline: r.deadline, slots: r.slots(c), retried: func() {}}
		if c.Beyond {
			l.pace = r.pace
		}
		res := l.run(ctx)
		r.messages <- message{check: j, result: &res, review: true}
	}()
}

// reviewed takes the answer of a second look. Only a failure that was seen twice outweighs the good answer; then
// the results become what they would be had the run begun now: what needs that check was not tested.
func (r *run) reviewed(j int, res Result) {
	r.review.open--
	if res.Status != Fail || res.Detail == DetailUnconfirmed || r.results[j].Status != Pass {
		return
	}
	r.replace(j, res)
	r.weigh(j)
	for again := true; again; {
		again = false
		for i, c := range r.checks {
			_, blockedBy := r.needs(c)
			if len(blockedBy) == 0 || !r.applies(c) || r.done[i] && r.results[i].Status == Skip {
				continue
			}
			again = true
			out := Result{ID: c.ID, Status: Skip, Detail: DetailBlocked, BlockedBy: blockedBy, Started: time.Now()}
			if r.done[i] {
				r.replace(i, out)
				continue
			}
			if r.cancel[i] != nil {
				r.cancel[i]()
			}
			r.finish(i, out)
		}
	}
}

// replace reports a check a second time.
func (r *run) replace(i int, res Result) {
	if cancel := r.review.cancel[i]; cancel != nil {
		cancel()
	}
	r.results[i] = res
	r.on(Event{Kind: CheckFinished, ID: res.ID, Result: &r.results[i], At: time.Now()})
}
