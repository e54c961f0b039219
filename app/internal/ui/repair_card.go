package ui

import (
	"errors"
	"slices"

	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

func (r *repairs) card(info api.RepairInfo) object {
	u, f := r.u, r.u.flow
	parts := objects{widgets.Heading(u.repairText(info.ID, "title"))}
	a := f.attempt(info.ID)
	switch {
	case f.fixing && f.repairID == info.ID:
		parts.add(r.running(info)...)
	case f.repairID == info.ID && f.fixErr != nil:
		parts.add(r.refused(), r.offer(info))
	case a == nil || a.State == "" || a.State == "proposed":
		parts.add(widgets.Body(u.repairText(info.ID, "what")))
		parts.add(r.terms(info)...)
		parts.add(r.offer(info))
	case a.State == api.RepairNeedsUser && a.Pending != nil:
		parts.add(r.pending(info, a)...)
	default:
		parts.add(r.outcome(info, a)...)
	}
	return widgets.NewPanel(widgets.ToneCard, parts...)
}

// refused says why a repair did not start. That is no failure: nothing was changed.
func (r *repairs) refused() object {
	u, err := r.u, r.u.flow.fixErr
	var e *api.Error
	if !errors.As(err, &e) {
		return u.problem(err, nil)
	}
	what, next := u.explain(err)
	switch e.Code {
	case api.CodeConflict:
		what, next = u.tr("repair.not_now"), u.tr("repair.not_now_next")
		if key := "repair.why." + e.Args["why"]; e.Args["why"] != "" && u.t.Has(key) {
			next = u.t.T(key)
		}
	case api.CodeRepairBusy, api.CodeRepairCooldown, api.CodeRepairTooOften, api.CodeRepairChoice:
	default:
		return u.problem(err, nil)
	}
	parts := objects{widgets.Heading(what), widgets.Body(next)}
	if e.Code == api.CodeRepairBusy {
		parts.add(r.elsewhere()...)
	}
	return widgets.NewPanel(widgets.ToneInfo, parts...)
}

// elsewhere is the repair that another window or a command runs, step by step up to its end.
func (r *repairs) elsewhere() objects {
	u, e := r.u, r.u.flow.elsewhere
	if e.ID == "" {
		return nil // its next step says which one
	}
	parts := objects{widgets.Heading(u.repairText(e.ID, "name"))}
	if e.Attempt != nil {
		return append(parts, widgets.NewStatusLine(string(e.State), u.t.T("repair.state."+string(e.State)), ""))
	}
	return append(parts, r.progress(e)...)
}

// terms says how long it takes, what it risks, what it would touch, and its steps where there are several.
func (r *repairs) terms(info api.RepairInfo) objects {
	u := r.u
	out := objects{
		widgets.Muted(u.repairText(info.ID, "duration")), widgets.Muted(u.repairText(info.ID, "risk")),
	}
	elevated := false
	for i, s := range info.Steps {
		elevated = elevated || s.Elevated
		if len(info.Steps) > 1 {
			out.add(widgets.Body(u.tr("repair.step", "n", i+1, "step", u.repairText(info.ID, s.ID))))
		}
		for _, item := range shown(s) {
			out.add(widgets.Body(u.item(item)))
		}
	}
	if elevated {
		out.add(widgets.Muted(u.tr("repair.elevated")))
	}
	return out
}

// shown are a step's items that do not stand among its choices already.
func shown(s api.RepairStep) []api.RepairItem {
	return slices.DeleteFunc(slices.Clone(s.Items), func(it api.RepairItem) bool {
		return slices.ContainsFunc(s.Choices, func(c api.RepairChoice) bool { return c.Label == it.Label })
	})
}

// offer is the one button that begins a repair, under what the first step lets the user choose.
func (r *repairs) offer(info api.RepairInfo) object {
	var step api.RepairStep
	if len(info.Steps) > 0 {
		step = info.Steps[0]
	}
	pick := newPicker(r.u, info.ID, step)
	b := widgets.NewButton(r.u.inPage, widgets.Primary, r.u.tr("repair.do"), func() {
		r.u.flow.repair(api.RepairRequest{ID: info.ID, Action: "run", Consent: true, Choice: pick.chosen()})
	})
	pick.guard(b, r.u.flow.fixing)
	if r.first == nil {
		r.first = b
	}
	return stack(append(pick.objects(), row(b))...)
}

func (r *repairs) running(info api.RepairInfo) objects {
	e := r.u.flow.progress
	e.ID = info.ID
	return r.progress(e)
}

// progress is how far a repair is.
func (r *repairs) progress(e api.RepairEvent) objects {
	text := r.u.tr("repair.running")
	if e.Step != "" {
		text = r.u.repairText(e.ID, e.Step)
	}
	if e.State == api.RepairVerifying {
		text = r.u.tr("repair.verifying")
	}
	out := objects{busy(text)}
	if e.State == api.RepairRunning && e.Percent > 0 {
		out = objects{widgets.Body(text), progressBar(e.Percent)}
	}
	if e.What != "" {
		out.add(widgets.Muted(r.u.repairWord(e.What)))
	}
	if e.Result != nil {
		out.add(widgets.NewStatusLine(string(e.Result.Status), r.u.t.Check(e.Result.ID),
			r.u.statusWord(string(e.Result.Status))))
	}
	return out
}

// pending is a step that waits for the user: a yes of its own for what cannot be undone, a page to open, a
// question that only the user can answer, or a restart.
func (r *repairs) pending(info api.RepairInfo, a *api.RepairAttempt) objects {
	switch a.Pending.Kind {
	case api.StepManual:
		return r.manual(info, a.Pending)
	case api.StepAsk:
		return r.asks(info, a)
	case api.StepWait:
		return r.waits(info, a)
	}
	return r.confirms(info, a)
}

// manual is a step that the user does; a page of the web or of the settings helps.
func (r *repairs) manual(info api.RepairInfo, step *api.RepairStep) objects {
	u := r.u
	ask := objects{widgets.Body(u.repairText(info.ID, step.ID))}
	host := hostOf(step.URL)
	if step.URL != "" && host == "" {
		return append(ask, widgets.Body(u.tr("link.refused")))
	}
	text := u.tr("repair.go_on")
	switch {
	case host != "":
		text = u.tr("repair.open", "host", host)
	case step.Page != "":
		text = u.tr("repair.open_settings")
	}
	ask.add(row(r.button(widgets.Primary, text, api.RepairRequest{ID: info.ID, Action: "continue", Consent: true}),
		r.button(widgets.Secondary, u.tr("repair.leave"), api.RepairRequest{ID: info.ID, Action: "cancel"})))
	return objects{widgets.NewPanel(widgets.ToneInfo, ask...)}
}

// asks is a question whose answer is the proof: no test can hear a sound.
func (r *repairs) asks(info api.RepairInfo, a *api.RepairAttempt) objects {
	u := r.u
	says := func(word string) api.RepairRequest {
		return api.RepairRequest{ID: info.ID, Action: "user_says", Says: word}
	}
	parts := r.judged(a)
	parts.add(widgets.NewPanel(widgets.ToneInfo, widgets.Heading(u.repairText(info.ID, a.Pending.ID)),
		row(r.button(widgets.Primary, u.tr("yes"), says("yes")),
			r.button(widgets.Secondary, u.tr("no"), says("no")))))
	return parts
}

// waits is something that goes on without the window: a restart, above all.
func (r *repairs) waits(info api.RepairInfo, a *api.RepairAttempt) objects {
	u := r.u
	parts := objects{widgets.Body(u.repairText(info.ID, a.Pending.ID))}
	if at := a.Pending.Until; !at.IsZero() {
		parts = objects{
			widgets.Heading(u.tr("repair.restarts_at", "time", at.Local().Format("15:04"))),
			widgets.Body(u.tr("repair.save_now")),
		}
	}
	return objects{widgets.NewPanel(widgets.ToneWarn, append(parts, widgets.Muted(u.tr("repair.waits")),
		row(r.button(widgets.Secondary, u.tr("repair.call_off"), api.RepairRequest{ID: info.ID, Action: "cancel"})))...)}
}

// confirms is a step that wants a yes of its own.
func (r *repairs) confirms(info api.RepairInfo, a *api.RepairAttempt) objects {
	u, step := r.u, a.Pending
	ask := objects{widgets.Heading(u.repairText(info.ID, step.ID))}
	var total int64
	for _, item := range step.Items {
		total += item.Bytes
	}
	for _, item := range shown(*step) {
		ask.add(widgets.Body(u.item(item)))
	}
	pick := newPicker(u, info.ID, *step)
	ask.add(pick.objects()...)
	rank, yes, no := widgets.Danger, u.tr("repair.confirm"), u.tr("repair.keep")
	switch {
	case step.Risk != api.RepairNoUndo:
		rank, yes, no = widgets.Primary, u.tr("repair.do"), u.tr("repair.leave")
	case total > 0:
		yes = u.tr("repair.confirm_size", "size", u.size(total))
	}
	if step.Risk == api.RepairNoUndo {
		ask.add(widgets.Body(u.tr("repair.no_undo")))
	}
	if step.Elevated {
		ask.add(widgets.Muted(u.tr("repair.elevated")))
	}
	// The harmless answer has the keyboard.
	noButton := r.button(widgets.Secondary, no, api.RepairRequest{ID: info.ID, Action: "cancel"})
	yesButton := widgets.NewButton(u.inPage, rank, yes, func() {
		u.flow.repair(api.RepairRequest{ID: info.ID, Action: "continue", Consent: true, Choice: pick.chosen()})
	})
	pick.guard(yesButton, u.flow.fixing)
	tone := widgets.ToneInfo
	if step.Risk == api.RepairNoUndo {
		tone = widgets.ToneWarn
	}
	out := objects{widgets.NewPanel(tone, append(ask, row(noButton, yesButton))...)}
	if a.CanUndo {
		out.add(row(r.button(widgets.Quiet, u.tr("repair.undo"),
			api.RepairRequest{ID: info.ID, Action: "undo", Consent: true})))
	}
	return out
}

// outcome is what became of it: the same self-test before and after, and the user's own word.
func (r *repairs) outcome(info api.RepairInfo, a *api.RepairAttempt) objects {
	u := r.u
	out := objects{widgets.NewStatusLine(string(a.State), u.t.T("repair.state."+string(a.State)), "")}
	if key := "repair.reason." + a.Reason; a.Reason != "" && u.t.Has(key) {
		out.add(widgets.Body(u.t.T(key)))
	}
	out.add(r.judged(a)...)
	if a.State == api.RepairNeedsAdmin {
		out.add(widgets.Body(u.tr("repair.admin_next")))
	}
	says := func(word string) api.RepairRequest {
		return api.RepairRequest{ID: info.ID, Action: "user_says", Says: word}
	}
	var buttons objects
	switch a.UserSays {
	case "yes":
		out.add(widgets.Body(u.tr("repair.said_yes")))
	case "no":
		out.add(widgets.Body(u.tr("repair.said_no")))
	default:
		if a.State != api.RepairUndone && a.State != api.RepairNeedsAdmin {
			out.add(widgets.Heading(u.tr("repair.helped")))
			yes := widgets.Primary
			if a.State == api.RepairSolved {
				yes = widgets.Secondary // the page's own button says that it is solved
			}
			buttons.add(r.button(yes, u.tr("yes"), says("yes")),
				r.button(widgets.Secondary, u.tr("no"), says("no")))
		}
	}
	if a.CanUndo {
		buttons.add(r.button(widgets.Secondary, u.tr("repair.undo"),
			api.RepairRequest{ID: info.ID, Action: "undo", Consent: true}))
	}
	if a.State == api.RepairFailed || a.State == api.RepairUndone || a.State == api.RepairNeedsAdmin {
		buttons.add(r.button(widgets.Quiet, u.tr("repair.again"),
			api.RepairRequest{ID: info.ID, Action: "run", Consent: true}))
	}
	if len(buttons) > 0 {
		out.add(row(buttons...))
	}
	return out
}

// judged is what the same self-tests said before and after.
func (r *repairs) judged(a *api.RepairAttempt) objects {
	u := r.u
	var out objects
	for _, after := range a.After {
		out.add(widgets.NewStatusLine(string(after.Status), u.t.Check(after.ID), u.statusWord(string(after.Status))))
		for _, before := range a.Before {
			if before.ID == after.ID {
				out.add(widgets.Muted(u.tr("repair.before_after", "before", u.statusWord(string(before.Status)),
					"after", u.statusWord(string(after.Status)))))
			}
		}
	}
	return out
}

// repairWord is a code of a repair's progress in words, or a name as it is.
func (u *UI) repairWord(what string) string {
	if key := "repair.progress." + what; u.t.Has(key) {
		return u.t.T(key)
	}
	return widgets.Line(what)
}

// progressBar shows how far a long step is.
func progressBar(percent int) object {
	bar := widget.NewProgressBar()
	bar.Max = 100
	bar.SetValue(float64(percent))
	return bar
}
