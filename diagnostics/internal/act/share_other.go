//go:build !linux

package act

import "context"

func serving(string) []int { return nil }

// DetachFuse is not written for this system.
func DetachFuse(context.Context, string, string) error { return ErrAbsent }
