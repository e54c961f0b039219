//go:build !linux && !windows

package act

import (
	"context"
	"errors"
)

// OpenServices finds nothing: on this system no service is restarted from here.
func OpenServices(context.Context, bool) (Services, error) { return nil, ErrAbsent }

// OpenRestarter finds nothing: the user restarts by hand.
func OpenRestarter(context.Context) (Restarter, error) { return nil, ErrAbsent }

// Boot is not known here.
func Boot() (string, error) { return "", errors.ErrUnsupported }
