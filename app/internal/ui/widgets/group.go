package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// Group is a line that stands for many: a shape, a name that unfolds them, and a word.
type Group struct {
	widget.BaseWidget
	Head *Button

	icon    *Icon
	word    *widget.Label
	content func() fyne.CanvasObject // nil once it was made
	body    *fyne.Container
	all     *fyne.Container
	open    bool
	now     [2]string
}

// NewGroup makes a closed group; content is called when it is unfolded for the first time.
func NewGroup(h *Host, name string, content func() fyne.CanvasObject) *Group {
	g := &Group{icon: StatusIcon("unknown", 20), word: widget.NewLabel(""), content: content}
	g.word.TextStyle = fyne.TextStyle{Bold: true}
	g.Head = NewButton(h, Flat, name, g.Toggle).AlignLeading().WithIcon(Drawing("fold-closed"))
	g.body = Inset(container.NewVBox())
	g.body.Hide()
	g.all = container.NewVBox(container.NewBorder(nil, nil, g.icon, container.NewCenter(g.word), g.Head), g.body)
	g.ExtendBaseWidget(g)
	return g
}

// insetWidth puts what belongs to a group under its name, not under its shape.
const insetWidth = 24

// Inset moves what belongs to a group to the right of its shape.
func Inset(o fyne.CanvasObject) *fyne.Container {
	return container.NewBorder(nil, nil, wideGap(insetWidth), nil, o)
}

// Set changes the shape and the word.
func (g *Group) Set(status, word string) {
	now := [2]string{status, word}
	if now == g.now {
		return
	}
	g.now = now
	k := lookOf(status)
	g.icon.Set(k.drawing, k.shape, theme.ColorSurface)
	g.word.SetText(Short(word, 40))
}

// Opened tells whether the content shows.
func (g *Group) Opened() bool { return g.open }

// Toggle opens or closes the group.
func (g *Group) Toggle() {
	g.open = !g.open
	g.Head.Icon = Drawing("fold-closed")
	g.body.Hidden = !g.open
	if g.open {
		if g.content != nil {
			g.body.Objects[0] = g.content()
			g.content = nil
		}
		g.Head.Icon = Drawing("fold-open")
	}
	g.Head.Refresh()
	g.all.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (g *Group) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(g.all) }
