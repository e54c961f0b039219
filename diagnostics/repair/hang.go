package repair

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// errHung is for a Fixer that did not keep to its ctx.
var errHung = errors.New("it does not answer any more")

// grace is what a Fixer gets beyond its ctx to come back by itself and say how far it came.
const grace = 2 * time.Second

// within calls f and waits for it as long as ctx lasts, and a little longer. What does not come back by then is
// left to itself: nobody waits for a service that hangs for ever. A Fixer that panics has failed.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		got  T
		err  error
		died bool
	}
	done := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("it ended without a word")} // runtime.Goexit, in a test
		defer func() {
			switch p := recover().(type) {
			case nil:
			case Died:
				a.died = true
			default:
				a.err = fmt.Errorf("a defect: %v\n%s", p, debug.Stack())
			}
			done <- a
		}()
		a.got, a.err = f()
	}()
	var late <-chan time.Time
	over := ctx.Done()
	for {
		select {
		case a := <-done:
			if a.died {
				panic(Died{})
			}
			return a.got, a.err
		case <-over:
			over = nil
			t := time.NewTimer(grace)
			defer t.Stop()
			late = t.C
		case <-late:
			var none T
			return none, errHung
		}
	}
}

// patience is how long a step may take.
func (e *Engine) patience(id, step string) time.Duration {
	d := stepTimeout
	steps := e.spec(id).Steps
	at := slices.IndexFunc(steps, func(s StepSpec) bool { return s.ID == step })
	if at >= 0 && steps[at].Timeout > 0 {
		d = steps[at].Timeout
	}
	if e.p.StepFor > 0 {
		d = min(d, e.p.StepFor)
	}
	return d
}

func (e *Engine) undoPatience() time.Duration {
	if e.p.StepFor > 0 {
		return min(undoTimeout, e.p.StepFor)
	}
	return undoTimeout
}

// untouched says of an error of Prepare that nothing was changed: it never changes anything.
func untouched(err error) error {
	var s *StepError
	if errors.As(err, &s) {
		return &StepError{Reason: s.Reason, Admin: s.Admin, Untouched: true, Err: s.Err}
	}
	reason, admin := reasonOf(err)
	return &StepError{Reason: reason, Admin: admin, Untouched: true, Err: err}
}
