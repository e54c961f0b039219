package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"balise/client"
)

const (
	// createBase and slowestLine frame the deadline of one request: an uplink of 64 KiB/s is the slowest
	// that is still worth waiting for.
	createBase  = 60 * time.Second
	slowestLine = 64 << 10
	lookTimeout = 30 * time.Second
	// idlePoll is how often the sender looks at the clock although nothing told it to: a clock that was set
	// back must not silence it.
	idlePoll = time.Minute
)

// Run sends what is due until ctx ends. It is the only loop that sends.
func (o *Outbox) Run(ctx context.Context) error {
	for {
		next, err := o.sendDue(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			o.p.Log.Error("send reports", "err", err)
			next = o.p.Now().Add(backoffFirst)
		}
		wait := idlePoll
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(o.p.Now()), 50*time.Millisecond))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-o.kick:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// Flush makes everything that waits due now and tries each once, in order. It returns what is left.
func (o *Outbox) Flush(ctx context.Context) ([]Item, error) {
	// As in Retry: what failed before today's word of the user does not count against today's try.
	_, err := o.p.DB.ExecContext(ctx,
		`UPDATE outbox SET next = 0, tries = MIN(tries, 1) WHERE state = 'waiting' AND hold < ?`, toMS(o.p.Now()))
	if err != nil {
		return nil, fmt.Errorf("flush outbox: %w", err)
	}
	if _, err := o.sendDue(ctx); err != nil {
		return nil, err
	}
	return o.Items(ctx, false)
}

// sendDue takes every due item one step, oldest first, again as long as a step leads on at once. It returns
// when the next item becomes due; zero if none waits.
func (o *Outbox) sendDue(ctx context.Context) (time.Time, error) {
	o.send.Lock()
	defer o.send.Unlock()
	for {
		moved := false
		var next time.Time
		items, err := o.list(ctx, `SELECT `+columns+` FROM outbox
			WHERE state IN ('waiting', 'sending') ORDER BY seq`)
		if err != nil {
			return next, err
		}
		held := map[string]bool{} // tickets with an earlier reply that has not left
		for _, it := range items {
			if it.Kind == Reply {
				if held[it.Ticket.ID] {
					continue
				}
				held[it.Ticket.ID] = true
			}
			if !o.due(it) {
				if next.IsZero() || it.Next.Before(next) {
					next = it.Next
				}
				continue
			}
			acted, err := o.take(ctx, it.Ref)
			if err != nil {
				return next, err
			}
			if ctx.Err() != nil {
				return next, nil
			}
			moved = moved || acted
		}
		if !moved {
			return next, nil
		}
	}
}

// due tells whether the item's time has come. A time further away than any wait we set means that the clock
// was set back; the item is then due.
func (o *Outbox) due(it Item) bool {
	now := o.p.Now()
	return !it.Next.After(now) || it.Next.Sub(now) > 2*retryAfterMax
}

