package diagnostics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// after answers with o after d, or, when its context ends first, says that its target was silent.
func after(d time.Duration, o Outcome) func(context.Context, int) Outcome {
	return func(ctx context.Context, _ int) Outcome {
		select {
		case <-time.After(d):
			return o
		case <-ctx.Done():
			return bad("silent")
		}
	}
}

func bad(tail string) Outcome {
	return Outcome{Status: Fail, Severity: Blocks, Cause: Cause("x/" + tail)}
}

var good = Outcome{Status: Pass}

// tries gives each attempt its own behaviour.
func tries(runs ...func(context.Context, int) Outcome) func(context.Context, int) Outcome {
	return func(ctx context.Context, try int) Outcome { return runs[try](ctx, try) }
}

// ran is what a run gave.
type ran struct {
	results map[string]Result
	order   []string
	events  []Event
	took    time.Duration
}

// runAll runs checks in a bubble of fake time.
func runAll(t *testing.T, checks ...Check) (out ran) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { out = runHere(t, t.Context(), checks...) })
	return out
}

func runHere(t *testing.T, ctx context.Context, checks ...Check) ran {
	t.Helper()
	for i := range checks {
		if checks[i].Timeout == 0 {
			checks[i].Timeout = 2 * time.Second
		}
	}
	r, err := NewRunner(checks)
	if err != nil {
		t.Fatal(err)
	}
	out := ran{results: map[string]Result{}}
	start := time.Now()
	for _, res := range r.Run(ctx, func(e Event) { out.events = append(out.events, e) }) {
		out.results[res.ID] = res
		out.order = append(out.order, res.ID)
	}
	out.took = time.Since(start)
	return out
}

func (r ran) want(t *testing.T, id string, status Status, detail string) Result {
	t.Helper()
	res := r.results[id]
	if res.Status != status || res.Detail != detail {
		t.Errorf("%s: %s %q, want %s %q", id, res.Status, res.Detail, status, detail)
	}
	return res
}

