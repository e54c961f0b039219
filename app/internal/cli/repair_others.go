package cli

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"balise/app/internal/ipc/api"
)

// labelled is a name and what is said of it; French sets a space before the colon.
func (s *session) labelled(name, text string) string {
	return s.t("cli.repair.labelled", "name", name, "text", text)
}

// sameThings tells whether a step's items stand among its choices as well.
func sameThings(step api.RepairStep) bool {
	return len(step.Choices) > 0 && !slices.ContainsFunc(step.Items, func(it api.RepairItem) bool {
		return !slices.ContainsFunc(step.Choices, func(c api.RepairChoice) bool { return c.Label == it.Label })
	})
}

// tellEarlier says, once, what became of repairs that were cut short and of what went on during a restart: the agent
// gives them to the first incident that is opened afterwards.
func (s *session) tellEarlier(inc api.Incident) {
	for _, a := range inc.Attempts {
		text := s.t("cli.repair.ended." + string(a.State))
		if a.Reason != "" && a.State != api.RepairSolved {
			text += " " + s.named("repair.reason."+a.Reason, a.Reason)
		}
		s.out.note(s.labelled(s.t("cli.repair.earlier", "name", s.repairName(a.ID)), text))
		s.tellRestart(a.Pending)
	}
}

// tellRestart says when a planned restart comes: nothing else on the screen may.
func (s *session) tellRestart(step *api.RepairStep) {
	if step != nil && step.Kind == api.StepWait && !step.Until.IsZero() {
		s.out.note(s.t("cli.repair.restarts_at", "time", step.Until.Local().Format("15:04")))
	}
}

// followMost is longer than the longest repair step (updates).
const followMost = 2 * time.Hour

// followOther shows the repair that another window or command runs, up to its end or its next question. Only at a
// terminal: a script gets its answer at once.
func (s *session) followOther(ctx context.Context) {
	if !s.p.Terminal {
		return
	}
	s.out.note(s.t("cli.repair.follows"))
	ctx, cancel := context.WithTimeout(ctx, followMost)
	defer cancel()
	var mu sync.Mutex
	var began sync.Once
	said := ""
	err := s.svc.Events(ctx, func(e api.Event) {
		if e.Kind == "state" {
			began.Do(func() { go s.unlessOver(ctx, cancel) })
		}
		if e.Kind != "repair" || e.Repair == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		text := s.t("cli.repair.state." + string(e.Repair.State))
		if e.Repair.Step != "" {
			text += " " + s.stepName(e.Repair.ID, e.Repair.Step)
		}
		if text = s.labelled(s.repairName(e.Repair.ID), text); text != said {
			s.out.note(text)
		}
		said = text
		if e.Repair.Attempt != nil {
			cancel()
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		s.out.note(s.t("cli.repair.lost_sight"))
	}
}

// unlessOver ends the wait for a repair that was over before anybody listened.
func (s *session) unlessOver(ctx context.Context, over func()) {
	h, err := s.svc.RepairHistory(ctx)
	runs := slices.ContainsFunc(h.Attempts, func(a api.HistoryAttempt) bool {
		return a.Finished.IsZero() && a.State != api.RepairNeedsUser
	})
	if err != nil || !runs {
		over()
	}
}
