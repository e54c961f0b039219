//go:build !linux && !windows

package probe

import "errors"

func reboot() (Reboot, error) { return Reboot{}, errors.ErrUnsupported }
