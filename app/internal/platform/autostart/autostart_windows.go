package autostart

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// runKey holds what starts with this user's session.
const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

// Status tells whether the entry is there.
func (e *Entry) Status() (bool, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read autostart entry: %w", err)
	}
	defer key.Close()
	_, _, err = key.GetStringValue(e.p.ID)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read autostart entry: %w", err)
	}
	return true, nil
}

// Enable writes the entry.
func (e *Entry) Enable() error {
	if err := e.check(); err != nil {
		return err
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	defer key.Close()
	words := make([]string, len(e.p.Exec))
	for i, w := range e.p.Exec {
		words[i] = windows.EscapeArg(w)
	}
	if err := key.SetStringValue(e.p.ID, strings.Join(words, " ")); err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	return nil
}

// Disable removes the entry.
func (e *Entry) Disable() error {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove autostart entry: %w", err)
	}
	defer key.Close()
	if err := key.DeleteValue(e.p.ID); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("remove autostart entry: %w", err)
	}
	return nil
}
