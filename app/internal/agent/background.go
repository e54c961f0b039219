package agent

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/cause"
	"balise/diagnostics/record"
)

const (
	keyTold = "watch.told"
	// watchLook is how often the network is looked at: a few files of the kernel's.
	watchLook = 15 * time.Second
	// watchPage is what a click on the notification opens.
	watchPage = "check"
)

// background tests the computer without being asked, where the settings say so.
type background struct {
	a *Agent
	// What a test replaces.
	look   time.Duration
	digest func() (uint64, error)
	rest   func(context.Context) string
	try    func(context.Context) (cause.Diagnosis, error)

	wake   chan struct{}
	seldom map[string]time.Time // by self-test of a pack: when it was last well
	plan   watchPlan
	doubt  doubt

	mu    sync.Mutex
	state api.Background
}

func newBackground(a *Agent) *background {
	b := &background{
		a: a, look: watchLook, digest: record.NetworkDigest, rest: record.Paused, wake: make(chan struct{}, 1),
		seldom: map[string]time.Time{},
		plan:   watchPlan{jitter: rand.Float64()},
	}
	b.try = b.test
	return b
}

func (b *background) on() bool { return b.a.set.now().Watch.Background == "on" }

// seen is what State tells; nil while it is off.
func (b *background) seen() *api.Background {
	if !b.on() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	st := b.state
	return &st
}

// run tests until ctx ends.
func (b *background) run(ctx context.Context) error {
	if _, err := b.a.store.Get(ctx, keyTold, &b.doubt.Told); err != nil {
		b.a.p.Log.Warn("what was told is not readable", "error", err)
	}
	running := false
	network, _ := b.digest()
	timer := time.NewTimer(b.look)
	defer timer.Stop()
	for {
		if on := b.on(); on != running {
			if running = on; on {
				b.plan.begin(b.a.p.Now())
			} else {
				b.clear(ctx)
			}
		}
		wait := timer.C
		if !running {
			wait = nil // until the settings change
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
			continue
		case <-wait:
			timer.Reset(b.look)
		}
		b.step(ctx, &network)
	}
}

// step looks at the network and runs the self-tests when they are due.
func (b *background) step(ctx context.Context, network *uint64) {
	now := b.a.p.Now()
	if is, err := b.digest(); err == nil && is != *network {
		*network = is
		b.plan.networkChanged(now)
	}
	if now.Before(b.plan.due()) {
		return
	}
	if why := b.rest(ctx); why != "" {
		b.plan.rested(now)
		b.set(func(st *api.Background) { st.Paused = why })
		return
	}
	d, err := b.try(ctx)
	now = b.a.p.Now()
	if err != nil {
		if ctx.Err() == nil {
			b.a.p.Log.Warn("test without being asked", "error", err)
		}
		b.plan.rested(now)
		return
	}
	held, again, tell := b.doubt.judge(now, d)
	b.plan.ran(now, again)
	b.found(ctx, now, held)
	if tell {
		b.tell(ctx, *held)
	}
}

func (b *background) set(change func(*api.Background)) {
	b.mu.Lock()
	was := b.state
	change(&b.state)
	changed := was.Paused != b.state.Paused || (was.Problem == nil) != (b.state.Problem == nil) ||
		was.Problem != nil && was.Problem.Fingerprint != b.state.Problem.Fingerprint
	b.mu.Unlock()
	if changed {
		b.a.bus.publish(api.Event{Kind: "state"})
	}
}

// found shows what holds, and takes the notification away when nothing does any more.
func (b *background) found(ctx context.Context, now time.Time, held *cause.Diagnosis) {
	b.mu.Lock()
	had := b.state.Problem != nil
	b.mu.Unlock()
	b.set(func(st *api.Background) {
		st.Checked, st.Paused, st.Problem, st.Since = now.UTC(), "", held, time.Time{}
		if held != nil {
			st.Since = b.doubt.first.UTC()
		}
	})
	if had && held == nil {
		b.withdraw(ctx)
	}
}

func (b *background) clear(ctx context.Context) {
	b.doubt.seen, b.doubt.times = cause.Diagnosis{}, 0
	b.mu.Lock()
	had := b.state.Problem != nil
	b.mu.Unlock()
	b.set(func(st *api.Background) { *st = api.Background{} })
	if had {
		b.withdraw(ctx)
	}
}

func (b *background) withdraw(ctx context.Context) {
	if b.a.p.Notifier == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteWait)
	defer cancel()
	if err := b.a.p.Notifier.Withdraw(ctx, watchPage); err != nil {
		b.a.p.Log.Info("no notification to take away", "error", err)
	}
}

// tell shows one quiet notification. That it was told is on the disk before it is shown: rather never than
// twice.
func (b *background) tell(ctx context.Context, d cause.Diagnosis) {
	if err := b.a.store.Put(ctx, keyTold, b.doubt.Told); err != nil {
		b.a.p.Log.Warn("what is told was not kept", "error", err)
	}
	if b.a.p.Notifier == nil {
		return
	}
	t := b.a.texts()
	words := t.Diagnosis(d)
	body := words.Now
	if fitting, _ := propose(d, b.a.repairs.List(ctx, nil), nil); len(fitting) > 0 && fitting[0].Available {
		body = t.T("agent.watch.repair", "repair", t.T("repair."+fitting[0].ID+".name"))
	}
	ctx, cancel := context.WithTimeout(ctx, noteWait)
	defer cancel()
	note := Note{Key: watchPage, Title: words.Sentence, Body: body, Quiet: true}
	if err := b.a.p.Notifier.Show(ctx, note); err != nil {
		b.a.p.Log.Info("no notification", "error", err)
	}
}

// test is one full run outside any incident.
func (b *background) test(ctx context.Context) (cause.Diagnosis, error) {
	look := b.a.glance(ctx)
	cfg, now := b.a.checksConfig(), b.a.p.Now()
	cfg.Packs = b.a.packs.get().due(now, b.seldom)
	results, err := b.a.probeWith(ctx, cfg, nil, nil, look.with(nil))
	if err != nil {
		return cause.Diagnosis{}, err
	}
	for _, r := range results {
		// What is not well is looked at again with the next run: it must be seen twice before anybody hears of it.
		if delete(b.seldom, r.ID); !r.Status.Bad() {
			b.seldom[r.ID] = now
		}
	}
	defer b.a.stir()
	kb := b.a.knowledge(nil)
	good := b.a.lastGood(ctx)
	state, known := look.wait()
	d, _ := cause.Diagnose(results, kb, cause.Context{
		Changes: b.a.differences(good, state, known), Priors: b.a.set.now().Priors,
		Salt: b.a.set.now().Desk.URL,
	})
	if known == nil && well(&d) {
		b.a.keepGood(ctx, good, state)
	}
	return d, nil
}
