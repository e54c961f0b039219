package ui

import (
	"image/color"
	"io/fs"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
	"balise/app/internal/ui/widgets"
	"balise/assets"
)

const (
	railWidth = 176
	textWidth = 720 // about ninety letters
	wideWidth = 1000
	margin    = 16
)

// shell is what stays round the pages: the rail at the left, the banner, the footer with what to do.
type shell struct {
	u      *UI
	root   *fyne.Container
	rail   *widgets.List
	banner *fyne.Container
	owner  *fyne.Container // whose support this is, at the foot of the rail
	holder *fyne.Container // of the page
	footer *fyne.Container
	scroll *container.Scroll
	scope  *scope // of the page that is open
	moving bool   // the rail's selection follows the page, not the user
}

type railItem struct{ page, icon, key string }

func railItems() []railItem {
	return []railItem{
		{pageDescribe, "nav-report", "nav.report"},
		{pageRequest, "nav-request", "nav.request"},
		{pageTickets, "nav-tickets", "nav.tickets"},
		{pageCheck, "nav-check", "nav.check"},
		{pageOutbox, "nav-outbox", "nav.outbox"},
		{pageTrust, "nav-trust", "nav.trust"},
		{pageSettings, "nav-settings", "nav.settings"},
	}
}

// railPage is the entry of the rail under which a page stands.
func railPage(name string) string {
	switch name {
	case pageVerdict, pageRepair, pageReview, pageSent:
		return pageDescribe
	case pageTicket:
		return pageTickets
	case pageSignIn:
		return pageSettings
	}
	return name
}

func newShell(u *UI) *shell {
	s := &shell{u: u, scope: u.life.child()}
	items := railItems()
	s.rail = widgets.NewList(u.outPage, func() int { return len(items) },
		func() fyne.CanvasObject {
			label := widget.NewLabel("")
			label.Truncation = fyne.TextTruncateEllipsis
			icon := widgets.NewIcon("nav-report", theme.ColorMuted, theme.ColorRail, 20)
			return container.NewBorder(nil, nil, container.NewHBox(widgets.Gap(1), icon), nil, label)
		},
		func(i int, o fyne.CanvasObject) { s.fillRail(items[i], o.(*fyne.Container)) },
		func(i int) {
			if !s.moving {
				u.openFromRail(items[i].page)
			}
		})
	s.rail.HideSeparators = true
	brand := widget.NewLabel(u.t.T("app.name"))
	brand.TextStyle = fyne.TextStyle{Bold: true}
	brand.SizeName = theme.SizeLead
	width := canvas.NewRectangle(color.Transparent)
	width.SetMinSize(fyne.NewSize(railWidth, 0))
	head := container.NewHBox(widgets.Gap(1), brandMark(30), brand)
	s.owner = container.NewVBox()
	rail := container.NewBorder(container.NewVBox(widgets.Gap(4), head), s.owner, nil, nil, s.rail)
	s.banner = container.NewVBox()
	s.holder = container.NewStack()
	s.footer = container.NewVBox()
	s.root = container.NewBorder(nil, nil,
		widgets.NewGround(theme.ColorRail, container.NewStack(width, rail)), nil,
		container.NewBorder(s.banner, s.footer, nil, nil, s.holder))
	return s
}

// fillRail fills one row: Border holds the centre first, then the left.
func (s *shell) fillRail(it railItem, row *fyne.Container) {
	text := s.u.tr(it.key)
	switch {
	case it.page == pageTickets && s.u.state.Unread > 0:
		text = s.u.tr("nav.count", "what", text, "n", s.u.state.Unread)
	case it.page == pageOutbox && s.u.state.Waiting+s.u.state.Refused > 0:
		text = s.u.tr("nav.count", "what", text, "n", s.u.state.Waiting+s.u.state.Refused)
	}
	label := row.Objects[0].(*widget.Label)
	label.TextStyle = fyne.TextStyle{Bold: it.page == railPage(s.u.at.name)}
	label.SetText(text)
	row.Objects[1].(*fyne.Container).Objects[1].(*widgets.Icon).Set(it.icon, fynetheme.ColorNamePrimary,
		theme.ColorRail)
}

