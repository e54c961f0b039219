package widgets

import (
	"image/color"
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// Rank says how much a button asks to be pressed. A page has at most one Primary.
type Rank int

// The ranks.
const (
	Secondary Rank = iota
	Primary
	Danger
	Quiet // looks like a link
	Flat  // looks like a line of text: the head of something that unfolds
)

// Button is a button that Enter and Space press, with a ring when the keyboard is on it.
type Button struct {
	widget.BaseWidget
	Text  string
	Icon  fyne.Resource
	Rank  Rank
	OnTap func()

	host     *Host
	focused  bool
	hovered  bool
	disabled bool
	left     bool
}

var (
	_ fyne.Focusable    = (*Button)(nil)
	_ fyne.Tappable     = (*Button)(nil)
	_ fyne.Disableable  = (*Button)(nil)
	_ fyne.Shortcutable = (*Button)(nil)
	_ desktop.Hoverable = (*Button)(nil)
)

// NewButton makes a button.
func NewButton(h *Host, rank Rank, text string, tap func()) *Button {
	b := &Button{Text: text, Rank: rank, OnTap: tap, host: h}
	b.ExtendBaseWidget(b)
	return b
}

// AlignLeading puts the text at the left instead of the middle.
func (b *Button) AlignLeading() *Button { b.left = true; return b }

// WithIcon puts an icon before the text.
func (b *Button) WithIcon(r fyne.Resource) *Button { b.Icon = r; return b }

// SetText changes the text.
func (b *Button) SetText(s string) {
	if b.Text != s {
		b.Text = s
		b.Refresh()
	}
}

// Tapped presses the button.
func (b *Button) Tapped(*fyne.PointEvent) {
	if !b.disabled && b.OnTap != nil {
		b.OnTap()
	}
}

// FocusGained draws the ring.
func (b *Button) FocusGained() { b.focused = true; b.Refresh(); b.host.focused(b) }

// FocusLost removes the ring.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune does nothing: Space arrives as a key.
func (b *Button) TypedRune(rune) {}

// TypedKey presses the button on Enter and Space.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.Tapped(nil)
	default:
		b.host.key(e)
	}
}

// TypedShortcut hands on what has a modifier.
func (b *Button) TypedShortcut(s fyne.Shortcut) { b.host.shortcut(s) }

// MouseIn lightens the button.
func (b *Button) MouseIn(*desktop.MouseEvent) { b.hovered = true; b.Refresh() }

// MouseMoved does nothing.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends MouseIn.
func (b *Button) MouseOut() { b.hovered = false; b.Refresh() }

// Enable makes the button work.
func (b *Button) Enable() { b.setDisabled(false) }

// Disable makes it not work, visibly.
func (b *Button) Disable() { b.setDisabled(true) }

// Disabled tells whether it works.
func (b *Button) Disabled() bool { return b.disabled }

