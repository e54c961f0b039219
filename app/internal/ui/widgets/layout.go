package widgets

import "fyne.io/fyne/v2"

// column keeps its one child at most max wide, in the middle: lines longer than that are hard to read.
type column struct{ max, margin float32 }

// Column is a container that keeps text at a width that can be read.
func Column(width, margin float32) fyne.Layout { return &column{width, margin} }

func (c *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objects {
		s = s.Max(o.MinSize())
	}
	return s.AddWidthHeight(2*c.margin, 2*c.margin)
}

func (c *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(size.Width-2*c.margin, c.max)
	for _, o := range objects {
		o.Resize(fyne.NewSize(w, size.Height-2*c.margin))
		o.Move(fyne.NewPos((size.Width-w)/2, c.margin))
	}
}

// flow puts objects beside each other and goes on in a new row when there is no more room, so that long
// words in large letters on a small screen never widen the window.
type flow struct {
	gap   float32
	right bool
	width float32 // of the last layout; MinSize has no other way to know how many rows there are
}

// Flow is a layout of rows; right aligns them at the right edge.
func Flow(right bool) fyne.Layout { return &flow{gap: 8, right: right} }

func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	rows := f.rows(objects, f.width)
	for i, row := range rows {
		h := float32(0)
		for _, o := range row {
			m := o.MinSize()
			s.Width, h = max(s.Width, m.Width), max(h, m.Height)
		}
		s.Height += h
		if i > 0 {
			s.Height += f.gap
		}
	}
	return s
}

func (f *flow) rows(objects []fyne.CanvasObject, width float32) [][]fyne.CanvasObject {
	var rows [][]fyne.CanvasObject
	used := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		w := o.MinSize().Width
		if len(rows) == 0 || (width > 0 && used+f.gap+w > width) {
			rows = append(rows, nil)
			used = -f.gap
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], o)
		used += f.gap + w
	}
	return rows
}

func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	y := float32(0)
	for _, row := range f.rows(objects, size.Width) {
		total, h := -f.gap, float32(0)
		for _, o := range row {
			m := o.MinSize()
			total += f.gap + m.Width
			h = max(h, m.Height)
		}
		x := float32(0)
		if f.right {
			x = max(0, size.Width-total)
		}
		for _, o := range row {
			m := o.MinSize()
			w := min(m.Width, size.Width)
			o.Resize(fyne.NewSize(w, h))
			o.Move(fyne.NewPos(x, y))
			x += w + f.gap
		}
		y += h + f.gap
	}
}

// split is two columns while there is room, else one under the other.
type split struct {
	from  float32 // the width from which there are two columns
	ratio float32 // of the first
	gap   float32
	width float32
}

// Split is a layout of two objects: beside each other from a width on, else under each other.
func Split(from, ratio float32) fyne.Layout { return &split{from: from, ratio: ratio, gap: 12} }

func (s *split) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	w := max(a.Width, b.Width)
	if s.width >= s.from {
		return fyne.NewSize(w, max(a.Height, b.Height))
	}
	return fyne.NewSize(w, a.Height+s.gap+b.Height)
}

func (s *split) Layout(o []fyne.CanvasObject, size fyne.Size) {
	s.width = size.Width
	if size.Width >= s.from {
		w := (size.Width - s.gap) * s.ratio
		o[0].Resize(fyne.NewSize(w, size.Height))
		o[0].Move(fyne.NewPos(0, 0))
		o[1].Resize(fyne.NewSize(size.Width-s.gap-w, size.Height))
		o[1].Move(fyne.NewPos(w+s.gap, 0))
		return
	}
	h := o[0].MinSize().Height
	o[0].Resize(fyne.NewSize(size.Width, h))
	o[0].Move(fyne.NewPos(0, 0))
	o[1].Resize(fyne.NewSize(size.Width, o[1].MinSize().Height))
	o[1].Move(fyne.NewPos(0, h+s.gap))
}
