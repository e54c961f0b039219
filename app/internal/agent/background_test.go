package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"balise/diagnostics/cause"
)

// world is a computer with a clock of its own, on which time only passes when nothing is done.
type world struct {
	*background
	bell    *bell
	now     time.Time
	network uint64
	last    uint64
	runs    []time.Time
	// sees is what a run finds at a time.
	sees func(at time.Time) cause.Diagnosis
}

var full = cause.Diagnosis{
	Cause: "disk.space/full", Confidence: cause.Confirmed, Urgency: "high", Fingerprint: "aa",
	Repairs: []string{"disk.clean_user"},
}

var healthy = cause.Diagnosis{Cause: cause.Healthy, Confidence: cause.Confirmed, Fingerprint: "00"}

func always(d cause.Diagnosis) func(time.Time) cause.Diagnosis {
	return func(time.Time) cause.Diagnosis { return d }
}

func newWorld(t *testing.T) *world {
	t.Helper()
	p, b := params(t, "watch: {background: \"on\"}\n")
	w := &world{bell: b.bell, now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), sees: always(healthy)}
	p.Now = func() time.Time { return w.now }
	start(t, p, b)
	w.background = b.watch
	w.plan.jitter = 0.5
	w.digest = func() (uint64, error) { return w.network, nil }
	w.rest = func(context.Context) string { return "" }
	w.try = func(context.Context) (cause.Diagnosis, error) {
		w.runs = append(w.runs, w.now)
		return w.sees(w.now), nil
	}
	w.plan.begin(w.now)
	return w
}

// pass lets time go by as the loop does.
func (w *world) pass(t *testing.T, d time.Duration) {
	t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(watchLook) {
		w.step(t.Context(), &w.last)
	}
}

func (w *world) told() int { return len(w.bell.rung()) }

func TestASteadyProblemIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.pass(t, 3*time.Hour)
	if n := len(w.runs); n < 2 || n > 4 || w.told() != 0 {
		t.Fatalf("%d runs and %d notes on a healthy morning", n, w.told())
	}
	w.sees = always(full)
	w.pass(t, 20*time.Hour)
	if w.told() != 1 {
		t.Fatalf("told %d times", w.told())
	}
	n := w.bell.rung()[0]
	if n.Key != "check" || n.Urgent || !n.Quiet || strings.ContainsAny(n.Title+n.Body, "{}") || n.Body == "" {
		t.Errorf("the note is %+v", n)
	}
	if st := w.seen(); st.Problem == nil || st.Since.IsZero() {
		t.Errorf("the state says %+v", st)
	}
	// Another problem is another matter, and so is the same one the day after.
	other := full
	other.Cause, other.Fingerprint = "net.link/down", "bb"
	w.sees = always(other)
	w.pass(t, 2*time.Hour)
	if w.told() != 2 {
		t.Errorf("told %d times of two problems", w.told())
	}
	w.sees = always(full)
	w.pass(t, 26*time.Hour)
	if w.told() != 3 {
		t.Errorf("told %d times, the first problem again a day later", w.told())
	}
	w.sees = always(healthy)
	w.pass(t, 2*time.Hour)
	if st := w.seen(); st.Problem != nil || len(w.bell.withdrawn) == 0 {
		t.Errorf("after the end: %+v, %v", st, w.bell.withdrawn)
	}
}

func TestOnceADayAlsoAcrossRestarts(t *testing.T) {
	w := newWorld(t)
	w.sees = always(full)
	w.pass(t, 2*time.Hour)
	if w.told() != 1 {
		t.Fatal(w.told())
	}
	again := newBackground(w.a) // of a program that starts
	again.plan.jitter, again.digest, again.rest, again.try = 0.5, w.digest, w.rest, w.try
	if _, err := w.a.store.Get(t.Context(), keyTold, &again.doubt.Told); err != nil {
		t.Fatal(err)
	}
	w.background = again
	w.plan.begin(w.now)
	w.pass(t, 10*time.Hour)
	if w.told() != 1 {
		t.Errorf("told %d times", w.told())
	}
	w.pass(t, 16*time.Hour)
	if w.told() != 2 {
		t.Errorf("the day after: told %d times", w.told())
	}
}