func TestConstructorRefusesWhatCannotRun(t *testing.T) {
	run := after(0, good)
	for name, list := range map[string][]Check{
		"cycle":      {{ID: "a", Needs: []string{"b"}}, {ID: "b", Needs: []string{"c"}}, {ID: "c", Needs: []string{"a"}}},
		"itself":     {{ID: "a", Needs: []string{"a"}}},
		"unresolved": {{ID: "a", Needs: []string{"b"}}},
		"twice":      {{ID: "a"}, {ID: "a"}},
		"no id":      {{}},
	} {
		for i := range list {
			list[i].Run, list[i].Timeout = run, time.Second
		}
		if _, err := NewRunner(list); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewRunner([]Check{{ID: "a", Run: run}}); err == nil {
		t.Error("no deadline: no error")
	}
	if _, err := NewRunner([]Check{{ID: "a", Timeout: time.Second}}); err == nil {
		t.Error("nothing to run: no error")
	}
	// What explains a failure need not be in the list.
	if _, err := NewRunner([]Check{{ID: "a", Timeout: 1, Run: run, ExplainedBy: []string{"z"}}}); err != nil {
		t.Error(err)
	}
}

func TestNeedsAreRespected(t *testing.T) {
	out := runAll(t,
		Check{ID: "late", Needs: []string{"early"}, Run: after(time.Second, good)},
		Check{ID: "early", Run: after(time.Second, good)},
	)
	if out.took != 2*time.Second {
		t.Errorf("took %v: the second did not wait for the first", out.took)
	}
	if !slices.Equal(out.order, []string{"late", "early"}) {
		t.Errorf("results come as %v, not in the order of the list", out.order)
	}
}

func TestFailedNeedsSkipAndOthersDoNotBlock(t *testing.T) {
	out := runAll(t,
		Check{ID: "fail", Run: after(0, bad("broken"))},
		Check{ID: "warn", Run: after(0, Outcome{Status: Warn, Severity: Notice, Cause: "warn/low"})},
		Check{ID: "na", Run: after(0, Outcome{Status: NA})},
		Check{ID: "unknown", Run: after(0, Outcome{Status: Unknown})},
		Check{ID: "child", Needs: []string{"fail"}, Run: after(0, good)},
		Check{ID: "grandchild", Needs: []string{"child", "na"}, Run: after(0, good)},
		Check{ID: "free", Needs: []string{"warn", "na", "unknown"}, Run: after(0, good)},
	)
	for _, id := range []string{"child", "grandchild"} {
		if r := out.want(t, id, Skip, DetailBlocked); !slices.Equal(r.BlockedBy, []string{"fail"}) {
			t.Errorf("%s is blocked by %v", id, r.BlockedBy)
		}
	}
	out.want(t, "free", Pass, "")
}

func TestReadyChecksRunSideBySide(t *testing.T) {
	var checks []Check
	for i := range 20 {
		checks = append(checks, Check{ID: fmt.Sprint(i), Run: after(time.Second, good)})
	}
	if out := runAll(t, checks...); out.took != time.Second {
		t.Errorf("took %v", out.took)
	}
}

func TestAtMost32InAllAnd8AHost(t *testing.T) {
	var mu sync.Mutex
	now, peak := map[string]int{}, map[string]int{}
	count := func(group string, by int) {
		mu.Lock()
		defer mu.Unlock()
		now[group] += by
		peak[group] = max(peak[group], now[group])
	}
	var checks []Check
	for i := range 60 {
		host := ""
		if i < 20 {
			host = "desk.example"
		}
		checks = append(checks, Check{ID: fmt.Sprint(i), Host: host, Run: func(ctx context.Context, _ int) Outcome {
			count("all", 1)
			count("host "+host, 1)
			time.Sleep(400 * time.Millisecond)
			count("all", -1)
			count("host "+host, -1)
			return good
		}})
	}
	out := runAll(t, checks...)
	if peak["all"] != MaxParallel || peak["host desk.example"] != MaxPerHost {
		t.Errorf("at once: %v", peak)
	}
	for id, r := range out.results {
		if r.Status != Pass {
			t.Errorf("%s: %s %s", id, r.Status, r.Detail)
		}
	}
}

func TestFastFailureIsLookedAtAgain(t *testing.T) {
	out := runAll(t, Check{ID: "x", Run: after(10*time.Millisecond, bad("refused"))})
	r := out.want(t, "x", Fail, "")
	if len(r.Attempts) != 2 || r.Cause != "x/refused" || r.Severity != Blocks {
		t.Fatalf("%+v", r)
	}
	if gap := r.Attempts[1].Started.Sub(r.Attempts[0].Started); gap != 10*time.Millisecond+RetryPause {
		t.Errorf("second look after %v", gap)
	}
}

func TestSilentFirstAttemptGetsCompany(t *testing.T) {
	out := runAll(t, Check{ID: "x", Timeout: 3500 * time.Millisecond, Run: after(time.Hour, good)})
	r := out.want(t, "x", Fail, "")
	if len(r.Attempts) != 2 || r.Cause != "x/silent" {
		t.Fatalf("%+v", r)
	}
	if gap := r.Attempts[1].Started.Sub(r.Attempts[0].Started); gap != SecondLook {
		t.Errorf("second look after %v", gap)
	}
	if out.took > RunTimeout {
		t.Errorf("took %v", out.took)
	}
}

func TestFinalOutcomeIsBelievedAtOnce(t *testing.T) {
	o := bad("full")
	o.Final = true
	out := runAll(t, Check{ID: "x", Run: after(0, o)})
	if r := out.want(t, "x", Fail, ""); len(r.Attempts) != 1 || out.took != 0 {
		t.Errorf("%+v in %v", r, out.took)
	}
}

func TestWhatWatchesForAWhileIsTriedOnce(t *testing.T) {
	for name, run := range map[string]func(context.Context, int) Outcome{
		"slow failure": after(SecondLook+time.Second, bad("busy")),
		"fast failure": after(0, bad("busy")),
	} {
		out := runAll(t, Check{ID: "x", Once: true, Timeout: 4 * time.Second, Run: run})
		if r := out.want(t, "x", Fail, ""); len(r.Attempts) != 1 || r.Detail != "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	out := runAll(t, Check{ID: "x", Once: true, Timeout: 4 * time.Second, Run: after(time.Hour, good)})
	if r := out.want(t, "x", Fail, ""); len(r.Attempts) != 1 {
		t.Errorf("silent: %+v", r)
	}
}

func TestSlowPassNeedsNoSecondOpinion(t *testing.T) {
	out := runAll(t, Check{ID: "x", Run: after(1900*time.Millisecond, good)})
	out.want(t, "x", Pass, "")
	if out.took != 1900*time.Millisecond {
		t.Errorf("took %v", out.took)
	}
}

func TestDisagreementIsFlapping(t *testing.T) {
	for name, run := range map[string]func(context.Context, int) Outcome{
		"fast failure, then well":    tries(after(0, bad("refused")), after(0, good)),
		"first silent, second well":  tries(after(time.Hour, good), after(0, good)),
		"first fails late, one well": tries(after(1800*time.Millisecond, bad("reset")), after(10*time.Millisecond, good)),
	} {
		out := runAll(t, Check{ID: "x", Run: run})
		r := out.want(t, "x", Warn, "")
		if r.Cause != "x/flapping" || r.Severity != Degrades || len(r.Attempts) != 2 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestWarningThatIsContradictedIsNothing(t *testing.T) {
	warn := Outcome{Status: Warn, Severity: Degrades, Cause: "x/slow"}
	out := runAll(t, Check{ID: "x", Run: tries(after(0, warn), after(0, good))})
	if r := out.want(t, "x", Pass, ""); r.Cause != "" || len(r.Attempts) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestTwoBadAttemptsGiveTheMilder(t *testing.T) {
	warn := Outcome{Status: Warn, Severity: Degrades, Cause: "x/slow"}
	for _, run := range []func(context.Context, int) Outcome{
		tries(after(0, bad("silent")), after(0, warn)), tries(after(0, warn), after(0, bad("silent"))),
	} {
		if r := runAll(t, Check{ID: "x", Run: run}).want(t, "x", Warn, ""); r.Cause != "x/slow" {
			t.Errorf("%+v", r)
		}
	}
}

func TestBrokenChecksAreUnknownNeverFail(t *testing.T) {
	out := runAll(t,
		Check{ID: "panic", Run: func(context.Context, int) Outcome { panic("boom") }},
		Check{ID: "denied", Run: after(0, Outcome{Status: Unknown, Detail: "EACCES"})},
		Check{ID: "na", Run: after(0, Outcome{Status: NA, Detail: "config.probes.egress"})},
	)
	out.want(t, "panic", Unknown, DetailPanic)
	out.want(t, "denied", Unknown, "EACCES")
	out.want(t, "na", NA, "config.probes.egress")
}

// A panic in the second look leaves the first one alone: seen once, not twice.
func TestSecondLookThatBreaksLeavesTheFailureUnconfirmed(t *testing.T) {
	out := runAll(t, Check{ID: "x", Run: tries(after(0, bad("refused")), func(context.Context, int) Outcome { panic("boom") })})
	out.want(t, "x", Fail, DetailUnconfirmed)
}

// A goroutine that the kernel holds ignores its context for ever. The run must not care.
func TestStuckProbeIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := func(context.Context, int) Outcome { <-release; return good }
		checks := []Check{{ID: "well", Run: after(0, good)}}
		for i := range 40 { // more than there are places
			checks = append(checks, Check{ID: fmt.Sprint("stuck", i), Timeout: time.Second, Run: stuck})
		}
		checks = append(checks, Check{ID: "child", Needs: []string{"stuck0"}, Run: after(0, good)})
		out := runHere(t, t.Context(), checks...)
		if out.took > RunTimeout {
			t.Errorf("took %v", out.took)
		}
		if r := out.want(t, "stuck0", Unknown, DetailDeadline); !r.TimedOut {
			t.Error("not marked as timed out")
		}
		out.want(t, "well", Pass, "")
		out.want(t, "child", Pass, "")
		for id, r := range out.results {
			if strings.HasPrefix(id, "stuck") && r.Status != Unknown {
				t.Errorf("%s: %s", id, r.Status)
			}
		}
		close(release)
	})
}

func TestEverythingEndsWithinFiveSeconds(t *testing.T) {
	out := runAll(t,
		Check{ID: "a", Timeout: 4 * time.Second, Run: after(time.Hour, good)},
		Check{ID: "b", Timeout: 4 * time.Second, Run: after(3*time.Second, good)},
		Check{ID: "c", Timeout: 4 * time.Second, Needs: []string{"b"}, Run: after(time.Hour, good)},
		Check{
			ID: "d", Timeout: 4 * time.Second, Needs: []string{"b"},
			Run: after(1500*time.Millisecond, good),
		},
	)
	if out.took > RunTimeout {
		t.Errorf("took %v", out.took)
	}
	out.want(t, "a", Fail, "")
	out.want(t, "d", Pass, "")
	if r := out.results["c"]; r.Status != Fail {
		t.Errorf("c: %+v", r)
	}
}

func TestOnlyWhatWasAskedForByNameMayTakeLonger(t *testing.T) {
	long := Check{ID: "long", Once: true, OnDemand: true, Timeout: 15 * time.Second, Run: after(12*time.Second, good)}
	out := runAll(t, long, Check{ID: "stuck", Timeout: 4 * time.Second, Run: after(time.Hour, good)})
	out.want(t, "long", Pass, "")
	if r := out.results["stuck"]; r.TookMS > RunTimeout.Milliseconds()+SecondLook.Milliseconds() {
		t.Errorf("%+v", r)
	}
	long.OnDemand = false
	out = runAll(t, long)
	if out.want(t, "long", Fail, ""); out.took > RunTimeout {
		t.Errorf("took %v", out.took)
	}
}

// What could not even start is unknown, not failed and not skipped.
func TestNoTimeLeftIsUnknown(t *testing.T) {
	slow := after(2400*time.Millisecond, good)
	out := runAll(t,
		Check{ID: "a", Timeout: 3 * time.Second, Run: slow},
		Check{
			ID: "b", Timeout: 3 * time.Second, Needs: []string{"a"},
			Run: after(2100*time.Millisecond, good),
		},
		Check{ID: "c", Needs: []string{"b"}, Run: after(0, good)},
	)
	out.want(t, "c", Unknown, DetailOutOfTime)
}

func TestMootChecksAreCancelled(t *testing.T) {
	var cancelled atomic.Int32
	waits := func(ctx context.Context, _ int) Outcome {
		<-ctx.Done()
		cancelled.Add(1)
		return bad("silent")
	}
	out := runAll(t,
		Check{
			ID:  "router",
			Run: after(300*time.Millisecond, Outcome{Status: Fail, Severity: Blocks, Cause: "router/silent"}),
		},
		Check{ID: "names", Timeout: 4 * time.Second, MootBy: []string{"router"}, Run: waits},
		Check{ID: "exit", Timeout: 4 * time.Second, MootBy: []string{"router/silent"}, Run: waits},
		Check{ID: "other", MootBy: []string{"router/no_route"}, Run: after(time.Second, good)},
		Check{ID: "after", Needs: []string{"names"}, Run: after(0, good)},
	)
	for _, id := range []string{"names", "exit"} {
		if r := out.want(t, id, Skip, DetailMoot); !slices.Equal(r.BlockedBy, []string{"router"}) {
			t.Errorf("%s is blocked by %v", id, r.BlockedBy)
		}
	}
	out.want(t, "other", Pass, "")
	if r := out.want(t, "after", Skip, DetailBlocked); !slices.Equal(r.BlockedBy, []string{"router"}) {
		t.Errorf("after is blocked by %v", r.BlockedBy)
	}
	if cancelled.Load() != 2 || out.took > 2*time.Second {
		t.Errorf("%d cancelled, took %v", cancelled.Load(), out.took)
	}
}

// A failure that was seen only once is no reason to stop others.
func TestUnconfirmedFailureMakesNothingMoot(t *testing.T) {
	out := runAll(t,
		Check{
			ID:  "router",
			Run: tries(after(0, bad("silent")), func(context.Context, int) Outcome { panic("boom") }),
		},
		Check{ID: "exit", MootBy: []string{"router"}, Run: after(time.Second, good)},
	)
	out.want(t, "exit", Pass, "")
}

func TestOtherPlatformsAreNA(t *testing.T) {
	out := runAll(t,
		Check{
			ID: "x", Platforms: []string{"plan9"}, Run: func(context.Context, int) Outcome { panic("ran") },
		},
		Check{ID: "y", Needs: []string{"x"}, Run: after(0, good)},
	)
	out.want(t, "x", NA, DetailPlatform)
	out.want(t, "y", Pass, "")
}

func TestCallerCanEndTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		out := runHere(t, ctx, Check{ID: "x", Run: after(time.Hour, good)}, Check{ID: "y", Needs: []string{"x"}, Run: after(0, good)})
		if out.took != time.Second {
			t.Errorf("took %v", out.took)
		}
		out.want(t, "x", Unknown, DetailCancelled)
		out.want(t, "y", Unknown, DetailCancelled)
	})
}

