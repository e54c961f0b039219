package probe

import (
	"context"
	"errors"
)

// macOS tells each program about itself only.
func switches(context.Context) (Switches, error) { return Switches{}, errors.ErrUnsupported }
