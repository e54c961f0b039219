package agent

import (
	"runtime/debug"
	"sync"
	"time"
)

const (
	// settle is how long after something was done the agent is at rest again and gives its memory back.
	settle = 3 * time.Second
	// tidy is how often it does so when nothing but the follow-up goes on.
	tidy = 30 * time.Second
)

// rest gives memory back when the agent has been left alone for a moment. Only a resident agent does; a
// command ends by itself.
type rest struct {
	mu    sync.Mutex
	timer *time.Timer
	last  time.Time
}

// stir says that something was done that may have needed memory.
func (a *Agent) stir() {
	if !a.p.Resident {
		return
	}
	a.rest.mu.Lock()
	defer a.rest.mu.Unlock()
	if a.rest.timer == nil {
		a.rest.timer = time.AfterFunc(settle, a.giveBack)
		return
	}
	a.rest.timer.Reset(settle)
}

// stirNowAndThen is stir for what happens all the time.
func (a *Agent) stirNowAndThen() {
	a.rest.mu.Lock()
	due := time.Since(a.rest.last) > tidy
	a.rest.mu.Unlock()
	if due {
		a.stir()
	}
}

// giveBack returns to the system what a start, a report or a picture needed and the agent at rest does not:
// free heap, and the pages of our own program that were only used for it.
func (a *Agent) giveBack() {
	a.rest.mu.Lock()
	a.rest.last = time.Now()
	a.rest.mu.Unlock()
	if a.life.Err() != nil {
		return
	}
	debug.FreeOSMemory()
	if err := unmapProgram(); err != nil {
		a.p.Log.Debug("give back the program's pages", "error", err)
	}
}
