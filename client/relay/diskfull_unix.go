//go:build !windows

package relay

import (
	"errors"
	"syscall"
)

// IsDiskFull tells whether err says that there is no room: a full disk, a used-up quota.
func IsDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
