package diagnostics

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// once answers well until the time, and fails afterwards.
func once(until time.Duration, tail string) func(context.Context, int) Outcome {
	var begun atomic.Pointer[time.Time]
	return func(context.Context, int) Outcome {
		now := time.Now()
		begun.CompareAndSwap(nil, &now)
		if time.Since(*begun.Load()) < until {
			return good
		}
		return bad(tail)
	}
}

// A cable that is pulled after it was looked at is found where something waited in vain for an answer.
func TestWhatCarriesAFailureIsLookedAtOnceMore(t *testing.T) {
	out := runAll(t,
		Check{ID: "link", Run: once(500*time.Millisecond, "pulled")},
		Check{ID: "address", Needs: []string{"link"}, Run: after(0, good)},
		Check{ID: "names", Needs: []string{"address"}, Run: after(50*time.Millisecond, good)},
		Check{ID: "service", Needs: []string{"address"}, Beyond: true, Run: after(1200*time.Millisecond, bad("silent"))},
		Check{ID: "slow", Needs: []string{"address"}, Timeout: 4 * time.Second, Run: after(3900*time.Millisecond, good)},
		Check{ID: "disk", Run: after(0, good)},
	)
	if r := out.want(t, "link", Fail, ""); r.Cause != "x/pulled" {
		t.Error(r.Cause)
	}
	for _, id := range []string{"address", "names", "service", "slow"} {
		if r := out.want(t, id, Skip, DetailBlocked); !slices.Equal(r.BlockedBy, []string{"link"}) {
			t.Errorf("%s is blocked by %v", id, r.BlockedBy)
		}
	}
	out.want(t, "disk", Pass, "")
	if out.took > 3*time.Second {
		t.Errorf("took %v", out.took)
	}
}

// What carries others by being waited for is looked at too, and what is explained by it stays as it was seen.
func TestAWayOutThatGoesInMidRunIsFound(t *testing.T) {
	out := runAll(t,
		Check{ID: "exit", Stops: []string{"silent"}, Run: once(100*time.Millisecond, "silent")},
		Check{ID: "service", ExplainedBy: []string{"exit"}, Beyond: true, Run: after(1200*time.Millisecond, bad("silent"))},
	)
	out.want(t, "exit", Fail, "")
	out.want(t, "service", Fail, "")
}

// Good answers that are fresh, of what carries nothing, or beside a failure that is explained, are left alone.
func TestAGoodAnswerIsLookedAtOnceMoreOnlyWhereItIsOldAndMatters(t *testing.T) {
	counted := func(n *atomic.Int32) func(context.Context, int) Outcome {
		return func(context.Context, int) Outcome {
			n.Add(1)
			return good
		}
	}
	silent := after(1200*time.Millisecond, bad("silent"))
	for _, c := range []struct {
		name    string
		below   Check
		service Check
		want    int32
	}{
		{"old", Check{Stops: []string{"x"}}, Check{Beyond: true, Run: silent}, 2},
		{"fresh", Check{Stops: []string{"x"}}, Check{Beyond: true, Run: after(0, bad("refused"))}, 1},
		{"carries nothing", Check{}, Check{Beyond: true, Run: silent}, 1},
		{"of this computer", Check{Stops: []string{"x"}}, Check{Run: silent}, 1},
		{"only a warning", Check{Stops: []string{"x"}}, Check{
			Beyond: true, Run: after(1200*time.Millisecond, Outcome{Status: Warn, Severity: Degrades, Cause: "x/slow"}),
		}, 1},
	} {
		var n atomic.Int32
		c.below.ID, c.below.Run = "below", counted(&n)
		c.service.ID, c.service.ExplainedBy = "service", []string{"below"}
		out := runAll(t, c.below, c.service)
		if n.Load() != c.want {
			t.Errorf("%s: looked %d times", c.name, n.Load())
		}
		out.want(t, "below", Pass, "")
	}
}

// A second look that only stumbles once does not outweigh a good answer.
func TestOneStumbleDoesNotOutweighAGoodAnswer(t *testing.T) {
	var n atomic.Int32
	out := runAll(t,
		Check{ID: "exit", Stops: []string{"silent"}, Run: func(context.Context, int) Outcome {
			if n.Add(1) == 2 {
				return bad("silent")
			}
			return good
		}},
		Check{ID: "service", ExplainedBy: []string{"exit"}, Beyond: true, Run: after(1200*time.Millisecond, bad("silent"))},
	)
	out.want(t, "exit", Pass, "")
	if n.Load() != 3 {
		t.Errorf("looked %d times", n.Load())
	}
}