func (b *Button) setDisabled(d bool) {
	if b.disabled != d {
		b.disabled = d
		b.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{
		b: b, ground: canvas.NewRectangle(nil), ring: canvas.NewRectangle(nil),
		text: canvas.NewText(b.Text, nil), icon: canvas.NewImageFromResource(nil),
	}
	r.icon.FillMode = canvas.ImageFillContain
	r.apply()
	return r
}

type buttonRenderer struct {
	b            *Button
	ground, ring *canvas.Rectangle
	text         *canvas.Text
	icon         *canvas.Image
}

const (
	buttonPadX   = 14
	buttonPadY   = 8
	buttonIcon   = 18
	buttonGap    = 8
	buttonRadius = 7
	ringWidth    = 2
	buttonHeight = 36 // also by finger, and by a hand that shakes
	// buttonMost is the widest text that a button asks room for: names from outside may be long.
	buttonMost = 360
)

func (r *buttonRenderer) pad() float32 {
	if r.b.Rank == Quiet || r.b.Rank == Flat {
		return buttonPadX / 2
	}
	return buttonPadX
}

func (r *buttonRenderer) MinSize() fyne.Size {
	s := r.measure(r.b.Text)
	s.Width = min(s.Width, buttonMost)
	if r.b.Icon != nil {
		s.Width += buttonIcon
		if r.b.Text != "" {
			s.Width += buttonGap
		}
	}
	return fyne.NewSize(s.Width+2*r.pad(), max(s.Height+2*buttonPadY, buttonHeight))
}

func (r *buttonRenderer) Layout(s fyne.Size) {
	r.ground.Resize(s)
	r.ring.Resize(s)
	r.text.Text = r.fit(s.Width - 2*r.pad() - r.iconWidth())
	t := r.text.MinSize()
	w := t.Width
	if r.b.Icon != nil {
		w += buttonIcon + buttonGap
	}
	x := (s.Width - w) / 2
	if r.b.left {
		x = r.pad()
	}
	if r.b.Icon != nil {
		r.icon.Resize(fyne.NewSquareSize(buttonIcon))
		r.icon.Move(fyne.NewPos(x, (s.Height-buttonIcon)/2))
		x += buttonIcon + buttonGap
	}
	r.text.Resize(t)
	r.text.Move(fyne.NewPos(x, (s.Height-t.Height)/2))
}

func (r *buttonRenderer) measure(text string) fyne.Size {
	return fyne.MeasureText(text, r.text.TextSize, r.text.TextStyle)
}

func (r *buttonRenderer) iconWidth() float32 {
	if r.b.Icon == nil {
		return 0
	}
	return buttonIcon + buttonGap
}

// fit is the text, or as much of it as there is room for.
func (r *buttonRenderer) fit(room float32) string {
	text := r.b.Text
	if r.measure(text).Width <= room+0.5 {
		return text
	}
	runes := []rune(text)
	n := sort.Search(len(runes),
		func(n int) bool { return r.measure(string(runes[:n+1])+ellipsis).Width > room })
	return string(runes[:n]) + ellipsis
}

const ellipsis = "\u2026"

func (r *buttonRenderer) colours() (ground, front color.Color) {
	c := colourOf(r.b)
	switch {
	case r.b.disabled && (r.b.Rank == Quiet || r.b.Rank == Flat):
		return color.Transparent, c(fynetheme.ColorNameDisabled)
	case r.b.disabled:
		return c(fynetheme.ColorNameDisabledButton), c(fynetheme.ColorNameDisabled)
	case r.b.Rank == Primary:
		return c(fynetheme.ColorNamePrimary), c(fynetheme.ColorNameForegroundOnPrimary)
	case r.b.Rank == Danger:
		return c(fynetheme.ColorNameError), c(fynetheme.ColorNameForegroundOnError)
	case r.b.Rank == Flat && r.b.hovered:
		return c(fynetheme.ColorNameHover), c(fynetheme.ColorNameForeground)
	case r.b.Rank == Flat:
		return color.Transparent, c(fynetheme.ColorNameForeground)
	case r.b.Rank == Quiet && r.b.hovered:
		return c(fynetheme.ColorNameHover), c(fynetheme.ColorNameHyperlink)
	case r.b.Rank == Quiet:
		return color.Transparent, c(fynetheme.ColorNameHyperlink)
	default:
		return c(fynetheme.ColorNameButton), c(fynetheme.ColorNameForeground)
	}
}

func (r *buttonRenderer) apply() {
	ground, front := r.colours()
	c := colourOf(r.b)
	r.ground.FillColor, r.ground.CornerRadius = ground, buttonRadius
	r.ground.StrokeColor, r.ground.StrokeWidth = color.Transparent, 0
	if r.b.hovered && !r.b.disabled && r.b.Rank != Quiet && r.b.Rank != Flat {
		r.ground.StrokeColor, r.ground.StrokeWidth = c(theme.ColorMuted), 1
	}
	r.ring.FillColor, r.ring.CornerRadius = color.Transparent, buttonRadius
	r.ring.StrokeColor, r.ring.StrokeWidth = color.Transparent, 0
	if r.b.focused {
		// On the filled ranks the ring must differ from the button itself, not only from the page.
		ring := c(theme.ColorRing)
		if !r.b.disabled && (r.b.Rank == Primary || r.b.Rank == Danger) {
			ring = front
		}
		r.ring.StrokeColor, r.ring.StrokeWidth = ring, ringWidth
		if ring == front {
			r.ground.StrokeColor, r.ground.StrokeWidth = c(theme.ColorRing), 1
		}
	}
	r.text.Color = front
	r.text.TextSize = r.b.Theme().Size(fynetheme.SizeNameText)
	r.text.TextStyle = fyne.TextStyle{Bold: r.b.Rank != Quiet && r.b.Rank != Flat}
	r.icon.Resource = nil
	if r.b.Icon != nil {
		r.icon.Resource = tinted(r.b.Icon, front)
	}
	r.icon.Hidden = r.b.Icon == nil
}

func (r *buttonRenderer) Refresh() {
	r.apply()
	r.Layout(r.b.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	// The ring lies inside the edge, so that a clip at the edge of a scroller cannot hide it.
	return []fyne.CanvasObject{r.ground, r.icon, r.text, r.ring}
}

func (r *buttonRenderer) Destroy() {}
