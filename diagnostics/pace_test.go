package diagnostics

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// peer is somebody beyond the router, as far as requests to connect go.
type peer struct {
	way  time.Duration
	lost []bool // which requests get lost, in the order in which they are sent; the rest arrive
	dead bool
}

// sent is when a connection request is sent, and sent again.
var sent = []time.Duration{0, time.Second, 3 * time.Second}

// connect behaves like a TCP connection to p, from the n-th request on.
func (p *peer) connect(ctx context.Context, n *int) bool {
	waiting, done := Connecting(ctx)
	begun, lost := time.Now(), false
	for _, at := range sent {
		arrives := !p.dead && (*n >= len(p.lost) || !p.lost[*n])
		wait := at - time.Since(begun)
		if arrives {
			wait += p.way
		}
		select {
		case <-time.After(wait):
		case <-waiting.Done():
			done(false, false)
			return false
		}
		*n++
		if arrives {
			done(true, lost)
			return true
		}
		lost = true
	}
	<-waiting.Done()
	done(false, false)
	return false
}

// asks is a check that connects to a peer, each attempt with requests of its own.
func asks(id string, p *peer) Check {
	return Check{
		ID: id, Beyond: true, Timeout: 3500 * time.Millisecond,
		Run: func(ctx context.Context, _ int) Outcome {
			n := 0
			if p.connect(ctx, &n) {
				return good
			}
			return Outcome{Status: Fail, Severity: Blocks, Cause: Cause(id + "/silent")}
		},
	}
}

func TestASatelliteIsNotSilence(t *testing.T) {
	for _, way := range []time.Duration{400 * time.Millisecond, 700 * time.Millisecond, 1300 * time.Millisecond} {
		out := runAll(t,
			asks("a", &peer{way: way}), asks("b", &peer{way: way}), asks("c", &peer{way: way + way/4}), asks("d", &peer{way: way}),
		)
		for id := range out.results {
			out.want(t, id, Pass, "")
		}
	}
}

// On a near network one far peer is heard, although the others say that all is near.
func TestAFarPeerOnANearNetworkIsHeard(t *testing.T) {
	out := runAll(t, asks("near", &peer{way: time.Millisecond}), asks("far", &peer{way: 900 * time.Millisecond}))
	out.want(t, "far", Pass, "")
}

func TestALostRequestIsNotSilence(t *testing.T) {
	near := 20 * time.Millisecond
	out := runAll(t, asks("well", &peer{way: near}), asks("once", &peer{way: near, lost: []bool{true}}))
	out.want(t, "once", Pass, "")
	// With the loss seen, nobody's patience is cut: two requests in a row may be lost.
	out = runAll(t, asks("once", &peer{way: near, lost: []bool{true}}), asks("twice", &peer{way: near, lost: []bool{true, true}}))
	out.want(t, "twice", Pass, "")
	if out.took < 3*time.Second {
		t.Errorf("took %v", out.took)
	}
}

func TestSilenceOnANearNetworkIsBelievedSoon(t *testing.T) {
	out := runAll(t, asks("well", &peer{way: 20 * time.Millisecond}), asks("dead", &peer{dead: true}))
	r := out.want(t, "dead", Fail, "")
	if len(r.Attempts) != 2 || out.took > 2500*time.Millisecond {
		t.Errorf("%d attempts in %v", len(r.Attempts), out.took)
	}
	if gap := r.Attempts[1].Started.Sub(r.Attempts[0].Started); gap < leastPatience || gap > SecondLook {
		t.Errorf("second look after %v", gap)
	}
}

// With one silent peer and nobody to compare with, a run waits as long as it can.
func TestOneSilentPeerAloneIsWaitedFor(t *testing.T) {
	out := runAll(t, asks("dead", &peer{dead: true}))
	out.want(t, "dead", Fail, "")
	if out.took < 4*time.Second || out.took > RunTimeout {
		t.Errorf("took %v", out.took)
	}
	out = runAll(t, asks("slow", &peer{way: 20 * time.Millisecond, lost: []bool{true, true}}))
	out.want(t, "slow", Pass, "")
}

func TestWhenNobodyAnswersAllStopWaiting(t *testing.T) {
	out := runAll(t, asks("a", &peer{dead: true}), asks("b", &peer{dead: true}), asks("c", &peer{dead: true}))
	for id := range out.results {
		if r := out.want(t, id, Fail, ""); len(r.Attempts) != 2 {
			t.Errorf("%s: %d attempts", id, len(r.Attempts))
		}
	}
	if out.took < hush || out.took > 3*time.Second {
		t.Errorf("took %v", out.took)
	}
}

func TestOutsideOfARunNothingIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := peer{way: 10 * time.Millisecond, lost: []bool{true, true}}
		if !p.connect(t.Context(), &n) {
			t.Error("gave up")
		}
	})
}

