package openurl

import (
	"time"

	"golang.org/x/sys/windows"
)

// open asks the shell's own API; no command line is ever built.
func open(link string, _ time.Duration) error {
	verb, err := windows.UTF16PtrFromString("open")
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(link)
	if err != nil {
		return err
	}
	return windows.ShellExecute(0, verb, target, nil, nil, windows.SW_SHOWNORMAL)
}
