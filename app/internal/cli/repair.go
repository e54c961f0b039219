package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"balise/app/internal/ipc/api"
)

// The actions of api.RepairRequest.
const (
	actionRun      = "run"
	actionContinue = "continue"
	actionUndo     = "undo"
	actionCancel   = "cancel"
	actionSays     = "user_says"
)

func runRepairList(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	inc, err := s.checkedIncident(ctx)
	if err != nil {
		return err
	}
	defer s.closeIncident(inc.ID)
	doc := RepairsDoc{Schema: schemaRepairs, Repairs: []RepairLine{}}
	all := slices.Concat(inc.Repairs, inc.OtherRepairs)
	for _, r := range all {
		doc.Repairs = append(doc.Repairs, RepairLine{RepairInfo: r, Name: s.repairName(r.ID)})
		s.out.item("", "  ", s.labelled(r.ID, s.repairName(r.ID)+". "+s.named("repair."+r.ID+".risk", "")))
		if !r.Available {
			text := s.named("repair.why."+r.Why, r.Why)
			if r.Why != "not_needed" {
				text = s.t("cli.repair.not_available") + " " + text
			}
			s.out.item("  ", "  ", text)
		}
	}
	if len(all) == 0 {
		s.out.say(s.t("cli.repair.none"))
	}
	s.out.document(doc)
	return nil
}

// checkedIncident is an incident with all self-tests run: what is proposed depends on them.
func (s *session) checkedIncident(ctx context.Context) (api.Incident, error) {
	inc, err := s.svc.OpenIncident(ctx, api.OpenRequest{})
	if err != nil {
		return inc, err
	}
	s.tellEarlier(inc)
	checked, err := s.runChecks(ctx, inc.ID, nil)
	if err != nil {
		s.closeIncident(inc.ID)
		return inc, err
	}
	return checked, nil
}

func runRepair(ctx context.Context, s *session, line commandLine) error {
	if err := s.mayAct(line.opts.yes, needsYesRepair); err != nil {
		return err
	}
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	inc, err := s.checkedIncident(ctx)
	if err != nil {
		return err
	}
	defer s.closeIncident(inc.ID)
	id := line.args[0]
	if !line.opts.yes {
		s.explainRepair(inc, id)
		yes, err := s.ask(ctx, s.t("cli.repair.ask"))
		if err != nil {
			return err
		}
		if !yes {
			s.out.note(s.t("cli.repair.not_run"))
			return errNotDone
		}
	}
	attempt, err := s.repair(ctx, inc, id, line.opts.choice)
	if api.CodeOf(err) == api.CodeRepairBusy {
		s.followOther(ctx)
	}
	if err != nil {
		return err
	}
	return s.printAttempt(attempt)
}

// explainRepair says what a repair will do, how long it takes and whether it can be undone.
func (s *session) explainRepair(inc api.Incident, id string) {
	for _, r := range slices.Concat(inc.Repairs, inc.OtherRepairs) {
		if r.ID != id {
			continue
		}
		s.out.note(s.repairName(id))
		for _, about := range []string{"what", "risk", "duration"} {
			s.out.note(s.named("repair."+id+"."+about, ""))
		}
		for _, step := range r.Steps {
			s.explainStep(id, step)
		}
	}
}

func (s *session) explainStep(id string, step api.RepairStep) {
	s.out.noteItem("- ", "  ", s.stepName(id, step.ID))
	for _, it := range step.Items {
		if sameThings(step) {
			break
		}
		text := s.named("repair.item."+it.Label, it.Label)
		if it.Bytes > 0 {
			text = s.labelled(text, s.size(it.Bytes))
		}
		s.out.noteItem("    - ", "      ", text)
	}
	for _, c := range step.Choices {
		s.out.noteItem("    - ", "      ", s.choiceLine(c))
	}
	if step.Elevated {
		s.out.noteItem("    ", "    ", s.t("cli.repair.elevated"))
	}
	if step.URL != "" {
		s.out.noteItem("    ", "    ", webURL(step.URL))
	}
}

// offerUndo asks whether what was moved goes back.
func (s *session) offerUndo(ctx context.Context, incident, id string, a api.RepairAttempt) (api.RepairAttempt, error) {
	if !a.CanUndo || !s.p.Terminal {
		return a, nil
	}
	yes, err := s.ask(ctx, s.t("cli.repair.ask_undo"))
	if err != nil || !yes {
		return a, err
	}
	return s.act(ctx, incident, api.RepairRequest{ID: id, Action: actionUndo, Consent: true})
}

// act asks for one thing and returns the repair's newest record.
func (s *session) act(ctx context.Context, incident string, req api.RepairRequest) (api.RepairAttempt, error) {
	said := ""
	inc, err := s.svc.Repair(ctx, incident, req, func(e api.RepairEvent) {
		s.out.event(Event{
			Event: "repair", Repair: e.ID, State: string(e.State), Step: e.Step, Result: e.Result,
			Percent: e.Percent, What: e.What,
		})
		if s.out.mode != people || e.State == "" {
			return
		}
		text := s.t("cli.repair.state." + string(e.State))
		if e.Step != "" {
			text += " " + s.stepName(e.ID, e.Step)
		}
		if tenth := e.Percent / 10 * 10; tenth > 0 {
			text += " " + s.t("cli.repair.percent", "percent", strconv.Itoa(tenth))
		}
		if text != said { // a tenth more is worth a line, not each per cent
			s.out.note(text)
		}
		said = text
	})
	if err != nil {
		return api.RepairAttempt{}, err
	}
	for i := len(inc.Attempts) - 1; i >= 0; i-- {
		if inc.Attempts[i].ID == req.ID {
			return inc.Attempts[i], nil
		}
	}
	return api.RepairAttempt{}, api.NewError(api.CodeInternal, nil)
}

func (s *session) printAttempt(a api.RepairAttempt) error {
	solved := a.State == api.RepairSolved
	s.out.document(RepairDoc{Schema: schemaRepair, Solved: solved, Attempt: a})
	text := s.t("cli.repair.ended." + string(a.State))
	if a.Reason != "" && !solved {
		text += " " + s.named("repair.reason."+a.Reason, a.Reason)
	}
	s.out.say(strings.TrimSpace(text))
	for _, r := range a.After {
		s.out.item("- ", "  ", s.resultLine(r))
	}
	if a.State == api.RepairNeedsUser {
		s.tellRestart(a.Pending)
		s.pendingHint(a)
	}
	if a.State == api.RepairNeedsAdmin {
		s.out.say(s.t("cli.repair.needs_admin"))
	}
	if solved || a.State == api.RepairUndone {
		return nil
	}
	return errNotDone
}

func (s *session) repairName(id string) string { return s.named("repair."+id+".name", id) }

func (s *session) stepName(id, step string) string { return s.named("repair."+id+"."+step, step) }
