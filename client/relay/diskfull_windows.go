package relay

import (
	"errors"

	"golang.org/x/sys/windows"
)

// IsDiskFull tells whether err says that there is no room: a full disk, a used-up quota.
func IsDiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
