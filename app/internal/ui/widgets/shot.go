package widgets

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// Shot shows a picture of the screen and the parts of it that are blacked out. The mouse draws a part; on
// the keyboard Enter adds one, the arrows move it, Shift and the arrows size it, Space goes to the next and
// Delete takes it away.
type Shot struct {
	widget.BaseWidget
	// Rects are the blacked-out parts, in pixels of the picture.
	Rects []image.Rectangle
	// OnChanged is called after each change.
	OnChanged func()

	host     *Host
	picture  image.Image
	selected int
	focused  bool
	shift    bool
	from, to fyne.Position
	drawing  bool
}

var (
	_ fyne.Focusable  = (*Shot)(nil)
	_ fyne.Draggable  = (*Shot)(nil)
	_ fyne.Tappable   = (*Shot)(nil)
	_ desktop.Keyable = (*Shot)(nil)
)

// NewShot shows a picture with its blacked-out parts.
func NewShot(h *Host, picture image.Image, rects []image.Rectangle, changed func()) *Shot {
	s := &Shot{Rects: rects, OnChanged: changed, host: h, picture: picture, selected: len(rects) - 1}
	s.ExtendBaseWidget(s)
	return s
}

// Add blacks out a part in the middle, to be moved from there.
func (s *Shot) Add() {
	b := s.picture.Bounds()
	w, h := b.Dx()/4, b.Dy()/6
	at := image.Pt(b.Min.X+(b.Dx()-w)/2, b.Min.Y+(b.Dy()-h)/2)
	s.add(image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))})
}

// Remove takes a part away.
func (s *Shot) Remove(i int) {
	if i < 0 || i >= len(s.Rects) {
		return
	}
	s.Rects = append(s.Rects[:i:i], s.Rects[i+1:]...)
	s.selected = min(s.selected, len(s.Rects)-1)
	s.changed()
}

// Select makes one part the one that the arrows move.
func (s *Shot) Select(i int) { s.selected = i; s.Refresh() }

func (s *Shot) add(r image.Rectangle) {
	s.Rects = append(s.Rects, r)
	s.selected = len(s.Rects) - 1
	s.changed()
}

func (s *Shot) changed() {
	s.Refresh()
	if s.OnChanged != nil {
		s.OnChanged()
	}
}

// Tapped takes the keyboard.
func (s *Shot) Tapped(*fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil {
		c.Focus(s)
	}
}

// Dragged draws a part.
func (s *Shot) Dragged(e *fyne.DragEvent) {
	if !s.drawing {
		s.drawing = true
		s.from = e.Position.Subtract(e.Dragged)
	}
	s.to = e.Position
	s.Refresh()
}

// DragEnd keeps the part that was drawn, if it is more than a twitch.
func (s *Shot) DragEnd() {
	if !s.drawing {
		return
	}
	s.drawing = false
	r := image.Rectangle{Min: s.toPixel(s.from), Max: s.toPixel(s.to)}.Canon().Intersect(s.picture.Bounds())
	if r.Dx() < 4 || r.Dy() < 4 {
		s.Refresh()
		return
	}
	s.add(r)
}

// FocusGained draws the ring.
func (s *Shot) FocusGained() { s.focused = true; s.Refresh(); s.host.focused(s) }

// FocusLost removes the ring.
func (s *Shot) FocusLost() { s.focused, s.shift = false, false; s.Refresh() }

// TypedRune does nothing.
func (s *Shot) TypedRune(rune) {}

// KeyDown learns of Shift.
func (s *Shot) KeyDown(k *fyne.KeyEvent) { s.setShift(k, true) }

// KeyUp learns of Shift.
func (s *Shot) KeyUp(k *fyne.KeyEvent) { s.setShift(k, false) }

func (s *Shot) setShift(k *fyne.KeyEvent, down bool) {
	if k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight {
		s.shift = down
	}
}

// TypedShortcut hands on what has a modifier.
func (s *Shot) TypedShortcut(sc fyne.Shortcut) { s.host.shortcut(sc) }

// TypedKey moves, sizes, adds and removes parts.
func (s *Shot) TypedKey(k *fyne.KeyEvent) {
	step := max(2, s.picture.Bounds().Dx()/50)
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyInsert:
		s.Add()
	case fyne.KeyDelete, fyne.KeyBackspace:
		s.Remove(s.selected)
	case fyne.KeySpace:
		if len(s.Rects) > 0 {
			s.Select((s.selected + 1) % len(s.Rects))
		}
	case fyne.KeyLeft:
		s.nudge(-step, 0)
	case fyne.KeyRight:
		s.nudge(step, 0)
	case fyne.KeyUp:
		s.nudge(0, -step)
	case fyne.KeyDown:
		s.nudge(0, step)
	default:
		s.host.key(k)
	}
}

