package agent

import (
	"context"
	"slices"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/checks"
	"balise/diagnostics/repair"
)

// RepairHistory is what was tried on this computer, newest first. The numbers are counted here, from the journal and
// from what was sent, and stay here.
func (a *Agent) RepairHistory(ctx context.Context) (api.RepairHistory, error) {
	a.recover()
	sent, err := a.Sent(ctx)
	if err != nil {
		return api.RepairHistory{}, err
	}
	reported := map[string]bool{}
	for _, r := range sent {
		if r.Kind == "" { // a report, not a reply
			reported[r.Ref] = true
		}
	}
	list, err := a.repairs.History()
	if err != nil {
		return api.RepairHistory{}, a.explain(err)
	}
	return history(list, reported), nil
}

func history(list []repair.Past, reported map[string]bool) api.RepairHistory {
	h := api.RepairHistory{Attempts: []api.HistoryAttempt{}}
	for _, p := range list {
		one := api.HistoryAttempt{
			RepairAttempt: p.Attempt, Incident: p.Incident, Outcome: outcome(p.Attempt),
			Escalated: p.Incident != "" && reported[p.Incident],
		}
		h.Attempts = append(h.Attempts, one)
		c := &h.Counts
		c.Tried++
		*map[string]*int{
			"solved": &c.Solved, "not_solved": &c.NotSolved, "undone": &c.Undone, "abandoned": &c.Abandoned,
			"needs_admin": &c.NeedsAdmin, "open": &c.Open,
		}[one.Outcome]++
		if one.Escalated {
			c.Escalated++
		}
	}
	return h
}

// outcome is how an attempt counts. A solved one that the user denies is not solved, whatever the self-test says.
func outcome(a repair.Attempt) string {
	switch {
	case a.Finished.IsZero():
		return "open"
	case a.State == repair.Solved && a.UserSays == "no":
		return "not_solved"
	case a.State == repair.Solved:
		return "solved"
	case a.State == repair.Undone:
		return "undone"
	case a.State == repair.NeedsAdmin:
		return "needs_admin"
	case slices.Contains([]string{"declined", "cancelled", "interrupted"}, a.Reason):
		return "abandoned"
	}
	return "not_solved"
}

// dependents are the self-tests that rest directly on these: whether a repair made anything worse shows there first.
func (a *Agent) dependents(ids []string) []string {
	var near []string
	for _, c := range checks.All(a.checksConfig()) {
		rests := slices.ContainsFunc(ids, func(id string) bool {
			return slices.Contains(c.Needs, id) || slices.Contains(c.ExplainedBy, id)
		})
		if rests && !c.OnDemand {
			near = append(near, c.ID)
		}
	}
	return near
}

// wake takes up repairs that went on without Balise, a restart of the computer for one; the self-tests that tell
// what came of them take their time.
func (a *Agent) wake() {
	woken, err := a.repairs.Wake(a.life)
	if err != nil {
		a.p.Log.Error("take up repairs after a restart", "error", err)
	}
	a.stayAway()
	if len(woken) == 0 {
		return
	}
	a.mu.Lock()
	a.leftover = append(a.leftover, woken...)
	a.mu.Unlock()
	a.bus.publish(api.Event{Kind: "state"})
}
