//go:build !linux

package agent

// unmapProgram has nothing to do where the system counts a program's pages only when they are in use.
func unmapProgram() error { return nil }
