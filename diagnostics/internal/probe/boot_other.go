//go:build !linux

package probe

import (
	"context"
	"errors"
)

// Windows keeps its measurements for administrators, and macOS takes none.
func boot(context.Context) (Boot, error) { return Boot{}, errors.ErrUnsupported }
