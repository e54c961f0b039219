//go:build linux

package desktop

import (
	"cmp"
	"image"
	"image/color"
	"slices"
	"time"
)

// Shade is a colour of the window's buttons: in its dark theme and in its light one (app/internal/ui/theme).
type Shade [2]color.RGBA

// The shades of what stands on a page to be pressed.
var (
	Primary   = Shade{{0x6c, 0xbd, 0xea, 0xff}, {0x0b, 0x58, 0x84, 0xff}}
	Danger    = Shade{{0xff, 0x9a, 0x91, 0xff}, {0xb3, 0x26, 0x1e, 0xff}}
	Secondary = Shade{{0x2b, 0x37, 0x42, 0xff}, {0xe3, 0xe9, 0xee, 0xff}}
)

// The least size of a button's bare edge: letters interrupt the rows between.
const (
	leastWidth  = 36
	leastHeight = 22
)

// Button waits for a button of a shade in the page of a window, between its banner and its foot, and gives its
// middle; the first from the top.
func (d *Desktop) Button(window string, s Shade, patience time.Duration) image.Point {
	d.t.Helper()
	var found []image.Point
	d.Until("a button to press", patience, func() bool {
		found = d.Buttons(window, s)
		return len(found) > 0
	})
	return found[0]
}

// Buttons are the middles of the buttons of a shade that the page shows now, from the top, then from the left.
func (d *Desktop) Buttons(window string, s Shade) []image.Point {
	d.t.Helper()
	area := d.Area(window)
	// Without the list of pages at the left and the buttons of the foot.
	const list, foot = 190, 64
	area.Min.X += list
	area.Max.Y -= foot
	img := d.Screen()
	var found []image.Point
	for _, c := range s {
		found = append(found, buttons(img, area.Intersect(img.Bounds()), c)...)
	}
	slices.SortFunc(found, func(a, b image.Point) int { return cmp.Or(a.Y-b.Y, a.X-b.X) })
	return found
}

// Press clicks on a button of a shade.
func (d *Desktop) Press(window string, s Shade, patience time.Duration) {
	d.t.Helper()
	at := d.Button(window, s, patience)
	d.Click(at.X, at.Y)
}

// buttons finds the blocks of a colour: rows of it that begin at the same place.
func buttons(img image.Image, area image.Rectangle, c color.RGBA) []image.Point {
	var blocks []image.Rectangle
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for _, r := range runs(img, area, y, c) {
			edge := image.Rect(r.Min.X, y, r.Max.X, y+1)
			if slices.ContainsFunc(blocks, edge.Overlaps) {
				continue
			}
			end := y
			for below := y + 1; below < min(y+80, area.Max.Y) && same(img.At(edge.Min.X+2, below), c); below++ {
				end = below
			}
			if end-y >= leastHeight {
				edge.Max.Y = end + 1
				blocks = append(blocks, edge)
			}
		}
	}
	var middles []image.Point
	for _, b := range blocks {
		middles = append(middles, b.Min.Add(b.Max).Div(2))
	}
	return middles
}

// runs are the stretches of a colour in a row that are wide enough.
func runs(img image.Image, area image.Rectangle, y int, c color.RGBA) (wide []image.Rectangle) {
	start := -1
	for x := area.Min.X; x <= area.Max.X; x++ {
		if x < area.Max.X && same(img.At(x, y), c) {
			if start < 0 {
				start = x
			}
			continue
		}
		if start >= 0 && x-start >= leastWidth {
			wide = append(wide, image.Rect(start, y, x, y+1))
		}
		start = -1
	}
	return wide
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
