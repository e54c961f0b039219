package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"balise/app/internal/agent/store"
	"balise/app/internal/ipc/api"
	"balise/client"
)

const (
	// overlap is read again at each look: desks stamp a change when its transaction begins and show it when
	// it ends, some only to the minute.
	overlap = 5 * time.Minute
	// firstLook bounds the very first list: older tickets are history.
	firstLook = 365 * 24 * time.Hour
	pageSize  = 50
	maxPages  = 20
	syncWait  = 2 * time.Minute
	// spread is over how long a thousand computers that are switched on together ask for the first time.
	spread = 30 * time.Second
)

// follow keeps the ticket cache up to date and tells the user what is new.
type follow struct {
	a     *Agent
	kick  chan struct{}
	alone chan struct{} // one look at a time

	mu       sync.Mutex
	due      time.Time // when something was done that an answer may follow
	lookedAt time.Time // when the user last looked at tickets
	last     time.Time // the last look, whatever it gave
	failures int
	blocked  bool // for want of a credential
}

func newFollow(a *Agent) *follow {
	return &follow{a: a, kick: make(chan struct{}, 1), alone: make(chan struct{}, 1)}
}

// looked says that the user looks at tickets just now.
func (f *follow) looked() {
	f.mu.Lock()
	f.lookedAt = f.a.p.Now()
	f.mu.Unlock()
}

// soon asks for a look after something of ours reached the desk.
func (f *follow) soon() {
	f.mu.Lock()
	f.due = f.a.p.Now()
	f.mu.Unlock()
	f.wake()
}

// wake makes the loop plan again; a want of a credential may be over.
func (f *follow) wake() {
	f.mu.Lock()
	f.blocked = false
	f.mu.Unlock()
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// keys of what is persisted for each desk.
func sinceKey(id string) string    { return "since." + id }
func asOfKey(id string) string     { return "as_of." + id }
func notUntilKey(id string) string { return "not_until." + id }

// run looks at the desk until ctx ends.
func (f *follow) run(ctx context.Context) error {
	if f.a.set.now().Desk.Kind != "practice" {
		if !sleep(ctx, rand.N(spread), nil) {
			return nil
		}
	}
	// The practice desk starts now, and the state says who is signed in and what the desk can do, also when
	// the last look is so recent that the next one is far off.
	if d, err := f.a.link.get(ctx); err == nil {
		if _, err := f.a.link.capsOf(ctx, d); err == nil {
			f.a.bus.publish(api.Event{Kind: "state"})
		}
	}
	for {
		wait, err := f.plan(ctx)
		if err != nil {
			f.a.p.Log.Error("plan to look at the tickets", "error", err)
		}
		if !sleep(ctx, jittered(wait), f.kick) {
			return nil
		}
		if wait, _ = f.plan(ctx); wait > 0 {
			continue // woken up to plan again
		}
		within, cancel := context.WithTimeout(ctx, syncWait)
		err = f.sync(within)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			f.a.p.Log.Info("look at the tickets", "error", err)
		}
	}
}

// sleep waits; false is the end of ctx.
func sleep(ctx context.Context, d time.Duration, kick <-chan struct{}) bool {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-kick:
	case <-t.C:
	}
	return true
}

// mark remembers how a look went.
func (f *follow) mark(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = f.a.p.Now()
	if err == nil {
		f.failures, f.blocked, f.due = 0, false, time.Time{}
		return
	}
	f.failures++
	switch f.a.problem(err).Code {
	case api.CodeDeskNoCredential, api.CodeKeyringLocked, api.CodeKeyringAbsent, api.CodeDeskUnauthorized:
		f.blocked = true
	}
	var t *client.ThrottledError
	if errors.As(err, &t) && t.RetryAfter > 0 {
		until := f.last.Add(min(t.RetryAfter, time.Hour))
		if err := f.a.store.Put(context.WithoutCancel(ctx), notUntilKey(f.a.link.id()), until); err != nil {
			f.a.p.Log.Error("remember when to come back", "error", err)
		}
	}
}

// plan is how long to wait before the next look.
func (f *follow) plan(ctx context.Context) (time.Duration, error) {
	id := f.a.link.id()
	var at, notUntil time.Time
	if _, err := f.a.store.Get(ctx, asOfKey(id), &at); err != nil {
		return pollIdle, err
	}
	if _, err := f.a.store.Get(ctx, notUntilKey(id), &notUntil); err != nil {
		return pollIdle, err
	}
	cached, err := f.a.tickets().Tickets(ctx)
	if err != nil {
		return pollIdle, err
	}
	open := 0
	for _, c := range cached {
		if c.Status != client.StatusClosed && c.Status != client.StatusResolved {
			open++
		}
	}
	st := f.a.link.state()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last.After(at) {
		at = f.last
	}
	return next(activity{
		now: f.a.p.Now(), last: at, failures: f.failures, blocked: f.blocked, notUntil: notUntil, due: f.due,
		looked: f.lookedAt, open: open, practice: st.Practice, min: st.Caps.MinPoll,
	}), nil
}

