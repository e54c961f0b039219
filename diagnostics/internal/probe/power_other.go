//go:build !linux && !darwin && !windows

package probe

import (
	"context"
	"errors"
)

func supplies(context.Context) (Supplies, error) { return Supplies{}, errors.ErrUnsupported }