// take does the item's next step and stores the result. The item is read again under the claim: since it was
// listed, the user may have discarded it.
func (o *Outbox) take(ctx context.Context, ref client.ClientRef) (acted bool, err error) {
	if !o.claim(ref) {
		return false, nil
	}
	defer o.release(ref)
	it, err := o.Item(ctx, ref)
	if errors.Is(err, ErrNotFound) || (err == nil && (!o.due(it) || it.State == Sent || it.State == Refused)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	driver, err := o.p.Driver(ctx)
	if err != nil {
		it.Tries++
		s := step{
			state: Waiting, phase: it.phase, delay: backoff(it.Tries),
			asked: it.asked, askedAt: it.askedAt,
		}
		return true, o.settle(ctx, it, s, fmt.Errorf("%w: %w", errBeforeSend, err))
	}
	if it.phase == phaseVerify {
		return true, o.look(ctx, driver, it)
	}
	return true, o.create(ctx, driver, it)
}

// create sends the item once, or completes what an earlier try began.
func (o *Outbox) create(ctx context.Context, driver client.Driver, it Item) error {
	c, err := o.load(ctx, it)
	if err != nil {
		if errors.Is(err, errContent) {
			return o.settle(ctx, it, afterCreate(it, it.Receipt, err), err)
		}
		return err
	}
	it.Tries++
	it.State = Sending
	if it.phase == phaseReady {
		it.phase = phaseInFlight
	}
	o.p.Hook("create.claim")
	if err := o.save(ctx, it); err != nil {
		return err
	}
	o.changed(it)
	o.p.Hook("create.claimed")

	callCtx, cancel := context.WithTimeout(ctx, createBase+time.Duration(it.Bytes/slowestLine)*time.Second)
	defer cancel()
	receipt := it.Receipt
	if c.Draft != nil {
		receipt, err = driver.Create(callCtx, *c.Draft, it.Receipt)
	} else {
		receipt, err = driver.Reply(callCtx, it.Ticket.ID, *c.Reply)
		if err == nil {
			receipt.Ref = it.Ticket
		}
	}
	o.p.Hook("create.answered")
	if receipt.Ref.ID != "" {
		it.Receipt = receipt
		if it.Kind == Ticket {
			it.Ticket = receipt.Ref
		}
	}
	return o.settle(ctx, it, afterCreate(it, it.Receipt, err), err)
}

// look asks the desk whether it holds the item's reference.
func (o *Outbox) look(ctx context.Context, driver client.Driver, it Item) error {
	it.Tries++
	callCtx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	o.p.Hook("look.begin")
	caps, _, err := driver.Probe(callCtx)
	idem := caps.CreateIdem
	if it.Kind == Reply {
		idem = caps.ReplyIdem
	}
	if err == nil {
		err = o.find(callCtx, driver, &it)
	} else if errors.Is(err, client.ErrNotFound) {
		err = fmt.Errorf("read the desk's capabilities: %w", client.ErrNotADesk)
	}
	o.p.Hook("look.answered")
	s := afterLook(it, err, idem, o.p.VerifyDelay(it.Bytes), o.p.Now())
	if err == nil && it.Kind == Reply {
		s = step{state: Sent, phase: phaseDone} // a reply arrives whole or not at all
	}
	if errors.Is(err, client.ErrNotFound) {
		err = fmt.Errorf("not there yet: %w", client.ErrUnknownOutcome) // what the user may want to know
	}
	return o.settle(ctx, it, s, err)
}

func (o *Outbox) find(ctx context.Context, driver client.Driver, it *Item) error {
	if it.Kind == Reply {
		receipt, err := driver.FindReply(ctx, it.Ticket.ID, it.Ref)
		if err == nil {
			it.Receipt = receipt
			it.Receipt.Ref = it.Ticket
		}
		return err
	}
	ref, err := driver.FindByClientRef(ctx, it.Ref)
	if err == nil {
		it.Ticket, it.Receipt.Ref = ref, ref
	}
	return err
}

// settle stores what a step led to, and tells everybody.
func (o *Outbox) settle(ctx context.Context, it Item, s step, cause error) error {
	// The answer is known: losing it because the caller is in a hurry could double the ticket.
	ctx = context.WithoutCancel(ctx)
	delay := s.delay
	if !s.exact {
		delay = time.Duration(float64(delay) * o.p.Jitter())
	}
	it.State, it.phase, it.asked, it.askedAt = s.state, s.phase, s.asked, s.askedAt
	it.Next, it.Reason, it.hold = o.p.Now().Add(delay).UTC(), nil, time.Time{}
	if s.hold {
		it.hold = it.Next
	}
	if cause != nil {
		reason := o.p.Explain(cause)
		it.Reason = &reason
	}
	if s.state == Sent {
		it.SentAt = o.p.Now().UTC()
	}
	o.p.Hook("settle.begin")
	if err := o.save(ctx, it); err != nil {
		return err
	}
	o.p.Hook("settle.saved")
	o.p.Log.Info("outbox", "ref", it.Ref, "state", it.State, "phase", it.phase, "tries", it.Tries)
	if s.state == Sent {
		if err := o.forget(ctx, it.Ref); err != nil {
			o.p.Log.Warn("delete sent content", "ref", it.Ref, "err", err)
		}
		o.p.Hook("settle.forgotten")
	}
	o.changed(it)
	return nil
}
