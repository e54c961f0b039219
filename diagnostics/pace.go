package diagnostics

import (
	"context"
	"sync"
	"time"
)

// How long to wait for somebody who is silent. A fixed deadline is either too long for an office or too short
// for a satellite, so a run measures as it goes. What it learns beyond the router counts for what lies beyond
// the router: the router itself, a millisecond away, says nothing about a link of 600 ms behind it.
//
// The wait for a connection is one retransmission (a lost request is sent again after a second) and three
// times the longest way heard of so far. Two attempts, the second beside the first, then saw four requests
// each. As soon as any loss is seen in the run, nobody's patience is cut: 20 % loss eats two requests out of
// three times in a row once in fifty attempts, and must not look like silence.
const (
	// resend is when a lost connection request is sent again.
	resend = time.Second
	// leastPatience and mostPatience bound three times the way's length.
	leastPatience = 500 * time.Millisecond
	mostPatience  = 3500 * time.Millisecond
	// wayFactor times the way is what an answer may take.
	wayFactor = 3
	// secondUnheard is when the second look starts while nobody beyond the router has answered: after the
	// first retransmission, so that one lost request starts no second look.
	secondUnheard = 1200 * time.Millisecond
	// hush is when a run in which nobody at all beyond the router answers stops waiting for them, if at
	// least hushDials wait, each for hushWait: then at least eight requests went out.
	hush      = 2500 * time.Millisecond
	hushWait  = 1200 * time.Millisecond
	hushDials = 4
	// patienceTick is how often a waiting connection looks whether it waited enough.
	patienceTick = 100 * time.Millisecond
)

// pace is what one run knows about the way beyond the router. It is safe for concurrent use.
type pace struct {
	mu      sync.Mutex
	started time.Time
	way     time.Duration // the longest plain connection so far
	heard   bool
	loss    bool
	silent  bool // hush was reached
	waiting map[*dial]struct{}
}

// dial is one connection that is being made.
type dial struct{ started time.Time }

func newPace(now time.Time) *pace {
	return &pace{started: now, waiting: map[*dial]struct{}{}}
}

type paceKey struct{}

func withPace(ctx context.Context, p *pace) context.Context {
	if p == nil {
		return ctx
	}
	return context.WithValue(ctx, paceKey{}, p)
}

// Connecting is called by whoever makes a TCP connection for a check, before it does. The context that it
// returns ends when waiting longer would tell nothing more; outside of a run, or in a check whose target lies
// on this side of the router, that is when ctx ends. done must be called with the outcome: whether the peer
// answered, if only to refuse, and whether that took as long as a lost request takes.
func Connecting(ctx context.Context) (waiting context.Context, done func(answered, lost bool)) {
	p, ok := ctx.Value(paceKey{}).(*pace)
	if !ok {
		return ctx, func(bool, bool) {}
	}
	waiting, cancel := context.WithCancel(ctx)
	d := p.begin()
	var mu sync.Mutex // between the tick and done
	over := false
	var tick *time.Timer
	mu.Lock()
	tick = time.AfterFunc(patienceTick, func() {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case over:
		case p.enough(d):
			cancel()
		default:
			tick.Reset(patienceTick)
		}
	})
	mu.Unlock()
	return waiting, func(answered, lost bool) {
		mu.Lock()
		over = true
		tick.Stop()
		mu.Unlock()
		cancel()
		p.end(d, answered, lost)
	}
}

func (p *pace) begin() *dial {
	d := &dial{started: time.Now()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[d] = struct{}{}
	return d
}

func (p *pace) end(d *dial, answered, lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, d)
	switch {
	case lost:
		p.heard, p.loss = true, true
	case answered:
		p.heard = true
		p.way = max(p.way, time.Since(d.started))
	}
}

// lost notes that something was lost on the way, seen by other means than a connection.
func (p *pace) lost() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss = true
}

// answer is three times the way, within its bounds: how long an answer may take.
func (p *pace) answer() time.Duration {
	return min(max(wayFactor*p.way, leastPatience), mostPatience)
}

// enough tells whether a connection waited long enough.
func (p *pace) enough(d *dial) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	waited := time.Since(d.started)
	switch {
	case p.loss:
		return waited >= mostPatience
	case p.heard:
		return waited >= min(resend+p.answer(), mostPatience)
	case !p.silent && time.Since(p.started) >= hush:
		patient := 0
		for w := range p.waiting {
			if time.Since(w.started) >= hushWait {
				patient++
			}
		}
		p.silent = patient >= hushDials
	}
	return waited >= mostPatience || p.silent && waited >= hushWait
}

// second is how long after its start a silent first attempt gets company; ok is false while that is not known
// yet.
func (p *pace) second(waited time.Duration) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.heard || p.loss {
		return waited >= secondUnheard
	}
	return waited >= min(p.answer(), SecondLook)
}

// hearing is how long a check that lies beyond the router may take to answer, before it counts as one that
// only waits.
func (p *pace) hearing() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.heard {
		return secondUnheard
	}
	return min(p.answer(), SecondLook)
}
