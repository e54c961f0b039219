//go:build !linux

package memory

// dropProgramPages is Linux's; Windows and macOS trim idle programs themselves.
func dropProgramPages() {}
