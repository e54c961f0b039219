package agent

import (
	"context"
	"slices"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/repair"
)

// takeOver gives a new incident the repairs that nobody was told of: what a crash or a closed window cut short, what
// came of a restart, and a restart that is still to come, so that it can be called off here as well. They belong to
// this incident from now on: what is sent with it was escalated. earlier adds those of commands that are over.
func (a *Agent) takeOver(incident string, earlier bool) []repair.Attempt {
	a.recover()
	a.mu.Lock()
	list := a.leftover
	a.leftover = nil
	a.mu.Unlock()
	past, err := a.repairs.History()
	if err != nil {
		return list // Run says so, when somebody wants to repair
	}
	known := func(ref string) bool {
		return slices.ContainsFunc(list, func(at repair.Attempt) bool { return at.Ref == ref })
	}
	since := a.p.Now().Add(-earlierFor)
	for _, p := range slices.Backward(past) {
		at := p.Attempt
		mine := earlier && at.Finished.After(since) && !a.incidents.has(p.Incident)
		if (mine || waitsOutside(at)) && !known(at.Ref) {
			list = append(list, at)
		}
	}
	for n, at := range list {
		if now, ok := a.repairs.Attempt(at.Ref); ok {
			list[n] = now // it may have gone on since
		}
		if err := a.repairs.Adopt(at.Ref, incident); err != nil {
			a.p.Log.Warn("keep to which problem a repair belongs", "error", err)
		}
	}
	return list
}

// earlierFor is how long ago a repair may have ended that a report at the terminal still speaks of.
const earlierFor = time.Hour

// waitsOutside tells whether something outside Balise is planned for an attempt: a restart.
func waitsOutside(at repair.Attempt) bool {
	return at.State == repair.NeedsUser && at.Pending != nil && at.Pending.Kind == repair.Wait
}

// tellRepair lets every window and command see what a repair does, not only the one that asked for it.
func (a *Agent) tellRepair(incident string, event api.RepairEvent) {
	a.bus.publish(api.Event{Kind: "repair", Incident: incident, Repair: &event})
}

// afterRepair sees to what a repair leaves behind when nobody is there to see it.
func (a *Agent) afterRepair(ctx context.Context, at repair.Attempt) {
	if ctx.Err() != nil && at.State != repair.Solved {
		// Whoever asked has closed the window in the middle: the next incident tells.
		a.mu.Lock()
		a.leftover = append(slices.DeleteFunc(a.leftover, func(o repair.Attempt) bool { return o.Ref == at.Ref }), at)
		a.mu.Unlock()
	}
	if waitsOutside(at) {
		a.comeBack(at)
	} else {
		a.stayAway()
	}
}

const (
	keyComesBack = "repair.comes_back" // the autostart entry is there for one repair only
	// waitPage is what a click on the notification of a planned restart opens: the place to call it off.
	waitPage = "repair"
)

// comeBack sees to it that a planned restart surprises nobody and that Balise is there after it. logind tells
// the terminals of it (wall messages, shutdown(8)) and no desktop.
func (a *Agent) comeBack(at repair.Attempt) {
	if auto := a.p.Autostart; auto != nil {
		if on, err := auto.Status(); err == nil && !on {
			if err := a.store.Put(a.life, keyComesBack, true); err != nil {
				a.p.Log.Warn("keep that Balise comes back", "error", err)
			} else if err := auto.Enable(); err != nil {
				a.p.Log.Warn("come back after the restart", "error", err)
			}
		}
	}
	if a.p.Notifier == nil || at.Pending.Until.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(a.life, noteWait)
	defer cancel()
	t := a.texts()
	note := Note{
		Key: waitPage, Title: t.T("agent.restart.title", "time", at.Pending.Until.Local().Format("15:04")),
		Body: t.T("agent.restart.body"), Urgent: true,
	}
	if err := a.p.Notifier.Show(ctx, note); err != nil {
		a.p.Log.Info("no notification", "error", err)
	}
}

// stayAway takes the entry of comeBack away once nothing is waited for any more.
func (a *Agent) stayAway() {
	past, err := a.repairs.History()
	if err != nil || slices.ContainsFunc(past, func(p repair.Past) bool { return waitsOutside(p.Attempt) }) {
		return
	}
	mine := false
	if _, err := a.store.Get(a.life, keyComesBack, &mine); err != nil || !mine || a.p.Autostart == nil {
		return
	}
	if err := a.p.Autostart.Disable(); err != nil {
		a.p.Log.Warn("come back no more", "error", err)
		return
	}
	if err := a.store.Put(a.life, keyComesBack, false); err != nil {
		a.p.Log.Warn("keep that Balise stays away", "error", err)
	}
	if a.p.Notifier != nil {
		ctx, cancel := context.WithTimeout(a.life, noteWait)
		defer cancel()
		if err := a.p.Notifier.Withdraw(ctx, waitPage); err != nil {
			a.p.Log.Info("no notification to take away", "error", err)
		}
	}
}
