package diagnostics

import (
	"context"
	"strings"
	"sync"
	"time"
)

// look is the supervision of one check: its attempts, their deadlines, and the verdict from both.
type look struct {
	check    Check
	deadline time.Time // when the last attempt must have ended
	slots    []chan struct{}
	retried  func()
	pace     *pace // of what lies beyond the router; nil on this side of it

	started  time.Time
	answers  chan answer
	attempts [2]*attempt
}

// attempt is one try that was started.
type attempt struct {
	started time.Time
	took    time.Duration
	giveUp  time.Time // when it is abandoned
	release func()
	outcome *Outcome // nil while it runs
	late    bool     // it was abandoned
}

type answer struct {
	try     int
	outcome Outcome
}

// run never outlives the deadline by more than grace: everything that it waits for has a timer beside it.
func (l *look) run(ctx context.Context) Result {
	l.started = time.Now()
	// Room for both: an attempt that was abandoned can still answer, and then ends.
	l.answers = make(chan answer, 2)
	if detail := l.start(ctx, 0); detail != "" {
		return l.unknown(detail)
	}
	second := time.NewTimer(l.firstTick())
	defer second.Stop()
	if l.check.Once {
		second.Stop()
	}
	for {
		if l.settled() {
			return l.verdict()
		}
		wait := time.NewTimer(time.Until(l.nextGiveUp()))
		select {
		case a := <-l.answers:
			l.take(a)
			if l.wantsSecond() {
				second.Reset(RetryPause)
			}
		case <-second.C:
			if l.early() {
				second.Reset(patienceTick)
			} else {
				l.lookAgain(ctx)
			}
		case <-wait.C:
			l.abandon()
		case <-ctx.Done():
			wait.Stop()
			return l.unknown(DetailCancelled)
		}
		wait.Stop()
	}
}

// firstTick is when to think of a second look for the first time.
func (l *look) firstTick() time.Duration {
	if l.pace == nil {
		return SecondLook
	}
	return leastPatience
}

// early tells whether the first attempt is silent, but not for long enough to give it company.
func (l *look) early() bool {
	first := l.attempts[0]
	return l.pace != nil && first.outcome == nil && !l.pace.second(time.Since(first.started))
}

// lookAgain begins the second attempt, if there is time for it.
func (l *look) lookAgain(ctx context.Context) {
	if l.attempts[1] != nil {
		return
	}
	if l.start(ctx, 1) == "" {
		l.retried()
		return
	}
	none := &Outcome{Status: Unknown, Detail: DetailOutOfTime}
	l.attempts[1] = &attempt{late: true, outcome: none}
}

// start begins an attempt once there is a slot for it; it returns a detail when there is no time left.
func (l *look) start(ctx context.Context, try int) string {
	least := min(l.check.Timeout, leastAttempt)
	release, ok := acquire(ctx, l.slots, l.deadline.Add(-least))
	if ctx.Err() != nil {
		release()
		return DetailCancelled
	}
	if !ok {
		return DetailOutOfTime
	}
	now := time.Now()
	end := now.Add(l.check.Timeout)
	if end.After(l.deadline) {
		end = l.deadline
	}
	a := &attempt{started: now, giveUp: end.Add(grace), release: sync.OnceFunc(release)}
	l.attempts[try] = a
	actx, cancel := context.WithDeadline(withPace(ctx, l.pace), end)
	go func() {
		defer cancel()
		out := guard(actx, l.check, try)
		a.release()
		l.answers <- answer{try, out}
	}()
	return ""
}