func (s *shell) openScope() {
	s.scope.end()
	s.scope = s.u.life.child()
}

// show puts a page into the frame, the keyboard on what it names.
func (s *shell) show(p *page, name string) {
	width := float32(textWidth)
	if p.wide {
		width = wideWidth
	}
	s.scroll = container.NewVScroll(container.New(widgets.Column(width, margin),
		container.NewVBox(p.body...)))
	s.holder.Objects = []fyne.CanvasObject{s.scroll}
	s.holder.Refresh()
	s.setFooter(p.foot, width)
	s.setBanner()
	s.moving = true
	for i, it := range railItems() {
		if it.page == railPage(name) {
			s.rail.Select(i)
		}
	}
	s.moving = false
	s.rail.Refresh()
	c := s.u.win.Canvas()
	c.Unfocus()
	if p.focus != nil {
		c.Focus(p.focus)
	}
}

// focusFirst puts the keyboard on something, unless it is on something already: what a page shows may come
// long after the page, and nobody should lose their place to it.
func (u *UI) focusFirst(o object) {
	f, ok := o.(fyne.Focusable)
	if c := u.win.Canvas(); ok && c.Focused() == nil && len(c.Overlays().List()) == 0 {
		c.Focus(f)
	}
}

// refresh lays the open page out again after its parts changed.
func (s *shell) refresh() {
	if s.scroll != nil {
		s.scroll.Refresh()
	}
}

func (s *shell) setFooter(foot []fyne.CanvasObject, width float32) {
	s.footer.Objects = nil
	if len(foot) > 0 {
		row := container.New(widgets.Flow(true), foot...)
		s.footer.Objects = []fyne.CanvasObject{
			widget.NewSeparator(),
			container.New(widgets.Column(width, 10), row),
		}
	}
	s.footer.Refresh()
}

// setBanner says what holds for every page: a practice desk, a thing that the agent warns of.
func (s *shell) setBanner() {
	var lines objects
	if s.u.known && !s.u.gone {
		if s.u.state.Desk.Practice {
			lines.add(bannerLine(s.u.tr("banner.practice"), "note", fynetheme.ColorNamePrimary, theme.ColorInfoGround))
		}
		for _, code := range s.u.state.Warnings {
			if s.u.t.Has("error." + code + ".what") {
				what, _ := s.u.t.Error(code, nil)
				lines.add(bannerLine(what, "status-warn", fynetheme.ColorNameWarning, theme.ColorWarnGround))
			}
		}
	}
	fill(s.banner, lines...)
}

func bannerLine(text, drawing string, shape, ground fyne.ThemeColorName) object {
	icon := container.NewHBox(widgets.Gap(1), widgets.NewIcon(drawing, shape, ground, 18))
	return widgets.NewGround(ground, container.NewBorder(nil, nil, icon, nil, widgets.Caption(text)))
}

// brandMark is the program's own icon, the one that the task bar shows.
func brandMark(side float32) object {
	mark := canvas.NewImageFromResource(appIcon())
	mark.FillMode = canvas.ImageFillContain
	mark.SetMinSize(fyne.NewSquareSize(side))
	return mark
}

func appIcon() fyne.Resource {
	raw, err := fs.ReadFile(assets.FS, "icons/balise.png")
	if err != nil {
		return nil // a build without its icon still works
	}
	return fyne.NewStaticResource("balise.png", raw)
}

// openFromRail leaves the page for another; a report under way is kept and found again.
func (u *UI) openFromRail(name string) {
	if name == railPage(u.at.name) && name != pageDescribe {
		if u.at.name != name {
			u.go_(route{name: name})
		}
		return
	}
	if name == pageDescribe && u.at.name == pageSent {
		u.flow.reset()
	}
	u.go_(route{name: name})
}

