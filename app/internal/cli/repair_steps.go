package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"balise/app/internal/ipc/api"
)

// repair runs a repair to its end or to the step that nobody here can decide. chosen are the IDs of --choice.
func (s *session) repair(
	ctx context.Context, inc api.Incident, id string, chosen []string,
) (api.RepairAttempt, error) {
	run := api.RepairRequest{ID: id, Action: actionRun, Consent: true}
	for _, r := range slices.Concat(inc.Repairs, inc.OtherRepairs) {
		at := slices.IndexFunc(r.Steps, func(st api.RepairStep) bool { return st.Choose != "" })
		if r.ID == id && at >= 0 {
			run.Choice = among(r.Steps[at], chosen)
		}
	}
	if len(chosen) > 0 && len(run.Choice) == 0 {
		run.Choice = chosen // the agent says what is wrong with it
	}
	attempt, err := s.act(ctx, inc.ID, run)
	for err == nil && attempt.State == api.RepairNeedsUser && attempt.Pending != nil {
		var req api.RepairRequest
		var going bool
		if req, going, err = s.decide(ctx, id, *attempt.Pending, chosen); err != nil || !going {
			return attempt, err
		}
		attempt, err = s.act(ctx, inc.ID, req)
	}
	if err != nil || attempt.State != api.RepairNotSolved {
		return attempt, err
	}
	return s.offerUndo(ctx, inc.ID, id, attempt)
}

// decide asks the person at the terminal about a step. going is false where nobody here can decide it.
func (s *session) decide(
	ctx context.Context, id string, step api.RepairStep, chosen []string,
) (req api.RepairRequest, going bool, err error) {
	req = api.RepairRequest{ID: id, Action: actionContinue, Consent: true}
	if step.Kind == api.StepWait {
		if !s.p.Terminal {
			return req, false, nil
		}
		s.tellRestart(&step)
		off, err := s.ask(ctx, s.t("cli.repair.ask_call_off"))
		return api.RepairRequest{ID: id, Action: actionCancel}, off, err
	}
	if step.Choose != "" && len(step.Choices) > 0 {
		if req.Choice = among(step, chosen); len(req.Choice) == 0 {
			if !s.p.Terminal {
				return req, false, nil
			}
			s.explainStep(id, api.RepairStep{ID: step.ID, Items: step.Items, Elevated: step.Elevated})
			req.Choice, err = s.pick(ctx, step)
			if err != nil || len(req.Choice) == 0 {
				return api.RepairRequest{ID: id, Action: actionCancel}, true, err
			}
		}
		if step.Kind != api.StepConfirm {
			return req, true, nil // choosing is the yes
		}
	}
	if !s.p.Terminal {
		return req, false, nil
	}
	question := s.t("cli.repair.ask_step")
	if step.Risk == api.RepairNoUndo {
		question = s.t("cli.repair.ask_for_good")
	}
	switch step.Kind {
	case api.StepManual:
		question = s.t("cli.repair.ask_manual")
	case api.StepAsk:
		question = s.t("cli.repair.ask_helped")
	}
	s.explainStep(id, step)
	yes, err := s.ask(ctx, question)
	switch {
	case step.Kind == api.StepAsk:
		req = api.RepairRequest{ID: id, Action: actionSays, Says: map[bool]string{true: "yes", false: "no"}[yes]}
	case !yes:
		req = api.RepairRequest{ID: id, Action: actionCancel}
	}
	return req, true, err
}

// among are those of --choice that a step offers.
func among(step api.RepairStep, chosen []string) (ids []string) {
	for _, c := range step.Choices {
		if slices.Contains(chosen, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// pick lets the person choose by number. An empty line takes what Balise would pick; what is no number of the list
// picks nothing.
func (s *session) pick(ctx context.Context, step api.RepairStep) (ids []string, err error) {
	for i, c := range step.Choices {
		mark := " "
		if c.Chosen {
			mark = "*"
			ids = append(ids, c.ID)
		}
		s.out.noteItem(mark+" "+strconv.Itoa(i+1)+". ", "     ", s.choiceLine(c))
	}
	question := s.t("cli.repair.pick_one")
	if step.Choose == "many" {
		question = s.t("cli.repair.pick_many")
	}
	s.out.prompt(question + " ")
	line, err := s.readLine(ctx)
	if err != nil {
		return nil, err
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\r' })
	if len(words) == 0 {
		return ids, nil
	}
	ids = nil
	for _, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n > len(step.Choices) {
			return nil, nil
		}
		if id := step.Choices[n-1].ID; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// choiceLine is one choice as people read it, with its ID for --choice.
func (s *session) choiceLine(c api.RepairChoice) string {
	text := s.named("repair.item."+c.Label, c.Label)
	if c.Detail != "" {
		text += " (" + s.named("repair.detail."+c.Detail, c.Detail) + ")"
	}
	if c.Bytes > 0 {
		text = s.labelled(text, s.size(c.Bytes))
	}
	return text + " [" + c.ID + "]"
}

// pendingHint says how to go on with a repair that waits.
func (s *session) pendingHint(a api.RepairAttempt) {
	switch {
	case a.Pending != nil && a.Pending.Kind == api.StepWait:
		s.out.say(s.t("cli.repair.waits"))
	case a.Pending != nil && a.Pending.Choose != "":
		s.out.say(s.t("cli.repair.needs_choice"))
		for _, c := range a.Pending.Choices {
			s.out.item("- ", "  ", s.choiceLine(c))
		}
	case !s.p.Terminal:
		s.out.say(s.t("cli.repair.needs_terminal"))
	}
}

// runRepairHistory is `balise repair history`.
func runRepairHistory(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	h, err := s.svc.RepairHistory(ctx)
	if err != nil {
		return err
	}
	s.out.document(RepairHistoryDoc{Schema: schemaHistory, RepairHistory: h})
	if len(h.Attempts) == 0 {
		s.out.say(s.t("cli.repair.history.none"))
		return nil
	}
	for _, a := range h.Attempts {
		text := s.when(a.Started) + "  " + s.labelled(s.repairName(a.ID), s.t("cli.repair.history."+a.Outcome)) + "."
		if a.Reason != "" && a.Outcome != "solved" {
			text += " " + s.named("repair.reason."+a.Reason, a.Reason)
		}
		if a.Escalated {
			text += " " + s.t("cli.repair.history.was_escalated")
		}
		s.out.item("- ", "  ", text)
	}
	c := h.Counts
	for _, line := range []struct {
		key string
		n   int
	}{
		{"tried", c.Tried},
		{"solved", c.Solved},
		{"not_solved", c.NotSolved},
		{"undone", c.Undone},
		{"abandoned", c.Abandoned},
		{"needs_admin", c.NeedsAdmin},
		{"open", c.Open},
		{"escalated", c.Escalated},
	} {
		s.out.say(s.t("cli.repair.history.count."+line.key, "n", strconv.Itoa(line.n)))
	}
	return nil
}
