package agent

import (
	"testing"
	"time"

	"balise/diagnostics/repair"
)

func TestRepairsAreCountedHonestly(t *testing.T) {
	end := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	past := func(incident string, a repair.Attempt) repair.Past {
		return repair.Past{Incident: incident, Attempt: a}
	}
	h := history([]repair.Past{
		past("A", repair.Attempt{State: repair.Solved, Finished: end}),
		past("A", repair.Attempt{State: repair.Solved, Finished: end, UserSays: "no"}),
		past("B", repair.Attempt{State: repair.NotSolved, Finished: end, Reason: "still_failing"}),
		past("B", repair.Attempt{State: repair.Failed, Finished: end, Reason: "timeout"}),
		past("B", repair.Attempt{State: repair.NotSolved, Finished: end, Reason: "declined"}),
		past("C", repair.Attempt{State: repair.Failed, Finished: end, Reason: "interrupted"}),
		past("C", repair.Attempt{State: repair.NeedsAdmin, Finished: end}),
		past("", repair.Attempt{State: repair.Undone, Finished: end}),
		past("D", repair.Attempt{State: repair.NeedsUser}),
	}, map[string]bool{"B": true, "": true})
	c := h.Counts
	if c.Tried != 9 || c.Solved != 1 || c.NotSolved != 3 || c.Abandoned != 2 || c.NeedsAdmin != 1 || c.Undone != 1 ||
		c.Open != 1 || c.Escalated != 3 {
		t.Errorf("%+v", c)
	}
	if c.Solved+c.NotSolved+c.Abandoned+c.NeedsAdmin+c.Undone+c.Open != c.Tried {
		t.Errorf("%+v does not add up", c)
	}
	if h.Attempts[0].Outcome != "solved" || h.Attempts[1].Outcome != "not_solved" || !h.Attempts[2].Escalated {
		t.Errorf("%+v", h.Attempts)
	}
}
