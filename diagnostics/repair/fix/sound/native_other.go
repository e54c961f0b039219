//go:build !linux

package sound

// speaksNative: on Windows and macOS volume and muting are set on the system's page.
const speaksNative = false