// asOf is when the desk was last asked with success.
func (f *follow) asOf(ctx context.Context) time.Time {
	var at time.Time
	if _, err := f.a.store.Get(ctx, asOfKey(f.a.link.id()), &at); err != nil {
		f.a.p.Log.Error("read the last look", "error", err)
	}
	return at
}

// sync reads what changed since the last look, and the threads of what moved.
func (f *follow) sync(ctx context.Context) error {
	select {
	case f.alone <- struct{}{}:
		defer func() { <-f.alone }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := f.look(ctx)
	f.mark(ctx, err)
	f.a.stirNowAndThen()
	return err
}

func (f *follow) look(ctx context.Context) error {
	a := f.a
	d, err := a.link.get(ctx)
	if err != nil {
		return err
	}
	if _, err := a.link.capsOf(ctx, d); err != nil {
		return err
	}
	id := a.link.id()
	cache := a.store.Desk(id)
	var since time.Time
	known, err := a.store.Get(ctx, sinceKey(id), &since)
	if err != nil {
		return err
	}
	q := client.ListQuery{IncludeClosed: true, Limit: pageSize, Since: since.Add(-overlap)}
	if !known {
		q.Since = a.p.Now().Add(-firstLook)
	}
	all, now, err := f.collect(ctx, d, cache, q, known)
	// What was read is told even when the rest could not be: it is in the cache and would not be new again.
	if terr := f.tell(ctx, cache, all); err == nil {
		err = terr
	}
	if err != nil {
		return err
	}
	if err := a.store.Put(ctx, sinceKey(id), now.UTC()); err != nil {
		return err
	}
	return a.store.Put(ctx, asOfKey(id), a.p.Now().UTC())
}

// collect takes every listed ticket into the cache. now is the desk's clock when it was first asked.
func (f *follow) collect(
	ctx context.Context, d client.Driver, cache *store.Desk, q client.ListQuery, following bool,
) (all []news, now time.Time, err error) {
	for range maxPages {
		page, err := d.List(ctx, q)
		if err != nil {
			return all, now, fmt.Errorf("list the tickets: %w", err)
		}
		if now.IsZero() {
			now = page.Now
		}
		for _, t := range page.Tickets {
			n, err := f.absorb(ctx, d, cache, t, following)
			if err != nil {
				return all, now, err
			}
			all = append(all, n...)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if now.IsZero() {
		now = f.a.p.Now() // a desk without a clock: ours, and the overlap
	}
	return all, now, nil
}

// absorb takes one listed ticket into the cache, its thread too when it moved, and returns what is new. What
// was there before the first look is history.
func (f *follow) absorb(
	ctx context.Context, d client.Driver, cache *store.Desk, t client.Ticket, following bool,
) ([]news, error) {
	before, err := cache.ByID(ctx, t.ID)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return nil, err
	}
	found := err == nil
	if found && !moved(before.Ticket, t) && !before.ThreadAt.Before(t.Updated) {
		return nil, nil
	}
	ref := before.Ref
	if ref == "" && t.ClientRef.Valid() {
		ref = string(t.ClientRef)
	}
	if !found && !following {
		return nil, cache.Put(ctx, t, ref)
	}
	if found && before.ThreadAt.IsZero() && before.Ref == "" && !moved(before.Ticket, t) {
		return nil, nil // history that nobody opened
	}
	return f.read(ctx, d, cache, before, found, t, ref)
}

// moved tells whether a ticket differs from what we have of it.
func moved(have, now client.Ticket) bool {
	return !have.Updated.Equal(now.Updated) || have.Status != now.Status || have.RawStatus != now.RawStatus ||
		have.Subject != now.Subject || have.Assignee != now.Assignee
}

// read reads a thread and keeps it with its ticket. The ticket is written first but counts as read only with
// its thread, so that a crash between the two repeats the look.
func (f *follow) read(
	ctx context.Context, d client.Driver, cache *store.Desk, before store.Cached, found bool,
	t client.Ticket, ref string,
) ([]news, error) {
	msgs, err := d.Thread(ctx, t.ID)
	if err != nil {
		return nil, fmt.Errorf("read ticket %s: %w", t.Number, err)
	}
	if err := cache.Put(ctx, t, ref); err != nil {
		return nil, err
	}
	fresh, err := cache.PutThread(ctx, t, msgs, f.a.p.Now())
	if err != nil {
		return nil, err
	}
	// Only a change is an event: a window that looks again at each one would otherwise never stop.
	if !found || len(fresh) > 0 || moved(before.Ticket, t) {
		f.a.bus.publish(api.Event{Kind: "ticket", Ticket: t.Number, Ref: ref})
	}
	if found && before.ThreadAt.IsZero() {
		fresh = after(fresh, before.Updated)
	}
	return whatIsNew(before.Ticket, found, t, fresh), nil
}

// after keeps the messages that are younger than a moment on the desk's clock.
func after(msgs []client.Message, at time.Time) []client.Message {
	var out []client.Message
	for _, m := range msgs {
		if m.At.After(at) {
			out = append(out, m)
		}
	}
	return out
}