func (s *Shot) nudge(dx, dy int) {
	if s.selected < 0 || s.selected >= len(s.Rects) {
		return
	}
	r, b := s.Rects[s.selected], s.picture.Bounds()
	if s.shift {
		r.Max.X = min(max(r.Max.X+dx, r.Min.X+8), b.Max.X)
		r.Max.Y = min(max(r.Max.Y+dy, r.Min.Y+8), b.Max.Y)
	} else {
		dx = min(max(dx, b.Min.X-r.Min.X), b.Max.X-r.Max.X)
		dy = min(max(dy, b.Min.Y-r.Min.Y), b.Max.Y-r.Max.Y)
		r = r.Add(image.Pt(dx, dy))
	}
	s.Rects[s.selected] = r
	s.changed()
}

// frame is where the picture lies in the widget, and how many units a pixel is.
func (s *Shot) frame() (fyne.Position, float32) {
	size, b := s.Size(), s.picture.Bounds()
	if b.Dx() == 0 || b.Dy() == 0 {
		return fyne.Position{}, 1
	}
	k := min(size.Width/float32(b.Dx()), size.Height/float32(b.Dy()))
	return fyne.NewPos((size.Width-k*float32(b.Dx()))/2, (size.Height-k*float32(b.Dy()))/2), k
}

func (s *Shot) toPixel(p fyne.Position) image.Point {
	at, k := s.frame()
	if k == 0 {
		return image.Point{}
	}
	b := s.picture.Bounds()
	return image.Pt(b.Min.X+int((p.X-at.X)/k), b.Min.Y+int((p.Y-at.Y)/k))
}

// CreateRenderer implements fyne.Widget.
func (s *Shot) CreateRenderer() fyne.WidgetRenderer {
	img := canvas.NewImageFromImage(s.picture)
	img.FillMode = canvas.ImageFillContain
	r := &shotRenderer{s: s, img: img, ring: canvas.NewRectangle(color.Transparent)}
	return r
}

type shotRenderer struct {
	s     *Shot
	img   *canvas.Image
	ring  *canvas.Rectangle
	boxes []fyne.CanvasObject
	width float32
}

// shotHeight bounds the picture's height, so that the words round it stay in view.
const shotHeight = 320

func (r *shotRenderer) MinSize() fyne.Size {
	h := float32(160)
	if b := r.s.picture.Bounds(); b.Dx() > 0 && r.width > 0 {
		h = r.width * float32(b.Dy()) / float32(b.Dx())
	}
	return fyne.NewSize(160, min(h, shotHeight))
}

func (r *shotRenderer) Layout(size fyne.Size) {
	r.width = size.Width
	r.img.Resize(size)
	r.place()
}

func (r *shotRenderer) place() {
	at, k := r.s.frame()
	b := r.s.picture.Bounds()
	c := colourOf(r.s)
	r.ring.Move(at)
	r.ring.Resize(fyne.NewSize(k*float32(b.Dx()), k*float32(b.Dy())))
	r.ring.StrokeWidth, r.ring.StrokeColor = 1, c(theme.ColorMuted)
	if r.s.focused {
		r.ring.StrokeWidth, r.ring.StrokeColor = 3, c(theme.ColorRing)
	}
	r.boxes = r.boxes[:0]
	for i, q := range r.s.Rects {
		box := canvas.NewRectangle(color.Black)
		box.Move(at.AddXY(k*float32(q.Min.X-b.Min.X), k*float32(q.Min.Y-b.Min.Y)))
		box.Resize(fyne.NewSize(k*float32(q.Dx()), k*float32(q.Dy())))
		if r.s.focused && i == r.s.selected {
			box.StrokeColor, box.StrokeWidth = c(theme.ColorBeacon), 2
		}
		r.boxes = append(r.boxes, box)
	}
	if r.s.drawing {
		box := canvas.NewRectangle(color.NRGBA{A: 0xb0})
		box.Move(fyne.NewPos(min(r.s.from.X, r.s.to.X), min(r.s.from.Y, r.s.to.Y)))
		box.Resize(fyne.NewSize(abs(r.s.to.X-r.s.from.X), abs(r.s.to.Y-r.s.from.Y)))
		r.boxes = append(r.boxes, box)
	}
}

func abs(f float32) float32 { return max(f, -f) }

func (r *shotRenderer) Refresh() {
	r.place()
	canvas.Refresh(r.s)
}

func (r *shotRenderer) Objects() []fyne.CanvasObject {
	return append([]fyne.CanvasObject{r.img, r.ring}, r.boxes...)
}

func (r *shotRenderer) Destroy() {}
