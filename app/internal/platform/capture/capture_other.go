//go:build !linux

package capture

import (
	"context"
	"io"

	"github.com/kbinani/screenshot"
)

// Why is a cheap test of whether this session can be captured: a code, or nothing when it can.
func Why() string {
	if screenshot.NumActiveDisplays() == 0 {
		return CodeNone
	}
	return ""
}

func run(ctx context.Context, _ Request, out io.Writer) error { return direct(ctx, out) }
