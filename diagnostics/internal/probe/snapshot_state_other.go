//go:build !linux

package probe

import "errors"

// ReadInstalls is not known there.
func ReadInstalls() (Installs, error) { return Installs{}, errors.ErrUnsupported }

// DeviceDrivers is not known there.
func DeviceDrivers() ([]string, error) { return nil, errors.ErrUnsupported }

// TrustStore is not known there.
func TrustStore() (int, string, error) { return 0, "", errors.ErrUnsupported }

// USBDevices is not known there.
func USBDevices() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadRouter is not known there.
func ReadRouter() (Router, error) { return Router{}, errors.ErrUnsupported }