// stopping is a check that fails at once with a cause that stops what it explains.
func stopping(id string) Check {
	return Check{
		ID: id, Stops: []string{"dead"},
		Run: after(300*time.Millisecond, Outcome{Status: Fail, Severity: Blocks, Cause: Cause(id + "/dead"), Final: true}),
	}
}

func TestWhatOnlyWaitsIsStopped(t *testing.T) {
	out := runAll(t,
		stopping("names"),
		Check{ID: "middle", ExplainedBy: []string{"names"}, Timeout: 4 * time.Second, Run: after(time.Hour, good)},
		Check{ID: "end", ExplainedBy: []string{"middle"}, Timeout: 4 * time.Second, Run: after(time.Hour, good)},
		Check{ID: "refuses", ExplainedBy: []string{"names"}, Run: after(900*time.Millisecond, bad("refused"))},
		Check{ID: "exit", Timeout: 4 * time.Second, Run: after(3*time.Second, good)},
	)
	for _, id := range []string{"middle", "end"} {
		if r := out.want(t, id, Skip, DetailMoot); !slices.Equal(r.BlockedBy, []string{"names"}) {
			t.Errorf("%s is blocked by %v", id, r.BlockedBy)
		}
	}
	out.want(t, "exit", Pass, "") // not explained: its evidence counts
	if r := out.results["refuses"]; r.Status != Fail && r.Status != Skip {
		t.Errorf("%+v", r)
	}
}

// What fails in a way of its own does so quickly, and is heard.
func TestQuickEvidenceIsHeardBeforeWaitingEnds(t *testing.T) {
	out := runAll(t,
		stopping("portal"),
		Check{ID: "refuses", ExplainedBy: []string{"portal"}, Run: after(100*time.Millisecond, bad("refused"))},
		Check{ID: "works", ExplainedBy: []string{"portal"}, Run: after(700*time.Millisecond, good)},
	)
	out.want(t, "refuses", Fail, "")
	out.want(t, "works", Pass, "")
}

func TestACauseDoesNotStopPastWhatWorks(t *testing.T) {
	out := runAll(t,
		stopping("servers"),
		Check{ID: "names", ExplainedBy: []string{"servers"}, Run: after(0, good)},
		Check{ID: "service", ExplainedBy: []string{"names"}, Timeout: 4 * time.Second, Run: after(3*time.Second, good)},
	)
	out.want(t, "service", Pass, "")
}

func TestAWayAroundStopsNothing(t *testing.T) {
	exit := stopping("exit")
	exit.UnlessPasses = []string{"proxy"}
	out := runAll(t, exit,
		Check{ID: "proxy", Run: after(500*time.Millisecond, good)},
		Check{ID: "service", ExplainedBy: []string{"exit"}, Timeout: 4 * time.Second, Run: after(3*time.Second, good)},
	)
	out.want(t, "service", Pass, "")
	out = runAll(t, exit,
		Check{ID: "proxy", Run: after(500*time.Millisecond, Outcome{Status: NA})},
		Check{ID: "service", ExplainedBy: []string{"exit"}, Timeout: 4 * time.Second, Run: after(3*time.Second, good)},
	)
	out.want(t, "service", Skip, DetailMoot)
}

func TestWhatWouldWaitForTheSameIsStoppedToo(t *testing.T) {
	names := stopping("names")
	names.StopsToo = []string{"page"}
	out := runAll(t, names,
		Check{ID: "page", Timeout: 4 * time.Second, Run: after(time.Hour, good)},
		Check{ID: "other", Timeout: 4 * time.Second, Run: after(2*time.Second, good)},
	)
	out.want(t, "page", Skip, DetailMoot)
	out.want(t, "other", Pass, "")
}

// A failure that was seen once, or for another reason, stops nobody.
func TestOnlyConfirmedStopsCount(t *testing.T) {
	waits := Check{ID: "service", ExplainedBy: []string{"names"}, Timeout: 4 * time.Second, Run: after(3*time.Second, good)}
	other := stopping("names")
	other.Stops = []string{"refused"}
	out := runAll(t, other, waits)
	out.want(t, "service", Pass, "")
	once := stopping("names")
	once.Run = tries(after(0, Outcome{Status: Fail, Severity: Blocks, Cause: "names/dead"}),
		func(context.Context, int) Outcome { panic("boom") })
	out = runAll(t, once, waits)
	out.want(t, "service", Pass, "")
}

func TestTheFirstResultComesAtOnce(t *testing.T) {
	out := runAll(t,
		asks("a", &peer{way: 100 * time.Millisecond}), asks("b", &peer{dead: true}),
		Check{ID: "local", Run: after(10*time.Millisecond, good)},
	)
	for _, e := range out.events {
		if e.Kind == CheckFinished {
			if wait := e.At.Sub(out.events[0].At); wait > 150*time.Millisecond {
				t.Errorf("first result after %v", wait)
			}
			return
		}
	}
}
