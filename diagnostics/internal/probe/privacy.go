package probe

import (
	"context"
	"errors"
)

// Privacy reads the user's switches for microphone and camera. It can be replaced in tests.
type Privacy struct {
	// Switches are the user's choices; ErrNoSwitches where the desktop has none.
	Switches func(ctx context.Context) (Switches, error)
}

// Switches say what no program may use.
type Switches struct{ MicrophoneOff, CameraOff bool }

// ErrNoSwitches says that this desktop has no such switches.
var ErrNoSwitches = errors.New("no switches for microphone and camera")

// NewPrivacy reads this computer.
func NewPrivacy() Privacy { return Privacy{Switches: switches} }
