package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/desk"
)

const (
	// deskStart is how long the practice desk may take to answer: it opens a database and a port.
	deskStart = 10 * time.Second
	// deskLook is how often a starting desk is looked for, deskHealth a running one.
	deskLook   = 40 * time.Millisecond
	deskHealth = time.Minute
	// deskGrace is what a desk gets to finish the requests that it has.
	deskGrace = 3 * time.Second
	// deskPause is the pause before a desk that died is started again, deskBackoff to deskBackoffMax before one
	// that did not come up.
	deskPause      = 100 * time.Millisecond
	deskBackoff    = time.Second
	deskBackoffMax = time.Minute
)

// practice keeps the practice desk running as a child, as long as the settings want it. A desk that the user
// runs himself on the same state folder is used and left alone.
type practice struct {
	a *Agent

	mu      sync.Mutex
	found   desk.Info
	running context.CancelFunc // of the supervisor; nil when there is none
	ready   bool               // the desk of now has answered
	lastErr error              // why the last one ended that never answered
}

// info returns the desk that answers, started if need be.
func (p *practice) info(ctx context.Context) (desk.Info, error) {
	p.mu.Lock()
	found := p.found
	p.mu.Unlock()
	if found.URL != "" {
		return found, nil
	}
	if i, err := desk.Lookup(p.a.p.StateDir); err == nil {
		p.set(i)
		return i, nil
	}
	p.start()
	ctx, cancel := context.WithTimeout(ctx, deskStart)
	defer cancel()
	tick := time.NewTicker(deskLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return desk.Info{}, p.notYet()
		case <-tick.C:
			if i, err := desk.Lookup(p.a.p.StateDir); err == nil {
				p.set(i)
				return i, nil
			}
			if p.died() {
				return desk.Info{}, p.notYet() // it is started again by and by; nobody has to wait for it
			}
		}
	}
}

// died tells whether the last desk that was started ended by itself.
func (p *practice) died() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lastErr != nil
}

func (p *practice) notYet() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := fmt.Errorf("start the practice desk: %w", client.ErrUnreachable)
	if p.lastErr != nil {
		err = fmt.Errorf("%w: %w", err, p.lastErr)
	}
	return err
}

func (p *practice) set(i desk.Info) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = i
	if i.URL != "" {
		p.ready, p.lastErr = true, nil
	}
}

// start begins to supervise, once.
func (p *practice) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return
	}
	ctx, cancel := context.WithCancel(p.a.life)
	p.running = cancel
	p.a.goDo(func() { p.supervise(ctx) })
}

// stop ends the desk when the settings name another one.
func (p *practice) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		p.running()
	}
	p.running, p.found = nil, desk.Info{}
}

func (p *practice) supervise(ctx context.Context) {
	pause := deskBackoff
	for ctx.Err() == nil {
		p.mu.Lock()
		p.ready = false
		p.mu.Unlock()
		err := p.serve(ctx)
		p.set(desk.Info{})
		if ctx.Err() != nil {
			return
		}
		p.mu.Lock()
		if p.ready { // it worked: start another at once, whoever asks meanwhile waits for it
			pause = deskPause
		} else {
			p.lastErr = err
		}
		p.mu.Unlock()
		p.a.p.Log.Warn("the practice desk ended", "error", err, "again_in", pause)
		p.a.bus.publish(api.Event{Kind: "state"})
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(max(pause*2, deskBackoff), deskBackoffMax)
	}
}

var errDeskSilent = errors.New("the practice desk does not answer")

// serve runs one desk until it ends, or until it cannot be found any more.
func (p *practice) serve(ctx context.Context) error {
	one, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		tick := time.NewTicker(deskHealth)
		defer tick.Stop()
		for {
			select {
			case <-one.Done():
				return
			case <-tick.C:
				if _, err := desk.Lookup(p.a.p.StateDir); err != nil {
					cancel(fmt.Errorf("%w: %w", errDeskSilent, err))
					return
				}
			}
		}
	}()
	env := []string{"BALISE_STATE_DIR=" + p.a.p.StateDir}
	if err := p.a.kids.Serve(one, []string{"desk"}, env, deskGrace); err != nil {
		return err
	}
	return context.Cause(one)
}

// DeskURL is a one-time technician link to the practice desk.
func (a *Agent) DeskURL(ctx context.Context) (string, error) {
	if a.set.now().Desk.Kind != "practice" {
		return "", &api.Error{Code: api.CodeDeskUnsupported, Detail: "the desk is not the practice desk"}
	}
	if !a.p.Resident {
		// A desk that this process starts ends with it, and the link would lead nowhere: another's is asked, and
		// none is started, not even for one that is just ending.
		i, err := desk.Lookup(a.p.StateDir)
		if err != nil {
			return "", api.NewError(api.CodeNoAgent, err)
		}
		link, err := desk.TechnicianLink(ctx, i)
		if err != nil {
			return "", api.NewError(api.CodeNoAgent, err)
		}
		return link, nil
	}
	i, err := a.practice.info(ctx)
	if err != nil {
		return "", a.explain(err)
	}
	link, err := desk.TechnicianLink(ctx, i)
	if err != nil {
		return "", a.explain(err)
	}
	return link, nil
}
