package outbox

import (
	"context"
	"errors"
	"time"

	"balise/client"
)

// phase is where an item stands in the create protocol. It is finer than State.
type phase string

const (
	// phaseReady: no request that could have stored something is outstanding.
	phaseReady phase = "ready"
	// phaseInFlight is written before the first byte leaves. Found after a restart, it means verify.
	phaseInFlight phase = "in_flight"
	// phaseVerify: something may be stored. Only a look-up may follow, never a request that creates.
	phaseVerify phase = "verify"
	// phaseComplete: the ticket exists; attachments are being completed.
	phaseComplete phase = "complete"
	phaseDone     phase = "done"
)

const (
	// backoffFirst and backoffMax frame the wait after a failure. A user who looks at the window is not kept
	// waiting long; a desk that is down for a night is not asked more often than four times an hour.
	backoffFirst = 5 * time.Second
	backoffMax   = 15 * time.Minute
	// retryAfterMax caps what a desk may ask for, so that one absurd header does not silence a client for ever.
	retryAfterMax = time.Hour
	// looksBeforeResend is how often the desk must say "I do not hold that reference" before a request whose
	// outcome is unknown is repeated; looksLagging is the same for desks that search behind an index.
	looksBeforeResend = 2
	looksLagging      = 4
	verifyLagging     = 100 * time.Second
)

// verifyDelay lets a desk finish what it may still be doing with a request that we lost sight of: RT took
// 3.4 s to store 8 MiB, so five seconds and one more for each MiB are ample.
func verifyDelay(bytes int64) time.Duration {
	return 5*time.Second + time.Duration(bytes>>20)*time.Second
}

// backoff is the wait before try number tries (1 is the first repeat), without jitter.
func backoff(tries int) time.Duration {
	d := backoffFirst
	for i := 1; i < tries && d < backoffMax; i++ {
		d *= 2
	}
	return min(d, backoffMax)
}

// step is what to do with an item after something happened to it.
type step struct {
	state State
	phase phase
	delay time.Duration // until Next; jitter is added unless exact
	exact bool
	hold  bool // the desk itself asked for the delay
	asked int
	// askedAt is kept with asked: two "no" count as two only with the verify delay between them.
	askedAt time.Time
}

// afterCreate decides what follows a Create or Reply that returned receipt and err.
func afterCreate(it Item, receipt client.Receipt, err error) step {
	wait := backoff(it.Tries)
	var throttled *client.ThrottledError
	if errors.As(err, &throttled) && throttled.RetryAfter > 0 {
		wait = min(throttled.RetryAfter, retryAfterMax)
	}
	stored := receipt.Ref.ID != ""
	switch {
	case err == nil && len(receipt.Pending) == 0:
		return step{state: Sent, phase: phaseDone}
	case stored && refused(err):
		// The ticket is there; what is missing from it never will be. Reason says so.
		return step{state: Sent, phase: phaseDone}
	case err == nil || stored:
		return step{state: Waiting, phase: phaseComplete, delay: wait}
	case throttled != nil:
		// A desk that throttles has not looked at the request.
		return step{state: Waiting, phase: phaseReady, delay: wait, exact: true, hold: true}
	case notSent(err):
		return step{state: Waiting, phase: phaseReady, delay: wait}
	case refused(err):
		return step{state: Refused, phase: phaseReady}
	default:
		// Look at once: most answers that got lost belong to requests that were stored.
		return step{state: Sending, phase: phaseVerify}
	}
}

// afterLook decides what follows a look-up of our reference at now that returned err (nil is "found").
func afterLook(it Item, err error, idem client.Idempotency, verify time.Duration, now time.Time) step {
	looks := looksBeforeResend
	if idem == client.IdemSearchLag {
		looks, verify = looksLagging, max(verify, verifyLagging)
	}
	if err == nil {
		return step{state: Sending, phase: phaseComplete}
	}
	if !errors.Is(err, client.ErrNotFound) {
		s := step{state: Waiting, phase: phaseVerify, delay: backoff(it.Tries), asked: it.asked, askedAt: it.askedAt}
		var throttled *client.ThrottledError
		if errors.As(err, &throttled) && throttled.RetryAfter > 0 {
			s.delay, s.exact, s.hold = min(throttled.RetryAfter, retryAfterMax), true, true
		}
		return s
	}
	switch idem {
	case client.IdemKey:
		return repeat(it.Tries, 2)
	case client.IdemNone:
		// Nobody can tell; sending again could make a second ticket. The user decides.
		return step{state: Refused, phase: phaseVerify}
	}
	again := step{state: Sending, phase: phaseVerify, exact: true, asked: it.asked, askedAt: it.askedAt}
	if left := verify - now.Sub(it.askedAt); it.asked > 0 && left > 0 && left <= verify {
		again.delay = left // asked too early, by a flush or a restart
		return again
	}
	again.asked, again.askedAt, again.delay = it.asked+1, now, verify
	if again.asked >= looks {
		return repeat(it.Tries, 1+looks)
	}
	return again
}

// repeat sends again what the desk does not hold. One lost answer is worth a repeat at once. A desk that fails
// every time is not: each repeat carries the whole report. round is how many tries a failed round takes, the
// sending and the look-ups.
func repeat(tries, round int) step {
	if tries > round {
		return step{state: Waiting, phase: phaseReady, delay: backoff(tries / round)}
	}
	return step{state: Waiting, phase: phaseReady, exact: true}
}

// notSent tells whether err proves that nothing can have been stored and that sending again may help.
func notSent(err error) bool {
	if errors.Is(err, client.ErrUnknownOutcome) {
		return false
	}
	var local *client.LocalError
	return errors.Is(err, client.ErrUnreachable) || errors.Is(err, client.ErrUnauthorized) ||
		errors.As(err, &local) || errors.Is(err, errBeforeSend)
}

// refused tells whether err is a clear no to exactly this content.
func refused(err error) bool {
	if errors.Is(err, client.ErrUnknownOutcome) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var invalid *client.InvalidError
	return errors.As(err, &invalid) || errors.Is(err, client.ErrForbidden) ||
		errors.Is(err, client.ErrTooLarge) || errors.Is(err, client.ErrUnsupported) ||
		errors.Is(err, client.ErrNotFound) || errors.Is(err, errContent)
}

var (
	// errBeforeSend marks failures on our side of the network: no driver, no credential.
	errBeforeSend = errors.New("not sent")
	// errContent marks stored content that cannot be read any more.
	errContent = errors.New("stored content cannot be read")
)
