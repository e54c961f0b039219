// Package capture takes a picture of the screen, in a process of its own: a display server that hangs or an
// image of many megabytes must not weigh on the agent.
//
// On X11 all displays are read at once. On Wayland only the desktop portal may, and it may ask the person. It
// is the only importer of kbinani/screenshot.
package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"time"

	"github.com/kbinani/screenshot"
)

// The codes of a Failure.
const (
	CodeNone   = "display.none"      // nothing to capture: no display in this session
	CodeFailed = "screenshot.failed" // the system gave no picture
	CodeDenied = "screenshot.denied" // the person or the desktop said no
)

// Request is what the parent writes to the child, as JSON.
type Request struct {
	// Interactive lets the desktop ask the person, where it will not give a picture without.
	Interactive bool `json:"interactive"`
}

// Failure is why there is no picture. The child prints it as one line of JSON on stderr and exits with 1.
type Failure struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

func (f *Failure) Error() string { return f.Code + ": " + f.Detail }

func failed(code string, err error) *Failure { return &Failure{Code: code, Detail: err.Error()} }

// WriteFailure prints err as the child's last word on stderr.
func WriteFailure(stderr io.Writer, err error) {
	var f *Failure
	if !errors.As(err, &f) {
		f = failed(CodeFailed, err)
	}
	_ = json.NewEncoder(stderr).Encode(f) // nobody is left to tell
}

const (
	// maxRequest bounds the request.
	maxRequest = 1 << 16
	// displayTimeout bounds a capture that asks nobody: a 4K display takes a third of a second.
	displayTimeout = 10 * time.Second
)

// RunChild is `balise internal capture`: a Request in, the bytes of one PNG with all displays out. Every error
// is a *Failure.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	var req Request
	if err := json.NewDecoder(io.LimitReader(in, maxRequest)).Decode(&req); err != nil && err != io.EOF {
		return failed(CodeFailed, fmt.Errorf("read request: %w", err))
	}
	if why := Why(); why != "" {
		return &Failure{Code: why}
	}
	return run(ctx, req, out)
}

// direct reads all displays from the display server and writes them as one PNG.
func direct(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, displayTimeout)
	defer cancel()
	type result struct {
		img image.Image
		err error
	}
	done := make(chan result, 1)
	go func() { // the library takes no deadline; this process ends soon anyway
		img, err := all()
		done <- result{img, err}
	}()
	select {
	case <-ctx.Done():
		return failed(CodeFailed, ctx.Err())
	case r := <-done:
		if r.err != nil {
			return r.err
		}
		// Best speed: a third larger than the default, and three times as fast at 4K.
		enc := png.Encoder{CompressionLevel: png.BestSpeed}
		if err := enc.Encode(out, r.img); err != nil {
			return failed(CodeFailed, fmt.Errorf("write picture: %w", err))
		}
		return nil
	}
}

// all is the rectangle around all displays, read in one piece.
func all() (img image.Image, err error) {
	defer func() { // the library panics on display servers without its extensions
		if r := recover(); r != nil {
			err = failed(CodeFailed, fmt.Errorf("capture: %v", r))
		}
	}()
	area := image.Rectangle{}
	for i := range screenshot.NumActiveDisplays() {
		area = area.Union(screenshot.GetDisplayBounds(i))
	}
	if area.Empty() {
		return nil, &Failure{Code: CodeNone, Detail: "no active display"}
	}
	whole, err := screenshot.CaptureRect(area)
	if err != nil {
		return nil, failed(CodeFailed, err)
	}
	return whole, nil
}
