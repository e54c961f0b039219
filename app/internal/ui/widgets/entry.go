package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// maxTyped bounds what an entry holds, in bytes. Fyne lays a text field out again at every key: a
// megabyte takes the better part of a minute. What is longer goes along as a file.
const maxTyped = 10_000

// Entry is a text field that Tab leaves, Escape leaves to the page, and no paste can choke.
type Entry struct {
	widget.Entry
	// OnFull is called when a text was cut to the limit.
	OnFull func()
	// OnEnter is called on Enter in a field of one line.
	OnEnter func()

	host *Host
}

// NewEntry makes a field of one line.
func NewEntry(h *Host) *Entry {
	e := &Entry{host: h}
	e.ExtendBaseWidget(e)
	e.OnSubmitted = func(string) {
		if e.OnEnter != nil {
			e.OnEnter()
		}
	}
	return e
}

// NewPassword makes a field whose text is hidden.
func NewPassword(h *Host) *Entry {
	e := NewEntry(h)
	e.Password = true
	return e
}

// NewArea makes a field of several lines, for typing only; it is never used to show a text.
func NewArea(h *Host, rows int) *Entry {
	e := &Entry{host: h}
	e.MultiLine = true
	e.Wrapping = fyne.TextWrapWord
	e.ExtendBaseWidget(e)
	e.SetMinRowsVisible(rows)
	return e
}

// AcceptsTab says no: Tab goes to the next widget, also from several lines.
func (e *Entry) AcceptsTab() bool { return false }

// FocusGained tells the page.
func (e *Entry) FocusGained() { e.Entry.FocusGained(); e.host.focused(e) }

// TypedKey keeps the keys of a text field and hands on the others.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		e.host.key(k)
	case fyne.KeyPageUp, fyne.KeyPageDown:
		if e.MultiLine {
			e.Entry.TypedKey(k)
		} else {
			e.host.key(k)
		}
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedRune adds a letter while there is room.
func (e *Entry) TypedRune(r rune) {
	if len(e.Text) >= maxTyped {
		e.full()
		return
	}
	e.Entry.TypedRune(r)
}

// TypedShortcut pastes at most what there is room for, and hands on what a text field has no use for.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutPaste:
		room := max(0, maxTyped-len(e.Text))
		whole := s.Clipboard.Content()
		text := cutRunes(whole, room)
		if text != "" {
			e.Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: &clip{text}})
		}
		if len(text) < len(whole) {
			e.full()
		}
	case *desktop.CustomShortcut:
		if mine(s) {
			e.host.shortcut(s)
			return
		}
		e.Entry.TypedShortcut(s)
	default:
		e.Entry.TypedShortcut(s)
	}
}

// mine tells which shortcuts belong to the page even while a text is typed: Ctrl+Enter, Ctrl+digit,
// Alt+anything; the arrows with Ctrl move by words and stay.
func mine(s *desktop.CustomShortcut) bool {
	if s.Modifier&fyne.KeyModifierAlt != 0 {
		return true
	}
	switch s.KeyName {
	case fyne.KeyReturn, fyne.KeyEnter:
		return true
	}
	return len(s.KeyName) == 1 && s.KeyName[0] >= '0' && s.KeyName[0] <= '9'
}

func (e *Entry) full() {
	if e.OnFull != nil {
		e.OnFull()
	}
}

// SetText replaces the text, cut to the limit.
func (e *Entry) SetText(s string) {
	cut := cutRunes(s, maxTyped)
	e.Entry.SetText(cut)
	if len(cut) < len(s) {
		e.full()
	}
}

// cutRunes cuts s to at most n bytes, between two letters.
func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// clip is a clipboard of one text.
type clip struct{ text string }

func (c *clip) Content() string     { return c.text }
func (c *clip) SetContent(s string) { c.text = s }

// Check is a tick box that Enter and Space toggle.
type Check struct {
	widget.Check
	host *Host
}

// NewCheck makes a tick box.
func NewCheck(h *Host, text string, on bool, changed func(bool)) *Check {
	c := &Check{host: h}
	c.Text, c.Checked = text, on
	c.ExtendBaseWidget(c)
	c.OnChanged = changed
	return c
}

// FocusGained tells the page.
func (c *Check) FocusGained() { c.Check.FocusGained(); c.host.focused(c) }

// TypedKey toggles on Enter; Space arrives as a letter and Fyne toggles on that.
func (c *Check) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		c.SetChecked(!c.Checked)
	default:
		c.host.key(k)
	}
}

// TypedShortcut hands on what has a modifier.
func (c *Check) TypedShortcut(s fyne.Shortcut) { c.host.shortcut(s) }

// Select is a list to choose one of.
type Select struct {
	widget.Select
	host *Host
}

// NewSelect makes a choice.
func NewSelect(h *Host, options []string, changed func(string)) *Select {
	s := &Select{host: h}
	s.Options = options
	s.ExtendBaseWidget(s)
	s.OnChanged = changed
	return s
}

// FocusGained tells the page.
func (s *Select) FocusGained() { s.Select.FocusGained(); s.host.focused(s) }

// TypedKey opens the choice on Enter and Space, and steps through it with the arrows.
func (s *Select) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		s.Select.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case fyne.KeyEscape, fyne.KeyPageUp, fyne.KeyPageDown:
		s.host.key(k)
	default:
		s.Select.TypedKey(k)
	}
}

// TypedShortcut hands on what has a modifier.
func (s *Select) TypedShortcut(sc fyne.Shortcut) { s.host.shortcut(sc) }

// List is a list that Enter chooses from.
type List struct {
	widget.List
	host *Host
}

// NewList makes a list.
func NewList(h *Host, n func() int, make func() fyne.CanvasObject,
	fill func(int, fyne.CanvasObject), chosen func(int),
) *List {
	l := &List{host: h}
	l.Length, l.CreateItem = n, make
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) { fill(id, o) }
	l.OnSelected = func(id widget.ListItemID) { chosen(id) }
	l.ExtendBaseWidget(l)
	return l
}

// FocusGained tells the page.
func (l *List) FocusGained() { l.List.FocusGained(); l.host.focused(l) }

// TypedKey chooses on Enter as on Space.
func (l *List) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		l.List.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case fyne.KeySpace, fyne.KeyUp, fyne.KeyDown:
		l.List.TypedKey(k)
	default:
		l.host.key(k)
	}
}

// TypedShortcut hands on what has a modifier.
func (l *List) TypedShortcut(s fyne.Shortcut) { l.host.shortcut(s) }