func (u *UI) onKey(e *fyne.KeyEvent) {
	step := float32(0)
	if u.shell.scroll != nil {
		step = u.shell.scroll.Size().Height * 0.8
	}
	switch e.Name {
	case fyne.KeyEscape:
		if u.cur != nil && u.cur.escape != nil {
			u.cur.escape()
		}
	case fyne.KeyPageDown:
		u.scrollBy(step)
	case fyne.KeyPageUp:
		u.scrollBy(-step)
	case fyne.KeyDown:
		u.scrollBy(40)
	case fyne.KeyUp:
		u.scrollBy(-40)
	}
}

func (u *UI) scrollBy(d float32) {
	s := u.shell.scroll
	if s == nil {
		return
	}
	most := max(0, s.Content.MinSize().Height-s.Size().Height)
	s.Offset.Y = min(max(0, s.Offset.Y+d), most)
	s.Refresh()
}

// intoView scrolls to the widget that the keyboard is on, and once more when the page has been laid out: a
// wrapped text knows its height only then, and what is under it moves.
func (u *UI) intoView(o fyne.CanvasObject) {
	u.scrollTo(o)
	u.shell.scope.after(layoutTime, func() {
		if f, ok := u.win.Canvas().Focused().(fyne.CanvasObject); ok && f == o {
			u.scrollTo(o)
		}
	})
}

// layoutTime is a few frames.
const layoutTime = 120 * time.Millisecond

func (u *UI) scrollTo(o fyne.CanvasObject) {
	s := u.shell.scroll
	if s == nil || len(u.win.Canvas().Overlays().List()) > 0 {
		return
	}
	d := fyne.CurrentApp().Driver()
	top := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(s).Y
	room := s.Size().Height
	height := min(o.Size().Height, room-2*margin)
	if _, ok := o.(*widgets.Entry); ok {
		height = min(height, 80) // its head is enough: what stands above a text field should stay in view
	}
	switch {
	case top < margin:
		u.scrollBy(top - margin)
	case top+height > room-margin:
		u.scrollBy(top + height - room + margin)
	}
}

// addShortcuts makes the shortcuts work also where no widget has the keyboard.
func (u *UI) addShortcuts() {
	add := func(key fyne.KeyName, mod fyne.KeyModifier) {
		s := &desktop.CustomShortcut{KeyName: key, Modifier: mod}
		u.win.Canvas().AddShortcut(s, func(fyne.Shortcut) { u.onShortcut(s) })
	}
	add(fyne.KeyReturn, fyne.KeyModifierShortcutDefault)
	add(fyne.KeyEnter, fyne.KeyModifierShortcutDefault)
	add(fyne.KeyW, fyne.KeyModifierShortcutDefault)
	add(fyne.KeyLeft, fyne.KeyModifierAlt)
	for _, k := range railKeys() {
		add(k, fyne.KeyModifierShortcutDefault)
	}
}

func railKeys() []fyne.KeyName {
	return []fyne.KeyName{fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4, fyne.Key5, fyne.Key6, fyne.Key7}
}

func (u *UI) onShortcut(s *desktop.CustomShortcut) {
	switch {
	case s.KeyName == fyne.KeyLeft && s.Modifier == fyne.KeyModifierAlt:
		u.onKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	case s.Modifier != fyne.KeyModifierShortcutDefault:
	case s.KeyName == fyne.KeyReturn || s.KeyName == fyne.KeyEnter:
		if u.cur != nil && u.cur.primary != nil {
			u.cur.primary.Tapped(nil)
		}
	case s.KeyName == fyne.KeyW:
		u.close()
	default:
		for i, k := range railKeys() {
			if s.KeyName == k {
				u.openFromRail(railItems()[i].page)
			}
		}
	}
}
