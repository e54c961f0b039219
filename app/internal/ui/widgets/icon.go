package widgets

import (
	"bytes"
	"fmt"
	"image/color"
	"io/fs"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/assets"
)

// Drawings in assets/icons/window use these two colours, which are replaced by the theme's.
const (
	drawnShape = "#111111"
	drawnGlyph = "#eeeeee"
)

// Drawing is an icon of ours: the name of a file in assets/icons/window, without its ending.
func Drawing(name string) fyne.Resource {
	raw, err := fs.ReadFile(assets.FS, "icons/window/"+name+".svg")
	if err != nil {
		return fynetheme.BrokenImageIcon()
	}
	return fyne.NewStaticResource(name+".svg", raw)
}

// tinted is a drawing in one colour. Its name has the colour in it, because Fyne caches by name.
func tinted(r fyne.Resource, c color.Color) fyne.Resource {
	return twoTone(r, c, color.Transparent)
}

func twoTone(r fyne.Resource, shape, glyph color.Color) fyne.Resource {
	s, g := hex(shape), hex(glyph)
	body := r.Content()
	if !bytes.Contains(body, []byte(drawnShape)) {
		return r
	}
	text := strings.NewReplacer(drawnShape, s, drawnGlyph, g).Replace(string(body))
	if _, _, _, a := glyph.RGBA(); a == 0 {
		text = strings.NewReplacer(drawnShape, s, drawnGlyph, "none").Replace(string(body))
	}
	return fyne.NewStaticResource(strings.TrimPrefix(s, "#")+strings.TrimPrefix(g, "#")+"-"+r.Name(),
		[]byte(text))
}

func hex(c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
}

// colourOf looks colours up in the theme that applies to a widget.
func colourOf(w fyne.Widget) func(fyne.ThemeColorName) color.Color {
	th := fynetheme.Current()
	if t, ok := w.(interface{ Theme() fyne.Theme }); ok {
		th = t.Theme()
	}
	v := fyne.CurrentApp().Settings().ThemeVariant()
	return func(n fyne.ThemeColorName) color.Color { return th.Color(n, v) }
}

// Icon shows a drawing in colours of the theme.
type Icon struct {
	widget.BaseWidget
	drawing      fyne.Resource
	shape, glyph fyne.ThemeColorName
	side         float32
}

// NewIcon shows a drawing, side high and wide. An empty glyph colour leaves the second tone out.
func NewIcon(drawing string, shape, glyph fyne.ThemeColorName, side float32) *Icon {
	i := &Icon{drawing: Drawing(drawing), shape: shape, glyph: glyph, side: side}
	i.ExtendBaseWidget(i)
	return i
}

// Set changes the drawing and its colours.
func (i *Icon) Set(drawing string, shape, glyph fyne.ThemeColorName) {
	i.drawing, i.shape, i.glyph = Drawing(drawing), shape, glyph
	i.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	img := canvas.NewImageFromResource(nil)
	img.FillMode = canvas.ImageFillContain
	r := &iconRenderer{icon: i, img: img}
	r.apply()
	return r
}

type iconRenderer struct {
	icon *Icon
	img  *canvas.Image
}

func (r *iconRenderer) apply() {
	c := colourOf(r.icon)
	glyph := color.Color(color.Transparent)
	if r.icon.glyph != "" {
		glyph = c(r.icon.glyph)
	}
	r.img.Resource = twoTone(r.icon.drawing, c(r.icon.shape), glyph)
}

func (r *iconRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(r.icon.side) }
func (r *iconRenderer) Layout(s fyne.Size) {
	side := fyne.NewSquareSize(r.icon.side)
	r.img.Resize(side)
	r.img.Move(fyne.NewPos((s.Width-side.Width)/2, (s.Height-side.Height)/2))
}
func (r *iconRenderer) Refresh()                     { r.apply(); r.img.Refresh() }
func (r *iconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.img} }
func (r *iconRenderer) Destroy()                     {}
