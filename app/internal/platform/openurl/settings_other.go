//go:build !linux && !windows && !darwin

package openurl

func openSettings(string) error { return ErrNoPage }

func hasSettings(string) bool { return false }
