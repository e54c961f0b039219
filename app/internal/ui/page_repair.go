package ui

import (
	"errors"
	"net/url"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildRepair offers the repairs, one card each. Nothing is done without the button that says so.
func (u *UI) buildRepair(s *scope) *page {
	r := &repairs{u: u, main: stack()}
	p := &page{escape: func() { u.go_(route{name: pageVerdict}) }}
	back := widgets.NewButton(u.outPage, widgets.Secondary, u.t.T("button.back"), p.escape)
	r.report = widgets.NewButton(u.outPage, widgets.Secondary, u.tr("verdict.report_anyway"),
		func() { u.go_(route{name: pageReview}) })
	r.done = widgets.NewButton(u.outPage, widgets.Primary, u.tr("repair.done"), func() {
		u.flow.drop()
		u.go_(route{name: pageDescribe})
	})
	r.done.Hide()
	p.body = objects{widgets.Title(u.tr("repair.title")), widgets.Muted(u.tr("repair.intro")), r.main}
	p.foot = objects{back, r.report, r.done}
	u.flow.changed = r.refresh
	r.refresh()
	if r.first != nil {
		p.focus = r.first
	}
	return p
}

type repairs struct {
	u            *UI
	main         *containerT
	report, done *widgets.Button
	first        *widgets.Button // where the keyboard goes
	was          string
}

func (r *repairs) refresh() {
	f := r.u.flow
	r.first = nil
	var cards objects
	solved := false
	for _, info := range f.repairs() {
		cards.add(r.card(info))
		if a := f.attempt(info.ID); a != nil && (a.State == api.RepairSolved || a.UserSays == "yes") {
			solved = true
		}
	}
	if len(cards) == 0 {
		cards.add(widgets.Body(r.u.tr("repair.none")))
	}
	fill(r.main, cards...)
	r.done.Hidden = !solved
	r.u.shell.footer.Refresh()
	r.u.shell.refresh()
	// The button that was pressed is gone: the keyboard goes to what is to be decided now.
	now := f.repairID + string(f.progress.State)
	if a := f.attempt(f.repairID); a != nil && !f.fixing {
		now += string(a.State) + a.UserSays
	}
	to := r.first
	if a := f.attempt(f.repairID); solved && a != nil && a.UserSays == "yes" {
		to = r.done // never on the button that would take back what helped
	}
	if to != nil && now != r.was && r.u.at.name == pageRepair {
		r.u.win.Canvas().Focus(to)
	}
	r.was = now
}

// button is a button of a card; the first of a page gets the keyboard.
func (r *repairs) button(rank widgets.Rank, text string, req api.RepairRequest) *widgets.Button {
	b := widgets.NewButton(r.u.inPage, rank, text, func() { r.u.flow.repair(req) })
	if r.first == nil {
		r.first = b
	}
	return b
}

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

// refused says why a repair did not start. Most often it ran a short while ago.
func (r *repairs) refused() object {
	var e *api.Error
	if errors.As(r.u.flow.fixErr, &e) && e.Code == api.CodeConflict {
		return widgets.NewPanel(widgets.ToneInfo, widgets.Heading(r.u.tr("repair.not_now")),
			widgets.Body(r.u.tr("repair.not_now_next")))
	}
	return r.u.problem(r.u.flow.fixErr, nil)
}

// terms says how long it takes, what it risks, and what it would touch.
func (r *repairs) terms(info api.RepairInfo) objects {
	u := r.u
	out := objects{widgets.Muted(u.repairText(info.ID, "duration")), widgets.Muted(u.repairText(info.ID,
		"risk"))}
	for _, s := range info.Steps {
		for _, item := range s.Items {
			out.add(widgets.Body(u.item(item)))
		}
	}
	return out
}

func (r *repairs) offer(info api.RepairInfo) object {
	b := r.button(widgets.Primary, r.u.tr("repair.do"), api.RepairRequest{
		ID: info.ID, Action: "run",
		Consent: true,
	})
	if r.u.flow.fixing {
		b.Disable()
	}
	return row(b)
}

func (r *repairs) running(info api.RepairInfo) objects {
	e := r.u.flow.progress
	text := r.u.tr("repair.running")
	if e.Step != "" {
		text = r.u.repairText(info.ID, e.Step)
	}
	if e.State == api.RepairVerifying {
		text = r.u.tr("repair.verifying")
	}
	out := objects{busy(text)}
	if e.Result != nil {
		out.add(widgets.NewStatusLine(string(e.Result.Status), r.u.t.Check(e.Result.ID),
			r.u.statusWord(string(e.Result.Status))))
	}
	return out
}

// pending is a step that waits for the user: a yes of its own for what cannot be undone, or a page.
func (r *repairs) pending(info api.RepairInfo, a *api.RepairAttempt) objects {
	u, step := r.u, a.Pending
	if step.Kind == api.StepManual {
		ask := objects{widgets.Body(u.repairText(info.ID, step.ID))}
		host := hostOf(step.URL)
		if step.URL != "" && host == "" {
			return append(ask, widgets.Body(u.tr("link.refused")))
		}
		text := u.tr("repair.go_on")
		if host != "" {
			text = u.tr("repair.open", "host", host)
		}
		ask.add(row(r.button(widgets.Primary, text, api.RepairRequest{
			ID: info.ID, Action: "continue",
			Consent: true,
		}),
			r.button(widgets.Secondary, u.tr("repair.leave"), api.RepairRequest{
				ID:     info.ID,
				Action: "cancel",
			})))
		return objects{widgets.NewPanel(widgets.ToneInfo, ask...)}
	}
	ask := objects{widgets.Heading(u.repairText(info.ID, step.ID))}
	var total int64
	for _, item := range step.Items {
		ask.add(widgets.Body(u.item(item)))
		total += item.Bytes
	}
	yes := u.tr("repair.confirm")
	if total > 0 {
		yes = u.tr("repair.confirm_size", "size", u.size(total))
	}
	// The harmless answer has the keyboard.
	no := r.button(widgets.Secondary, u.tr("repair.keep"), api.RepairRequest{ID: info.ID, Action: "cancel"})
	go_ := r.button(widgets.Danger, yes, api.RepairRequest{ID: info.ID, Action: "continue", Consent: true})
	out := objects{widgets.NewPanel(widgets.ToneWarn, append(ask, widgets.Body(u.tr("repair.no_undo")),
		row(no, go_))...)}
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
	for i, after := range a.After {
		before := ""
		if i < len(a.Before) {
			before = u.statusWord(string(a.Before[i].Status))
		}
		out.add(widgets.NewStatusLine(string(after.Status), u.t.Check(after.ID),
			u.statusWord(string(after.Status))),
			widgets.Muted(u.tr("repair.before_after", "before", before, "after",
				u.statusWord(string(after.Status)))))
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

// item is one thing that a repair would touch, with its size.
func (u *UI) item(i api.RepairItem) string {
	name := widgets.Line(i.Label)
	if key := "repair.item." + i.Label; u.t.Has(key) {
		name = u.t.T(key)
	}
	switch {
	case i.Bytes > 0 && i.Files > 0:
		return u.tr("repair.item_files", "name", name, "size", u.size(i.Bytes), "n", i.Files)
	case i.Bytes > 0:
		return u.tr("files.one", "name", name, "size", u.size(i.Bytes))
	}
	return name
}

// repairText is a repair's text; those of the repairs themselves live beside the repairs' codes.
func (u *UI) repairText(id, part string) string { return u.t.T("repair." + id + "." + part) }

// hostOf is the host of an address that may be opened, or nothing.
func hostOf(address string) string {
	w, err := url.Parse(address)
	if err != nil || (w.Scheme != "http" && w.Scheme != "https") {
		return ""
	}
	return widgets.Line(w.Host)
}
