package ui

import (
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
	var others []api.RepairInfo
	solved, offered := false, false
	for _, info := range f.repairs() {
		a := f.attempt(info.ID)
		if a != nil && (a.State == api.RepairSolved || a.UserSays == "yes") {
			solved = true
		}
		// One thing at a time: what was tried or runs, and the best of the rest.
		if tried := a != nil || f.repairID == info.ID; tried || !offered {
			offered = offered || !tried
			cards.add(r.card(info))
			continue
		}
		others = append(others, info)
	}
	if len(others) > 0 && !solved {
		cards.add(r.others(others))
	}
	if len(cards) == 0 {
		cards.add(widgets.Body(r.u.tr("repair.none")))
	}
	fill(r.main, cards...)
	r.done.Hidden = !solved
	r.u.shell.footer.Refresh()
	r.u.shell.refresh()
	r.focus(solved)
}

// others are repairs that can be tried too, folded: whoever is under stress reads one at a time.
func (r *repairs) others(list []api.RepairInfo) object {
	first := r.first
	fold := widgets.NewFold(r.u.inPage, r.u.t.N("window.repair.others", len(list)), func() object {
		var cards objects
		for _, info := range list {
			cards.add(r.card(info))
		}
		return stack(cards...)
	})
	r.first = first
	return fold
}

// focus moves the keyboard: the button that was pressed is gone, it goes to what is to be decided now.
func (r *repairs) focus(solved bool) {
	f := r.u.flow
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

// item is one thing that a repair would touch, with its size.
func (u *UI) item(i api.RepairItem) string {
	name := widgets.Line(i.Label)
	if key := "repair.item." + i.Label; u.t.Has(key) {
		name = u.t.T(key)
	}
	switch {
	case i.Bytes > 0 && i.Files > 0:
		return u.t.N("window.repair.item_files", i.Files, "name", name, "size", u.size(i.Bytes))
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
