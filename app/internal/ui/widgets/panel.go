package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// Tone says what a panel is about. It is never told by colour alone: a toned panel has a shape at its
// head, and its text says it.
type Tone int

// The tones.
const (
	ToneCard Tone = iota
	ToneInfo
	ToneGood
	ToneWarn
	ToneBad
)

func (t Tone) ground() fyne.ThemeColorName {
	return [...]fyne.ThemeColorName{
		theme.ColorSurface, theme.ColorInfoGround, theme.ColorGoodGround, theme.ColorWarnGround,
		theme.ColorBadGround,
	}[t]
}

func (t Tone) edge() fyne.ThemeColorName {
	return [...]fyne.ThemeColorName{
		fynetheme.ColorNameSeparator, fynetheme.ColorNamePrimary, fynetheme.ColorNameSuccess,
		fynetheme.ColorNameWarning, fynetheme.ColorNameError,
	}[t]
}

func (t Tone) drawing() string {
	return [...]string{"", "note", "status-pass", "status-warn", "status-fail"}[t]
}

// Panel is a card: a ground with round corners, padded.
type Panel struct {
	widget.BaseWidget
	content fyne.CanvasObject
	tone    Tone
	pad     float32
	radius  float32
	ground  fyne.ThemeColorName
	edge    fyne.ThemeColorName
}

// NewPanel puts objects under each other on a card.
func NewPanel(tone Tone, objects ...fyne.CanvasObject) *Panel {
	var content fyne.CanvasObject = container.NewVBox(objects...)
	if len(objects) == 1 {
		content = objects[0]
	}
	if tone != ToneCard {
		icon := NewIcon(tone.drawing(), tone.edge(), tone.ground(), 22)
		content = container.NewBorder(nil, nil, container.NewVBox(gap(4), icon), nil, content)
	}
	p := &Panel{content: content, tone: tone, pad: 10, radius: 10}
	p.ExtendBaseWidget(p)
	return p
}

// NewGround puts content on a plain ground of a colour, without edge or padding.
func NewGround(c fyne.ThemeColorName, content fyne.CanvasObject) *Panel {
	p := &Panel{content: content, ground: c}
	p.ExtendBaseWidget(p)
	return p
}

// Framed puts an edge round a choice, which Fyne draws without one: on a card it would not be seen.
func Framed(content fyne.CanvasObject) *Panel {
	p := &Panel{
		content: content, ground: fynetheme.ColorNameInputBackground,
		edge: fynetheme.ColorNameInputBorder, pad: 1, radius: 6,
	}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer {
	r := &panelRenderer{p: p, back: canvas.NewRectangle(nil)}
	r.apply()
	return r
}

type panelRenderer struct {
	p    *Panel
	back *canvas.Rectangle
}

func (r *panelRenderer) apply() {
	c := colourOf(r.p)
	r.back.CornerRadius = r.p.radius
	if r.p.ground != "" {
		r.back.FillColor, r.back.StrokeColor = c(r.p.ground), color.Transparent
		if r.p.edge != "" {
			r.back.StrokeColor, r.back.StrokeWidth = c(r.p.edge), 1
		}
		return
	}
	r.back.FillColor, r.back.StrokeColor, r.back.StrokeWidth = c(r.p.tone.ground()), c(r.p.tone.edge()), 1
}

func (r *panelRenderer) MinSize() fyne.Size {
	return r.p.content.MinSize().AddWidthHeight(2*r.p.pad, 2*r.p.pad)
}

func (r *panelRenderer) Layout(s fyne.Size) {
	r.back.Resize(s)
	r.p.content.Resize(s.SubtractWidthHeight(2*r.p.pad, 2*r.p.pad))
	r.p.content.Move(fyne.NewPos(r.p.pad, r.p.pad))
}

func (r *panelRenderer) Refresh() {
	r.apply()
	r.back.Refresh()
	r.p.content.Refresh()
}

func (r *panelRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.p.content}
}

func (r *panelRenderer) Destroy() {}

// gap is empty room, h high.
func gap(h float32) fyne.CanvasObject {
	g := canvas.NewRectangle(color.Transparent)
	g.SetMinSize(fyne.NewSize(1, h))
	return g
}

// wideGap is empty room, w wide.
func wideGap(w float32) fyne.CanvasObject {
	g := canvas.NewRectangle(color.Transparent)
	g.SetMinSize(fyne.NewSize(w, 1))
	return g
}

// Gap is empty room, h high.
func Gap(h float32) fyne.CanvasObject { return gap(h) }
