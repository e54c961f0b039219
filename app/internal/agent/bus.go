package agent

import (
	"context"
	"sync"
	"time"

	"balise/app/internal/ipc/api"
)

// eventRoom is how many events wait for a slow listener. Events only say that something changed, so a
// listener that falls behind loses some and gets one "state" event that makes it look again.
const eventRoom = 64

// bus hands every event to every listener.
type bus struct {
	mu     sync.Mutex
	next   int
	lists  map[int]chan api.Event
	closed bool
	now    func() time.Time
}

func newBus(now func() time.Time) *bus {
	return &bus{lists: map[int]chan api.Event{}, now: now}
}

// publish never blocks.
func (b *bus) publish(ev api.Event) {
	ev.At = b.now().UTC()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ch := range b.lists {
		select {
		case ch <- ev:
		default:
			select { // full: the oldest gives way to a word that says "look again"
			case <-ch:
			default:
			}
			select {
			case ch <- api.Event{Kind: "state", At: ev.At}:
			default:
			}
		}
	}
}

func (b *bus) subscribe() (events <-chan api.Event, cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan api.Event, eventRoom)
	if b.closed {
		close(ch)
		return ch, func() {}
	}
	id := b.next
	b.next++
	b.lists[id] = ch
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.lists, id)
	}
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for id, ch := range b.lists {
		close(ch)
		delete(b.lists, id)
	}
}

// Events streams events until ctx ends or the agent stops. The first one, "state", says that the stream has
// begun: what a listener reads from then on is not older than its events.
func (a *Agent) Events(ctx context.Context, on func(api.Event)) error {
	events, cancel := a.bus.subscribe()
	defer cancel()
	on(api.Event{Kind: "state", At: a.p.Now().UTC()})
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case ev, ok := <-events:
			if !ok {
				return nil
			}
			on(ev)
		}
	}
}

// Tell calls on with the agent's state, at once and after each change, until ctx ends: for the tray.
func (a *Agent) Tell(ctx context.Context, on func(api.State)) error {
	return a.Events(ctx, func(api.Event) {
		if st, err := a.State(ctx); err == nil {
			on(st)
		}
	})
}
