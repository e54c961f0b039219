package agent

import (
	"time"

	"balise/diagnostics/cause"
)

// How often the computer is tested without being asked, and how long a problem must be there before anybody
// hears of it.
const (
	watchEvery = time.Hour
	// watchFirst leaves the start of a session to the programs that the user waits for.
	watchFirst = 2 * time.Minute
	// watchSettle is how long a changed network is left alone: addresses, routes and name servers come one after
	// the other.
	watchSettle = 20 * time.Second
	// watchGap is the least time between two runs, however often the network changes.
	watchGap = 2 * time.Minute
	// watchHold is how long a problem must have been there, seen at least twice.
	watchHold = 5 * time.Minute
	// watchRest is how long it waits where tests must not run now.
	watchRest = 10 * time.Minute
	// watchQuiet is how long the same problem is not told again.
	watchQuiet = 24 * time.Hour
)

// watchPlan says when the next run is due. It does no I/O and has no clock of its own.
type watchPlan struct {
	// jitter is between 0 and 1, this computer's own: a thousand that start together do not stay together.
	jitter float64
	last   time.Time // the last run
	hourly time.Time
	soon   time.Time // zero: nothing calls for an earlier one
}

// vary spreads d by a tenth to either side.
func (p *watchPlan) vary(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*p.jitter))
}

func (p *watchPlan) begin(now time.Time) {
	p.last, p.soon = time.Time{}, time.Time{}
	p.hourly = now.Add(watchFirst + time.Duration(p.jitter*float64(watchFirst)))
}

// networkChanged asks for a run once the network has settled: each further change begins the wait again.
func (p *watchPlan) networkChanged(now time.Time) {
	p.soon = later(now.Add(watchSettle), p.last.Add(watchGap))
}

// ran plans the next run; doubt says that what was found has to be seen again before it counts.
func (p *watchPlan) ran(now time.Time, doubt bool) {
	p.last, p.soon = now, time.Time{}
	p.hourly = now.Add(p.vary(watchEvery))
	if doubt {
		p.soon = now.Add(watchHold + time.Duration(p.jitter*float64(watchSettle)))
	}
}

// rested plans another try where a run must not be now.
func (p *watchPlan) rested(now time.Time) {
	p.soon = time.Time{}
	p.hourly = now.Add(p.vary(watchRest))
}

func (p *watchPlan) due() time.Time {
	if !p.soon.IsZero() && p.soon.Before(p.hourly) {
		return p.soon
	}
	return p.hourly
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// doubt judges what the runs see: a problem counts once it has held, and is told once a day.
type doubt struct {
	seen  cause.Diagnosis
	first time.Time
	times int
	// Told is when each problem was last told, by fingerprint; kept over restarts.
	Told map[string]time.Time
}

// judge takes in what a run saw. held is the problem that counts now, if any; again asks for another run to be
// sure; tell says that the user has not heard of it today.
func (d *doubt) judge(now time.Time, saw cause.Diagnosis) (held *cause.Diagnosis, again, tell bool) {
	switch {
	case saw.Cause == cause.Undetermined || saw.Cause == "":
		// Nothing could be seen, which is no reason to believe that a problem is gone or there.
		return d.held(now), false, false
	case !worthTelling(saw):
		d.seen, d.times = cause.Diagnosis{}, 0
		return nil, false, false
	case d.times == 0 || d.seen.Fingerprint != saw.Fingerprint:
		d.seen, d.first, d.times = saw, now, 1
		return nil, true, false
	}
	d.seen = saw
	d.times++
	if held = d.held(now); held == nil {
		return nil, true, false
	}
	for fingerprint, at := range d.Told {
		if now.Sub(at) >= watchQuiet {
			delete(d.Told, fingerprint)
		}
	}
	if _, told := d.Told[saw.Fingerprint]; told {
		return held, false, false
	}
	if d.Told == nil {
		d.Told = map[string]time.Time{}
	}
	d.Told[saw.Fingerprint] = now
	return held, false, true
}

// held is the problem, if it was seen at least twice and for long enough.
func (d *doubt) held(now time.Time) *cause.Diagnosis {
	if d.times < 2 || now.Sub(d.first) < watchHold {
		return nil
	}
	saw := d.seen
	return &saw
}

// worthTelling keeps guesses and trifles to those who ask.
func worthTelling(d cause.Diagnosis) bool {
	return d.Problem() && d.Urgency != "low" && (d.Confidence == cause.Confirmed || d.Confidence == cause.Likely)
}
