package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// Row is a card that is pressed as a whole: one line of a list. Tab, Enter and the mouse all reach it; the
// arrows are left to the page, which scrolls.
type Row struct {
	widget.BaseWidget
	OnTap func()

	host             *Host
	content          fyne.CanvasObject
	focused, hovered bool
}

var (
	_ fyne.Focusable    = (*Row)(nil)
	_ fyne.Tappable     = (*Row)(nil)
	_ desktop.Hoverable = (*Row)(nil)
)

// NewRow makes a row.
func NewRow(h *Host, content fyne.CanvasObject, tap func()) *Row {
	r := &Row{host: h, content: content, OnTap: tap}
	r.ExtendBaseWidget(r)
	return r
}

// Tapped presses the row.
func (r *Row) Tapped(*fyne.PointEvent) {
	if r.OnTap != nil {
		r.OnTap()
	}
}

// FocusGained draws the ring.
func (r *Row) FocusGained() { r.focused = true; r.Refresh(); r.host.focused(r) }

// FocusLost removes the ring.
func (r *Row) FocusLost() { r.focused = false; r.Refresh() }

// TypedRune does nothing: Space arrives as a key.
func (r *Row) TypedRune(rune) {}

// TypedKey presses the row on Enter and Space.
func (r *Row) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		r.Tapped(nil)
	default:
		r.host.key(e)
	}
}

// TypedShortcut hands on what has a modifier.
func (r *Row) TypedShortcut(s fyne.Shortcut) { r.host.shortcut(s) }

// MouseIn lights the row.
func (r *Row) MouseIn(*desktop.MouseEvent) { r.hovered = true; r.Refresh() }

// MouseMoved does nothing.
func (r *Row) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends MouseIn.
func (r *Row) MouseOut() { r.hovered = false; r.Refresh() }

// CreateRenderer implements fyne.Widget.
func (r *Row) CreateRenderer() fyne.WidgetRenderer {
	x := &rowRenderer{r: r, back: canvas.NewRectangle(nil), over: canvas.NewRectangle(nil)}
	x.apply()
	return x
}

type rowRenderer struct {
	r          *Row
	back, over *canvas.Rectangle
}

const rowPad = 4

func (x *rowRenderer) apply() {
	c := colourOf(x.r)
	x.back.CornerRadius, x.over.CornerRadius = 8, 8
	x.back.FillColor = c(theme.ColorSurface)
	x.over.FillColor = color.Transparent
	if x.r.hovered {
		x.over.FillColor = c(fynetheme.ColorNameHover)
	}
	x.over.StrokeColor, x.over.StrokeWidth = c(fynetheme.ColorNameSeparator), 1
	if x.r.focused {
		x.over.StrokeColor, x.over.StrokeWidth = c(theme.ColorRing), ringWidth
	}
}

func (x *rowRenderer) MinSize() fyne.Size {
	return x.r.content.MinSize().AddWidthHeight(2*rowPad, 2*rowPad)
}

func (x *rowRenderer) Layout(s fyne.Size) {
	x.back.Resize(s)
	x.over.Resize(s)
	x.r.content.Resize(s.SubtractWidthHeight(2*rowPad, 2*rowPad))
	x.r.content.Move(fyne.NewPos(rowPad, rowPad))
}

func (x *rowRenderer) Refresh() {
	x.apply()
	x.back.Refresh()
	x.over.Refresh()
	x.r.content.Refresh()
}

func (x *rowRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{x.back, x.r.content, x.over}
}

func (x *rowRenderer) Destroy() {}
