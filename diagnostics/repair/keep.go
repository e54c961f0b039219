package repair

import (
	"context"
	"time"
)

// Purger is a Fixer that keeps for its undo what is not worth keeping for ever. Purge is asked at each start for
// each ended attempt that can still be put back; over says that nothing is kept any more.
type Purger interface {
	Purge(ctx context.Context, saved []byte, age time.Duration) (over bool)
}

// purge lets go of what was kept long enough.
func (e *Engine) purge(ctx context.Context) {
	e.mu.Lock()
	var old []*track
	for _, t := range e.tracks {
		if t.ended && t.attempt.CanUndo {
			old = append(old, t)
		}
	}
	e.mu.Unlock()
	for _, t := range old {
		f, _ := e.fixer(t.attempt.ID)
		p, ok := f.(Purger)
		if !ok || ctx.Err() != nil {
			continue
		}
		own, cancel := context.WithTimeout(ctx, e.undoPatience())
		over, err := within(own, func() (bool, error) {
			return p.Purge(own, t.saved, e.p.Now().Sub(t.attempt.Finished)), nil
		})
		cancel()
		if err != nil || !over {
			continue
		}
		if err := e.note(t, eventEnd, "purge", func(a *Attempt) { a.CanUndo = false }); err != nil {
			e.p.Log.Warn("keep the repair's record", "repair", t.attempt.ID, "err", err)
		}
	}
}

// spared tells whether a step that would wait for a yes has nothing left to do after the steps before it: its Fixer
// then shows a step without an ID.
func (l *live) spared(s Step) bool {
	ctx, cancel := context.WithTimeout(context.Background(), describeTimeout)
	defer cancel()
	return show(ctx, l.f, s, l.t.saved).ID == ""
}

// Adopt says that an attempt belongs to another incident from now on: the one in which its end is told.
func (e *Engine) Adopt(ref, incident string) error {
	if err := e.load(); err != nil {
		return err
	}
	e.mu.Lock()
	t := e.find(ref)
	if t == nil {
		e.mu.Unlock()
		return ErrUnknown
	}
	t.incident = incident
	event := eventWait
	if t.ended {
		event = eventEnd
	}
	e.mu.Unlock()
	if !e.changing.TryLock() {
		return nil // it runs, and its next line says so
	}
	defer e.changing.Unlock()
	return e.note(t, event, "", nil)
}
