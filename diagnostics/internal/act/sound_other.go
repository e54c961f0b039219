//go:build !linux

package act

// soundDoor: muting and volume of Windows and macOS are behind interfaces of their own; there the user does it on
// the system's page.
func soundDoor() (socket string, cookie []byte, err error) { return "", nil, ErrAbsent }
