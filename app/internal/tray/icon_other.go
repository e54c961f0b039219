//go:build !windows

package tray

// iconBytes is the icon in the form that this system takes.
func iconBytes(png []byte) []byte { return png }
