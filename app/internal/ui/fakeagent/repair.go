package fakeagent

import (
	"context"
	"slices"

	"balise/app/internal/ipc/api"
)

// RepairHistory is empty: the pages do not show it.
func (a *Agent) RepairHistory(context.Context) (api.RepairHistory, error) {
	return api.RepairHistory{}, nil
}

// Repair implements api.Service: the clean-up moves files, asks again before it deletes them, and then the
// self-test turns.
func (a *Agent) Repair(ctx context.Context, id string, req api.RepairRequest, on func(api.RepairEvent)) (
	api.Incident, error,
) {
	if req.Action != "user_says" && req.Action != "cancel" && !req.Consent {
		return api.Incident{}, api.NewError(api.CodeConsent, nil)
	}
	if a.Fix != nil {
		return a.fix(ctx, id, req, on)
	}
	on(api.RepairEvent{ID: req.ID, State: api.RepairRunning, Step: "collect"})
	if err := a.enter(ctx, "Repair"); err != nil {
		return api.Incident{}, err
	}
	a.Lock()
	defer a.Unlock()
	a.RepairIn = append(a.RepairIn, req)
	inc := a.open(id, false)
	at := slices.IndexFunc(inc.Attempts, func(t api.RepairAttempt) bool { return t.ID == req.ID })
	if at < 0 {
		inc.Attempts = append(inc.Attempts, api.RepairAttempt{ID: req.ID, Ref: "r1", Started: Clock()})
		at = len(inc.Attempts) - 1
	}
	inc.Attempts = slices.Clone(inc.Attempts)
	t := &inc.Attempts[at]
	before := []api.Result{{ID: "disk.space", Status: api.CheckFail}}
	switch req.Action {
	case "run":
		t.State, t.CanUndo, t.Before = api.RepairNeedsUser, true, before
		t.Pending = &api.RepairStep{ID: "delete", Kind: api.StepConfirm, Risk: "no_undo", Items: items()}
	case "continue":
		t.State, t.CanUndo, t.Pending = api.RepairSolved, false, nil
		t.After = []api.Result{{ID: "disk.space", Status: api.CheckPass}}
	case "cancel":
		t.State, t.Pending, t.CanUndo = api.RepairNotSolved, nil, true
		t.After = before
	case "undo":
		t.State, t.Pending, t.CanUndo = api.RepairUndone, nil, false
	case "user_says":
		t.UserSays = req.Says
	}
	return *inc, nil
}

func (a *Agent) fix(ctx context.Context, id string, req api.RepairRequest, on func(api.RepairEvent)) (
	api.Incident, error,
) {
	a.Lock()
	a.RepairIn = append(a.RepairIn, req)
	inc := a.open(id, false)
	inc.Attempts = slices.Clone(inc.Attempts)
	a.Fix(inc, req, on)
	a.Unlock()
	err := a.enter(ctx, "Repair")
	a.Lock()
	defer a.Unlock()
	return *inc, err
}

// Attempt is the attempt of a repair, made when there is none.
func Attempt(inc *api.Incident, id string) *api.RepairAttempt {
	at := slices.IndexFunc(inc.Attempts, func(t api.RepairAttempt) bool { return t.ID == id })
	if at < 0 {
		inc.Attempts = append(inc.Attempts, api.RepairAttempt{ID: id, Ref: "r-" + id, Started: Clock()})
		at = len(inc.Attempts) - 1
	}
	return &inc.Attempts[at]
}

// Mute fills an incident with a loudspeaker that is muted, and the repairs for it.
func Mute(inc *api.Incident) {
	inc.Results = results()
	for i := range inc.Results {
		inc.Results[i].Status, inc.Results[i].Cause = api.CheckPass, ""
		if inc.Results[i].ID == "av.output" {
			inc.Results[i].Status, inc.Results[i].Cause = api.CheckFail, "av.output/muted"
		}
	}
	inc.Diagnosis = &api.Diagnosis{
		Cause: "av.output/muted", Confidence: "confirmed", Root: "av.output", Actor: "you", Category: "workstation",
		Level: 1, Impact: "user", Urgency: "medium", RuledOut: []string{"internet", "disk"},
		Repairs: []string{"audio.unmute", "audio.restart", "restart.pc"},
	}
	inc.Repairs = []api.RepairInfo{
		{
			ID: "audio.unmute", Verifies: []string{"av.output"}, Risk: "undo", CostS: 2, Available: true, AsksUser: true,
			Steps: []api.RepairStep{{ID: "unmute", Kind: "auto", Risk: "undo", Choose: "one", Choices: []api.RepairChoice{
				{ID: "s1", Label: "Built-in Audio"}, {ID: "s2", Label: "USB Headset <b>", Chosen: true},
			}}},
		},
		{
			ID: "audio.restart", Verifies: []string{"av.output"}, Risk: "none", CostS: 5, Available: true,
			Steps: []api.RepairStep{{ID: "restart", Kind: "auto", Risk: "none"}},
		},
		{
			ID: "restart.pc", Verifies: []string{"av.output"}, Risk: "none", CostS: 300, Available: true,
			Steps: []api.RepairStep{{ID: "schedule", Kind: "confirm", Risk: "undo", Elevated: true}},
		},
	}
}

func items() []api.RepairItem {
	return []api.RepairItem{
		{Label: "trash", Bytes: 2_400_000_000, Files: 312},
		{Label: "thumbnails", Bytes: 184_000_000, Files: 5210},
	}
}

// Review implements api.Service.
func (a *Agent) Review(ctx context.Context, id string, in api.Input) (api.Review, error) {
	a.Lock()
	a.ReviewIn = append(a.ReviewIn, in)
	a.Unlock()
	if err := a.enter(ctx, "Review"); err != nil {
		return api.Review{}, err
	}
	a.Lock()
	defer a.Unlock()
	return review(id, in), nil
}

// Send implements api.Service.
func (a *Agent) Send(ctx context.Context, id string, in api.Input) (api.Sent, error) {
	if err := a.enter(ctx, "Send"); err != nil {
		return api.Sent{}, err
	}
	a.Lock()
	defer a.Unlock()
	a.SentIn = append(a.SentIn, in)
	sent := a.Result
	sent.Ref = id
	return sent, nil
}
