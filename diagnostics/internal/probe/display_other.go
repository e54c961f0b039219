//go:build !linux

package probe

import (
	"context"
	"errors"
)

// Windows and macOS list only the screens that they use, so a dark one cannot be told from none at all.
func connectors(context.Context) ([]Connector, error) { return nil, errors.ErrUnsupported }

func desktopRuns() bool { return true }
