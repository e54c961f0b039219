// Command icons draws Balise's pictures into assets/icons: the tray's four and the programs' one.
//
//	go run ./packaging/icons assets/icons
//
// The motif is a beacon that signals to both sides. The tray's states add a form of their own, so that they can
// be told apart without colour and at 22 pixels.
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
)

// A picture is drawn on a square of 64 units; later layers lie above earlier ones.
const units = 64

// samples a side and pixel; 4 gives 16 levels of edge.
const samples = 4

type point struct{ x, y float64 }

// inside tells whether a point belongs to a form.
type inside func(p point) bool

type layer struct {
	form  inside
	paint color.RGBA // alpha zero cuts a hole
}

var (
	ink    = color.RGBA{0x12, 0x4e, 0x78, 0xff}
	lamp   = color.RGBA{0xf2, 0x9f, 0x05, 0xff}
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	green  = color.RGBA{0x1b, 0x7f, 0x5c, 0xff}
	violet = color.RGBA{0x5b, 0x3f, 0x98, 0xff}
	red    = color.RGBA{0xb4, 0x23, 0x18, 0xff}
	clear  = color.RGBA{}
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: icons DIR")
		os.Exit(2)
	}
	for name, picture := range pictures() {
		if err := write(filepath.Join(os.Args[1], name), picture.side, picture.layers); err != nil {
			fmt.Fprintln(os.Stderr, "icons:", err)
			os.Exit(1)
		}
	}
}

type picture struct {
	side   int
	layers []layer
}

func pictures() map[string]picture {
	return map[string]picture{
		"tray_normal.png":    {64, halo(beacon())},
		"tray_attention.png": {64, badge(bubble())},
		"tray_waiting.png":   {64, badge(hourglass())},
		"tray_problem.png":   {64, badge(warning())},
		"balise.png":         {256, app()},
	}
}

// beacon is a mast on a base, a lamp, and two waves to each side.
func beacon() []layer {
	mast := polygon(point{27.5, 30}, point{36.5, 30}, point{42, 54}, point{22, 54})
	base := rounded(14, 53, 50, 60, 3)
	light := disc(32, 19, 8)
	waves := union(arc(32, 19, 14.5, 3), arc(32, 19, 23, 3.2))
	return []layer{{mast, ink}, {base, ink}, {waves, ink}, {light, lamp}, {ring(32, 19, 6.5, 8), ink}}
}

// halo puts a light edge under a picture, so that it stands out on a dark panel too.
func halo(ls []layer) []layer {
	edge := func(p point) bool {
		for i := range 12 {
			a := float64(i) * math.Pi / 6
			q := point{p.x + 2*math.Cos(a), p.y + 2*math.Sin(a)}
			for _, l := range ls {
				if l.paint.A > 0 && l.form(q) {
					return true
				}
			}
		}
		return false
	}
	return append([]layer{{edge, paper}}, ls...)
}

// badge draws the beacon with a form in the lower right, cut free from it.
func badge(form []layer) []layer {
	ls := halo(beacon())
	ls = append(ls, layer{disc(45, 45, 21), clear})
	return append(ls, halo(form)...)
}

// bubble is somebody's answer.
func bubble() []layer {
	body := union(rounded(29, 30, 62, 52, 7), polygon(point{35, 50}, point{46, 50}, point{34, 62}))
	dots := union(union(disc(37.5, 41, 2.8), disc(45.5, 41, 2.8)), disc(53.5, 41, 2.8))
	return []layer{{body, green}, {dots, paper}}
}

// hourglass is something that waits.
func hourglass() []layer {
	glass := union(polygon(point{33, 32}, point{58, 32}, point{45.5, 47}),
		polygon(point{33, 59}, point{58, 59}, point{45.5, 44}))
	caps := union(rounded(30, 28, 61, 34, 2), rounded(30, 57, 61, 63, 2))
	return []layer{{union(glass, caps), violet}}
}

// warning is something that needs a look.
func warning() []layer {
	triangle := polygon(point{45.5, 26}, point{64, 61}, point{27, 61})
	mark := union(polygon(point{43, 37}, point{48, 37}, point{47, 50}, point{44, 50}), disc(45.5, 55, 2.6))
	return []layer{{triangle, red}, {mark, paper}}
}

// app is the beacon on a rounded tile.
func app() []layer {
	ls := []layer{{rounded(2, 2, 62, 62, 13), ink}}
	for _, l := range beacon() {
		small := func(p point) bool { return l.form(point{32 + (p.x-32)/0.82, 33 + (p.y-33)/0.82}) }
		paint := l.paint
		if paint == ink {
			paint = paper
		}
		ls = append(ls, layer{small, paint})
	}
	return ls
}

func disc(x, y, r float64) inside {
	return func(p point) bool { return math.Hypot(p.x-x, p.y-y) <= r }
}

func ring(x, y, from, to float64) inside {
	return func(p point) bool {
		d := math.Hypot(p.x-x, p.y-y)
		return d >= from && d <= to
	}
}

// arc is a wave to the left and one to the right.
func arc(x, y, r, half float64) inside {
	return func(p point) bool {
		d := math.Hypot(p.x-x, p.y-y)
		angle := math.Abs(math.Atan2(p.y-y, math.Abs(p.x-x)))
		return math.Abs(d-r) <= half/1.2 && angle < 0.75
	}
}

func rounded(x0, y0, x1, y1, r float64) inside {
	return func(p point) bool {
		dx := math.Max(math.Max(x0+r-p.x, p.x-(x1-r)), 0)
		dy := math.Max(math.Max(y0+r-p.y, p.y-(y1-r)), 0)
		return dx*dx+dy*dy <= r*r
	}
}

// polygon counts crossings of a ray to the right.
func polygon(ps ...point) inside {
	return func(p point) bool {
		in := false
		for i, a := range ps {
			b := ps[(i+1)%len(ps)]
			if (a.y > p.y) != (b.y > p.y) && p.x < a.x+(p.y-a.y)*(b.x-a.x)/(b.y-a.y) {
				in = !in
			}
		}
		return in
	}
}

func union(a, b inside) inside { return func(p point) bool { return a(p) || b(p) } }

func write(file string, side int, ls []layer) error {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.SetNRGBA(x, y, pixel(x, y, side, ls))
		}
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(f, img); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", file, err)
	}
	return f.Close()
}

// pixel is the mean of its samples.
func pixel(x, y, side int, ls []layer) color.NRGBA {
	var r, g, b, a int
	for i := range samples * samples {
		scale := float64(units) / float64(side)
		p := point{
			(float64(x) + (float64(i%samples)+0.5)/samples) * scale,
			(float64(y) + (float64(i/samples)+0.5)/samples) * scale,
		}
		for j := len(ls) - 1; j >= 0; j-- {
			if ls[j].form(p) {
				c := ls[j].paint
				if c.A > 0 {
					r, g, b, a = r+int(c.R), g+int(c.G), b+int(c.B), a+1
				}
				break
			}
		}
	}
	if a == 0 {
		return color.NRGBA{}
	}
	return color.NRGBA{uint8(r / a), uint8(g / a), uint8(b / a), uint8(a * 255 / (samples * samples))}
}
