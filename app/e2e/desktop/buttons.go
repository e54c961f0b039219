//go:build linux

package desktop

import (
	"image"
	"image/color"
	"time"
)

// Colours of the window's buttons in its light theme (app/internal/ui/theme).
var (
	Primary = color.RGBA{0x0b, 0x58, 0x84, 0xff}
	Danger  = color.RGBA{0xb3, 0x26, 0x1e, 0xff}
)

// The least size of a button's bare edge: letters interrupt the rows between.
const (
	leastWidth  = 50
	leastHeight = 22
)

// Button waits for a button of a colour in the page of a window, between its heading and its foot, and gives its
// middle; the first from the top.
func (d *Desktop) Button(window string, c color.RGBA, patience time.Duration) image.Point {
	d.t.Helper()
	var found image.Point
	d.Until("a button to press", patience, func() bool {
		area := d.Area(window)
		// Without the list of pages at the left and the buttons of the foot.
		const list, foot = 190, 64
		area.Min.X += list
		area.Max.Y -= foot
		var ok bool
		found, ok = button(d.Screen(), area, c)
		return ok
	})
	return found
}

// button finds the first block of a colour: rows of it that begin at the same place.
func button(img image.Image, area image.Rectangle, c color.RGBA) (image.Point, bool) {
	area = area.Intersect(img.Bounds())
	for y := area.Min.Y; y < area.Max.Y; y++ {
		from, to := run(img, area, y, c)
		if to-from < leastWidth {
			continue
		}
		end := y
		for below := y + 1; below < min(y+80, area.Max.Y); below++ {
			if same(img.At(from+2, below), c) {
				end = below
			}
		}
		if end-y >= leastHeight {
			return image.Pt((from+to)/2, (y+end)/2), true
		}
		y = end
	}
	return image.Point{}, false
}

// run is the longest stretch of a colour in a row.
func run(img image.Image, area image.Rectangle, y int, c color.RGBA) (from, to int) {
	start := -1
	for x := area.Min.X; x <= area.Max.X; x++ {
		if x < area.Max.X && same(img.At(x, y), c) {
			if start < 0 {
				start = x
			}
			continue
		}
		if start >= 0 && x-start > to-from {
			from, to = start, x
		}
		start = -1
	}
	return from, to
}

// same tells colours apart as far as the screen keeps them.
func same(have color.Color, want color.RGBA) bool {
	const slack = 6
	r, g, b, _ := have.RGBA()
	near := func(a uint32, b uint8) bool {
		diff := int(a>>8) - int(b)
		return diff <= slack && diff >= -slack
	}
	return near(r, want.R) && near(g, want.G) && near(b, want.B)
}
