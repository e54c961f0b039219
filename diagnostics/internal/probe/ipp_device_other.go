//go:build !linux

package probe

import "errors"

// usbPrinter is the system's own affair here: its queue says when the printer is away.
func usbPrinter(string) (bool, error) { return false, errors.ErrUnsupported }