func TestEventsComeAsTheyHappen(t *testing.T) {
	out := runAll(t,
		Check{ID: "slow", Run: after(time.Second, good)},
		Check{ID: "twice", Run: after(100*time.Millisecond, bad("refused"))},
		Check{ID: "last", Needs: []string{"slow"}, Run: after(0, good)},
	)
	var got []string
	for i, e := range out.events {
		got = append(got, fmt.Sprint(e.Kind, " ", e.ID))
		if i > 0 && e.At.Before(out.events[i-1].At) {
			t.Error("time runs backwards")
		}
		if (e.Result != nil) != (e.Kind == CheckFinished) {
			t.Errorf("%s with result %v", e.Kind, e.Result)
		}
	}
	want := []string{
		"run_started ", "check_started slow", "check_started twice", "check_retried twice", "check_finished twice",
		"check_finished slow", "check_started last", "check_finished last", "run_finished ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if out.events[0].Total != 3 {
		t.Errorf("total %d", out.events[0].Total)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	// synctest itself fails when the bubble ends with goroutines that cannot end.
	for range 5 {
		runAll(t, Check{ID: "a", Run: after(time.Hour, good)}, Check{ID: "b", Needs: []string{"a"}, Run: after(0, good)})
	}
}

// An attempt that was answered says more than one that was not.
func TestOfTwoFailuresTheAnswerCounts(t *testing.T) {
	fail := func(tail string) Outcome {
		return Outcome{Status: Fail, Severity: Blocks, Cause: Cause("svc.reach.erp/" + tail)}
	}
	for _, c := range []struct{ first, second, want string }{
		{"name", "cert_untrusted", "cert_untrusted"},
		{"silent", "refused", "refused"},
		{"refused", "silent", "refused"},
		{"silent", "name", "silent"},
		{"refused", "down", "refused"},
	} {
		got := Combine("svc.reach.erp", []Outcome{fail(c.first), fail(c.second)})
		if got.Cause != fail(c.want).Cause || got.Status != Fail {
			t.Errorf("%s, then %s: %s %s", c.first, c.second, got.Status, got.Cause)
		}
	}
}
