// Package widgets holds the window's own widgets. They do what Fyne 2.7 leaves out: Enter presses a
// button, Escape leaves, the focus is a visible ring and is scrolled into view, and a status is a shape and
// a word before it is a colour.
package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// Host is the page round a widget: it gets the keys that the widget has no use for. Fyne gives a key to
// the focused widget only, so each widget hands on what it does not want.
type Host struct {
	// OnKey takes keys such as Escape and Page Down.
	OnKey func(*fyne.KeyEvent)
	// OnShortcut takes keys with a modifier.
	OnShortcut func(*desktop.CustomShortcut)
	// OnFocus learns which widget the keyboard is on, to bring it into view.
	OnFocus func(fyne.CanvasObject)
}

func (h *Host) key(e *fyne.KeyEvent) {
	if h != nil && h.OnKey != nil {
		h.OnKey(e)
	}
}

func (h *Host) shortcut(s fyne.Shortcut) {
	if c, ok := s.(*desktop.CustomShortcut); ok && h != nil && h.OnShortcut != nil {
		h.OnShortcut(c)
	}
}

func (h *Host) focused(o fyne.CanvasObject) {
	if h != nil && h.OnFocus != nil {
		h.OnFocus(o)
	}
}
