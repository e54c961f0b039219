package ui

import (
	"slices"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// picker lets the user pick among a step's choices. What was picked outlives the page's drawing: it stands in the
// flow.
type picker struct {
	u     *UI
	key   string
	step  api.RepairStep
	boxes []*widgets.Check
	yes   *widgets.Button // what goes on with the choice
	busy  bool
}

func newPicker(u *UI, repair string, step api.RepairStep) *picker {
	p := &picker{u: u, key: repair + "/" + step.ID, step: step}
	if !p.offers() {
		return p
	}
	f := u.flow
	if f.picked == nil {
		f.picked = map[string][]string{}
	}
	if _, seen := f.picked[p.key]; !seen {
		f.picked[p.key] = nil
		for _, c := range step.Choices {
			if c.Chosen {
				f.picked[p.key] = append(f.picked[p.key], c.ID)
			}
		}
	}
	return p
}

func (p *picker) offers() bool { return p.step.Choose != "" && len(p.step.Choices) > 0 }

// chosen is what stands now, without what is no longer offered.
func (p *picker) chosen() []string {
	if !p.offers() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.u.flow.picked[p.key]), func(id string) bool {
		return !slices.ContainsFunc(p.step.Choices, func(c api.RepairChoice) bool { return c.ID == id })
	})
}

// guard makes a button wait for a choice.
func (p *picker) guard(yes *widgets.Button, busy bool) {
	p.yes, p.busy = yes, busy
	p.enable()
}

func (p *picker) enable() {
	if p.yes == nil {
		return
	}
	if p.busy || p.offers() && len(p.chosen()) == 0 {
		p.yes.Disable()
		return
	}
	p.yes.Enable()
}

// objects are the choices, a box each; where only one can be picked, ticking one clears the others.
func (p *picker) objects() objects {
	if !p.offers() {
		return nil
	}
	how := "repair.pick_many"
	if p.step.Choose == "one" {
		how = "repair.pick_one"
	}
	out := objects{widgets.Heading(p.u.tr(how))}
	on := p.chosen()
	for _, c := range p.step.Choices {
		id := c.ID
		box := widgets.NewCheck(p.u.inPage, p.u.choice(c), slices.Contains(on, id), func(ticked bool) { p.set(id, ticked) })
		p.boxes = append(p.boxes, box)
		out.add(box)
	}
	return out
}

func (p *picker) set(id string, ticked bool) {
	f := p.u.flow
	now := slices.DeleteFunc(p.chosen(), func(have string) bool { return have == id })
	if ticked && p.step.Choose == "one" {
		now = nil
	}
	if ticked {
		now = append(now, id)
	}
	f.picked[p.key] = now
	if ticked && p.step.Choose == "one" {
		for i, c := range p.step.Choices {
			if c.ID != id && i < len(p.boxes) && p.boxes[i].Checked {
				p.boxes[i].Checked = false // not SetChecked: that would come back here
				p.boxes[i].Refresh()
			}
		}
	}
	p.enable()
}

// choice is one thing to pick, with what is known of it.
func (u *UI) choice(c api.RepairChoice) string {
	text := widgets.Line(c.Label)
	if key := "repair.item." + c.Label; u.t.Has(key) {
		text = u.t.T(key)
	}
	if key := "repair.detail." + c.Detail; c.Detail != "" && u.t.Has(key) {
		text = u.tr("repair.choice_detail", "name", text, "detail", u.t.T(key))
	}
	switch {
	case c.Bytes > 0:
		return u.tr("files.one", "name", text, "size", u.size(c.Bytes))
	case c.Percent > 0:
		return u.tr("repair.choice_percent", "name", text, "n", c.Percent)
	}
	return text
}