// acquire takes one place in each channel before the time is up.
func acquire(ctx context.Context, slots []chan struct{}, until time.Time) (release func(), ok bool) {
	held := 0
	release = func() {
		for _, s := range slots[:held] {
			<-s
		}
		held = 0
	}
	wait := time.Until(until)
	if wait < 0 {
		return release, false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for _, s := range slots {
		select {
		case s <- struct{}{}:
			held++
		case <-timer.C:
			release()
			return release, false
		case <-ctx.Done():
			release()
			return release, false
		}
	}
	return release, true
}

func (l *look) take(a answer) {
	at := l.attempts[a.try]
	if at.outcome != nil {
		return // abandoned before
	}
	a.outcome.Final = a.outcome.Final || l.check.Once
	at.outcome = &a.outcome
	at.took = time.Since(at.started)
}

// abandon gives up attempts that ignored their deadline. Their goroutines end when the kernel lets them;
// their slots are free now.
func (l *look) abandon() {
	for _, at := range l.attempts {
		if at != nil && at.outcome == nil && !time.Now().Before(at.giveUp) {
			at.outcome = &Outcome{Status: Unknown, Detail: DetailDeadline}
			at.late = true
			at.took = time.Since(at.started)
			at.release()
		}
	}
}

func (l *look) nextGiveUp() time.Time {
	next := l.deadline.Add(grace)
	for _, at := range l.attempts {
		if at != nil && at.outcome == nil && at.giveUp.Before(next) {
			next = at.giveUp
		}
	}
	return next
}

// wantsSecond tells whether the first look was bad, fast, and not final.
func (l *look) wantsSecond() bool {
	first := l.attempts[0].outcome
	return l.attempts[1] == nil && first != nil && first.Status.Bad() && !first.Final
}

// settled tells whether the attempts so far decide. A first attempt that answers well decides at once; a
// second one that answers well waits for the first, because their disagreement is a finding.
func (l *look) settled() bool {
	first, second := l.attempts[0], l.attempts[1]
	if first.outcome == nil {
		return second != nil && second.outcome != nil && second.outcome.Final
	}
	if !first.outcome.Status.Bad() && !first.late {
		return true
	}
	if first.outcome.Final {
		return true
	}
	if second == nil {
		// An abandoned first attempt alone is unknown; a bad one waits for its second look.
		return first.late
	}
	return second.outcome != nil
}

func (l *look) unknown(detail string) Result {
	for _, at := range l.attempts {
		if at != nil && at.outcome == nil {
			at.release()
		}
	}
	return Result{
		ID: l.check.ID, Status: Unknown, Detail: detail, TimedOut: detail != DetailCancelled,
		Attempts: l.tries(), Started: l.started, TookMS: time.Since(l.started).Milliseconds(),
	}
}

func (l *look) tries() []Attempt {
	var tries []Attempt
	for _, at := range l.attempts {
		if at == nil || at.outcome == nil || at.started.IsZero() {
			continue
		}
		tries = append(tries, Attempt{
			Status: at.outcome.Status, Cause: at.outcome.Cause, Target: at.outcome.Target,
			Error: at.outcome.Error, Started: at.started, TookMS: at.took.Milliseconds(),
		})
	}
	return tries
}

// verdict makes one result of what the attempts found.
func (l *look) verdict() Result {
	var outs []Outcome
	timedOut := false
	for _, at := range l.attempts {
		if at != nil && at.outcome != nil {
			outs = append(outs, *at.outcome)
			timedOut = timedOut || at.late && !at.started.IsZero()
		} else if at != nil {
			at.release()
		}
	}
	out := Combine(l.check.ID, outs)
	return Result{
		ID: l.check.ID, Status: out.Status, Cause: out.Cause, Severity: out.Severity, Facts: out.Facts,
		Detail: out.Detail, Attempts: l.tries(), Started: l.started,
		TookMS: time.Since(l.started).Milliseconds(), TimedOut: timedOut && out.Status == Unknown,
	}
}

// told tells whether a cause is something that was answered, and not only that nobody did, or no name server.
func told(c Cause) bool {
	_, tail, _ := strings.Cut(string(c), "/")
	return tail != "silent" && tail != "name"
}

// Combine is the verdict from one or two attempts of a check. A single bad one that is not final is
// unconfirmed. A failure that the other attempt contradicts is flapping; a mere warning (slow once, quick the
// next time) that it contradicts is nothing, on a busy computer that happens all day. Of two bad ones the
// milder counts: it is what both saw. Of two failures the one with an answer counts before silence, else the first.
func Combine(id string, outs []Outcome) Outcome {
	var good, bad []Outcome
	for _, o := range outs {
		switch {
		case o.Status.Bad():
			bad = append(bad, o)
		case o.Status != Unknown:
			good = append(good, o)
		}
	}
	switch {
	case len(bad) == 0 && len(good) > 0:
		return good[0]
	case len(bad) == 0:
		return outs[0]
	case len(good) > 0 && bad[0].Status == Warn:
		return good[0]
	case len(good) > 0:
		flap := bad[0]
		flap.Status, flap.Severity = Warn, Degrades
		flap.Cause = Cause(id + "/" + Flapping)
		return flap
	case len(bad) == 2 && bad[0].Status == Fail && bad[1].Status == Warn:
		return bad[1]
	}
	out := bad[0]
	if len(bad) == 2 && !told(out.Cause) && told(bad[1].Cause) {
		out = bad[1] // it got further: an answer says more than none
	}
	if len(bad) == 1 && !out.Final && out.Detail == "" {
		out.Detail = DetailUnconfirmed
	}
	return out
}