func TestFlappingIsNeverTold(t *testing.T) {
	for name, sees := range map[string]func(time.Time, int) cause.Diagnosis{
		"there and gone": func(_ time.Time, run int) cause.Diagnosis {
			if run%2 == 0 {
				return full
			}
			return healthy
		},
		"one and another": func(_ time.Time, run int) cause.Diagnosis {
			d := full
			d.Fingerprint = string(rune('a' + run%2))
			return d
		},
		"a guess":      func(time.Time, int) cause.Diagnosis { d := full; d.Confidence = cause.Possible; return d },
		"a trifle":     func(time.Time, int) cause.Diagnosis { d := full; d.Urgency = "low"; return d },
		"nothing seen": func(time.Time, int) cause.Diagnosis { return cause.Diagnosis{Cause: cause.Undetermined} },
	} {
		w := newWorld(t)
		w.sees = func(at time.Time) cause.Diagnosis { return sees(at, len(w.runs)) }
		w.pass(t, 48*time.Hour)
		if w.told() != 0 {
			t.Errorf("%s: told %d times", name, w.told())
		}
		if len(w.runs) < 40 {
			t.Errorf("%s: only %d runs in two days", name, len(w.runs))
		}
	}
}

func TestANetworkSettlesFirst(t *testing.T) {
	w := newWorld(t)
	w.pass(t, 30*time.Minute)
	runs := len(w.runs)
	changed := w.now
	for range 4 { // addresses, routes and name servers come one after the other
		w.network++
		w.pass(t, watchLook)
	}
	w.pass(t, 5*time.Minute)
	if len(w.runs) != runs+1 {
		t.Fatalf("%d runs after one change", len(w.runs)-runs)
	}
	if after := w.runs[runs].Sub(changed); after < watchSettle+3*watchLook || after > 2*time.Minute {
		t.Errorf("tested %s after the change began", after)
	}
	// A network that never settles does not make it run all the time, nor never.
	runs = len(w.runs)
	for range 4 * 60 * 4 {
		w.network++
		w.pass(t, watchLook)
	}
	if n := len(w.runs) - runs; n < 3 || n > 5 {
		t.Errorf("%d runs in four hours of flapping", n)
	}
}

func TestBackgroundRests(t *testing.T) {
	w := newWorld(t)
	why := "metered"
	w.rest = func(context.Context) string { return why }
	w.pass(t, 5*time.Hour)
	if st := w.seen(); len(w.runs) != 0 || st.Paused != "metered" {
		t.Errorf("%d runs on a metered line, %+v", len(w.runs), st)
	}
	why = ""
	w.pass(t, 15*time.Minute)
	if st := w.seen(); len(w.runs) == 0 || st.Paused != "" || st.Checked.IsZero() {
		t.Errorf("not after it: %+v", st)
	}
	w.try = func(context.Context) (cause.Diagnosis, error) { return full, errors.New("no child") }
	w.pass(t, 5*time.Hour)
	if w.told() != 0 {
		t.Error("a run that failed is told")
	}
}

func TestBackgroundIsOffByDefault(t *testing.T) {
	p, b := params(t, "")
	resident(t, p, b)
	if st, err := b.State(t.Context()); err != nil || st.Background != nil {
		t.Errorf("%+v, %v", st.Background, err)
	}
	if err := b.SetConfig(t.Context(), "watch.background", "on"); err != nil {
		t.Fatal(err)
	}
	if st, _ := b.State(t.Context()); st.Background == nil {
		t.Error("switched on, and not in the state")
	}
}

// TestBackgroundRunsForReal lets the loop itself run, with the child that finds a full disk.
func TestBackgroundRunsForReal(t *testing.T) {
	p, b := params(t, "watch: {background: \"on\"}\n")
	start(t, p, b)
	w := b.watch
	w.look, w.rest = time.Millisecond, func(context.Context) string { return "" }
	began := time.Now()
	b.p.Now = func() time.Time { return began.Add(60 * time.Since(began) * 60) } // an hour a second
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.run(ctx) }()
	within(t, 20*time.Second, "one note", func() bool { return len(b.bell.rung()) == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := b.bell.rung()[0]; n.Key != "check" {
		t.Errorf("%+v", n)
	}
}
