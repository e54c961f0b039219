package ui

import (
	"image"

	"balise/app/internal/ui/widgets"
)

// picture is the part of the review about the screenshot: shown before use, sent only when ticked, with
// the parts that the user blacked out.
type picture struct {
	u       *UI
	root    *containerT
	list    *containerT
	shot    *widgets.Shot
	shown   image.Image
	changed func()
	empty   bool
}

func newPicture(u *UI, changed func()) *picture {
	return &picture{u: u, root: stack(), list: stack(), changed: changed}
}

func (p *picture) refresh() {
	u, f := p.u, p.u.flow
	switch {
	case f.picture == nil && f.pictureErr != nil:
		fill(p.root, u.problem(f.pictureErr, f.fetchPicture))
	case f.picture == nil && f.inc.ID != "" && !f.inc.HasScreenshot && !p.empty:
		p.empty = true
		p.none()
	case f.picture == nil || f.picture == p.shown:
		return
	default:
		p.shown = f.picture
		p.build()
	}
	u.shell.refresh()
}

// none says why there is no picture, and offers to take one where that is allowed and loses nothing.
func (p *picture) none() {
	u, f := p.u, p.u.flow
	var parts objects
	if why := f.inc.ScreenshotWhy; why != "" && u.t.Has("error."+why+".what") {
		what, _ := u.t.Error(why, nil)
		parts.add(widgets.Muted(what))
	}
	if u.state.Screenshot != "forbid" && u.state.ScreenshotWhy == "" && len(f.inc.Attempts) == 0 {
		parts.add(row(widgets.NewButton(u.inPage, widgets.Quiet, u.tr("picture.take"), f.capture)))
	}
	fill(p.root, parts...)
}

func (p *picture) build() {
	u, in := p.u, &p.u.flow.in
	p.shot = widgets.NewShot(u.inPage, p.shown, rectangles(in.Blackouts), p.onRects)
	add := widgets.NewButton(u.inPage, widgets.Secondary, u.tr("picture.add"), func() {
		p.shot.Add()
		u.win.Canvas().Focus(p.shot)
	})
	body := stack(widgets.Muted(u.tr("picture.how")), p.shot, row(add), p.list)
	body.Hidden = !in.Screenshot
	tick := widgets.NewCheck(u.inPage, u.tr("picture.send"), in.Screenshot, func(on bool) {
		in.Screenshot = on
		body.Hidden = !on
		u.shell.refresh()
		p.changed()
	})
	p.rows()
	fill(p.root, widgets.NewPanel(widgets.ToneCard, tick,
		widgets.Caption(u.tr("picture.why", "time", u.when(u.flow.inc.Opened))), body))
}

func (p *picture) onRects() {
	p.u.flow.in.Blackouts = rects(p.shot.Rects)
	p.rows()
	p.changed()
}

// rows lists the blacked-out parts, so that the keyboard and the eye find each of them.
func (p *picture) rows() {
	u := p.u
	var list objects
	for i, r := range p.shot.Rects {
		text := u.tr("picture.part", "n", i+1, "w", r.Dx(), "h", r.Dy())
		list.add(row(
			widgets.NewButton(u.inPage, widgets.Quiet, text, func() {
				p.shot.Select(i)
				u.win.Canvas().Focus(p.shot)
			}),
			widgets.NewButton(u.inPage, widgets.Quiet, u.tr("picture.remove", "n", i+1), func() {
				p.shot.Remove(i)
				u.win.Canvas().Focus(p.shot)
			}),
		))
	}
	fill(p.list, list...)
	u.shell.refresh()
}
