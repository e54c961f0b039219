//go:build !linux

package probe

// identityOS has nothing to add: gopsutil's host ID and the Go library cover these systems so far.
func identityOS(*Identity) {}
