package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"balise/app/internal/agent/child"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/snapshot"
)

const (
	// keyGood is where the store keeps what the computer was like when all was well, keyState the key of its
	// digests.
	keyGood  = "state.good"
	keyState = "state.key"
	// stateDeadline is several times the child's own; stateWait is how long a diagnosis waits for it once the
	// self-tests are over.
	stateDeadline = 5 * time.Second
	stateWait     = time.Second
)

// glance is a look at the state of the computer beside a run of the self-tests. It begins with the first
// result, so that it does not delay it, and is over before the last in all but a broken computer.
type glance struct {
	a     *Agent
	ctx   context.Context
	once  sync.Once
	ended chan struct{}
	state snapshot.State
	err   error
}

func (a *Agent) glance(ctx context.Context) *glance {
	return &glance{a: a, ctx: ctx, ended: make(chan struct{}), err: errNoState}
}

var errNoState = errors.New("the state of the computer is not known")

// begin starts the look, once.
func (g *glance) begin() {
	g.once.Do(func() {
		g.a.goDo(func() {
			defer close(g.ended)
			ctx, cancel := context.WithTimeout(g.ctx, stateDeadline)
			defer cancel()
			defer context.AfterFunc(g.a.life, cancel)()
			g.state, g.err = g.a.takeState(ctx)
		})
	})
}

// with passes events on and begins with the first result.
func (g *glance) with(on func(diagnostics.Event)) func(diagnostics.Event) {
	return func(ev diagnostics.Event) {
		if on != nil {
			on(ev)
		}
		if ev.Kind == diagnostics.CheckFinished {
			g.begin()
		}
	}
}

// wait is the state, if it is known soon enough.
func (g *glance) wait() (snapshot.State, error) {
	g.begin()
	t := time.NewTimer(stateWait)
	defer t.Stop()
	select {
	case <-g.ended:
		return g.state, g.err
	case <-t.C:
	case <-g.ctx.Done():
	}
	return snapshot.State{}, errNoState
}

// takeState looks at the computer in a child.
func (a *Agent) takeState(ctx context.Context) (snapshot.State, error) {
	key, err := a.stateKey(ctx)
	if err != nil {
		return snapshot.State{}, err
	}
	cfg := a.checksConfig()
	target := cfg.Desk
	if target == "" && len(cfg.Services) > 0 {
		target = cfg.Services[0].URL
	}
	raw, err := json.Marshal(snapshot.Request{State: &snapshot.StateRequest{Key: key, Target: target}})
	if err != nil {
		return snapshot.State{}, fmt.Errorf("ask for the state: %w", err)
	}
	out, err := a.kids.JSON(ctx, child.Request{
		Args: []string{"internal", "snapshot"}, Stdin: bytes.NewReader(raw), Timeout: stateDeadline,
	})
	if err != nil {
		return snapshot.State{}, fmt.Errorf("look at the state: %w", err)
	}
	var answer snapshot.Answer
	if err := json.Unmarshal(out, &answer); err != nil {
		return snapshot.State{}, fmt.Errorf("read the state: %w", err)
	}
	if answer.State == nil {
		return snapshot.State{}, errNoState
	}
	return *answer.State, nil
}

// stateKey makes the digests of a state this computer's own.
func (a *Agent) stateKey(ctx context.Context) ([]byte, error) {
	var key []byte
	if found, err := a.store.Get(ctx, keyState, &key); err == nil && found && len(key) > 0 {
		return key, nil
	}
	const size = 32
	key = make([]byte, size)
	rand.Read(key) // never fails
	return key, a.store.Put(ctx, keyState, key)
}

// lastGood is what the computer was like when all was last well; nil when it never was, or when that cannot
// be read: what is broken here is no reason not to test.
func (a *Agent) lastGood(ctx context.Context) *snapshot.Good {
	var g snapshot.Good
	found, err := a.store.Get(ctx, keyGood, &g)
	if err != nil {
		a.p.Log.Warn("what was well is not readable", "error", err)
	}
	if !found || err != nil {
		return nil
	}
	return &g
}

// keepGood remembers the state of a computer on which a full run found nothing wrong.
func (a *Agent) keepGood(ctx context.Context, was *snapshot.Good, now snapshot.State) {
	if was == nil {
		was = &snapshot.Good{}
	}
	if err := a.store.Put(ctx, keyGood, was.Next(now)); err != nil {
		a.p.Log.Warn("what is well was not kept", "error", err)
	}
}

// differences are what changed since was; none when either is not known.
func (a *Agent) differences(was *snapshot.Good, now snapshot.State, err error) []diagnostics.Change {
	if was == nil {
		return nil
	}
	var list []diagnostics.Change
	if err == nil {
		list, err = snapshot.Compare(*was, now)
	}
	if err != nil {
		a.p.Log.Info("nothing to compare with", "error", err)
		return nil
	}
	return list
}

// well tells whether a diagnosis is good enough to remember the computer by.
func well(d *cause.Diagnosis) bool {
	return d != nil && d.Cause == cause.Healthy && (d.Confidence == cause.Confirmed || d.Confidence == cause.Likely)
}
