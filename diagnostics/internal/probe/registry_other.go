//go:build !windows

package probe

import "errors"

// RegistryValue is for Windows.
func RegistryValue(string, string) (any, error) { return nil, errors.ErrUnsupported }
