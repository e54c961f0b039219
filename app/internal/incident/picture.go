package incident

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"

	"balise/app/internal/ipc/api"
)

var errPicture = errors.New("not a usable picture")

// burn paints black rectangles into a picture and writes it anew. What was under them is in no byte of the
// result, and neither is anything of the first file but its pixels: names, dates and comments go with it.
// Rectangles are cut at the picture's edges; one without area covers nothing.
func burn(in io.Reader, out io.Writer, blackouts []api.Rect) (image.Point, error) {
	img, err := decode(in)
	if err != nil {
		return image.Point{}, err
	}
	size := img.Bounds().Size()
	if len(blackouts) > 0 {
		img = paint(img, blackouts)
	}
	w := bufio.NewWriter(out)
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(w, img); err != nil {
		return size, fmt.Errorf("write picture: %w", err)
	}
	return size, w.Flush()
}

// decode refuses what would not fit in memory before it is there.
func decode(in io.Reader) (image.Image, error) {
	// The header is in the first bytes; they are kept to be read again.
	buf := bufio.NewReaderSize(io.LimitReader(in, maxPicture), 64)
	head, err := buf.Peek(33)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	w, h := be32(head[16:]), be32(head[20:])
	if string(head[12:16]) != "IHDR" || w == 0 || h == 0 || uint64(w)*uint64(h) > maxPixels {
		return nil, fmt.Errorf("%w: %d by %d", errPicture, w, h)
	}
	img, err := png.Decode(buf)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	return img, nil
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func paint(img image.Image, blackouts []api.Rect) image.Image {
	var canvas draw.Image
	switch i := img.(type) {
	case *image.RGBA:
		canvas = i
	case *image.NRGBA:
		canvas = i
	case *image.Gray:
		canvas = i
	case *image.RGBA64:
		canvas = i
	case *image.NRGBA64:
		canvas = i
	case *image.Gray16:
		canvas = i
	default: // a palette may have no black
		c := image.NewNRGBA(img.Bounds())
		draw.Draw(c, c.Bounds(), img, img.Bounds().Min, draw.Src)
		canvas = c
	}
	b := canvas.Bounds()
	for _, r := range blackouts {
		if box := clamp(r, b); !box.Empty() {
			draw.Draw(canvas, box, image.Black, image.Point{}, draw.Src)
		}
	}
	return canvas
}

// clamp cuts a rectangle at the picture's edges. The numbers come from outside and may overflow.
func clamp(r api.Rect, b image.Rectangle) image.Rectangle {
	if r.W <= 0 || r.H <= 0 {
		return image.Rectangle{}
	}
	const far = 1 << 30
	limit := func(v int) int { return max(-far, min(far, v)) }
	x, y := limit(r.X), limit(r.Y)
	box := image.Rect(x, y, x+limit(r.W), y+limit(r.H))
	return box.Add(b.Min).Intersect(b)
}
