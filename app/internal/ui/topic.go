package ui

import (
	"slices"

	"balise/app/internal/ui/widgets"
)

// topics are the categories that a desk sorts its tickets by.
func topics() []string {
	return []string{
		"network", "messaging", "applications", "files", "printing", "accounts", "workstation", "hardware",
		"updates", "security",
	}
}

// topic is what the ticket is about. Balise has found one; somebody who knows better chooses another.
type topic struct {
	u       *UI
	root    *containerT
	fold    *widgets.Fold
	choose  *widgets.Select
	changed func()
	shown   string
}

func newTopic(u *UI, changed func()) *topic {
	t := &topic{u: u, root: stack(), changed: changed}
	t.fold = widgets.NewFold(u.inPage, "", t.open)
	return t
}

// set says what the report is filed under; nothing, where Balise found no cause.
func (t *topic) set(category string) {
	t.shown = category
	text := t.u.tr("review.topic_none")
	if category != "" {
		text = t.u.tr("review.topic", "topic", t.name(category))
	}
	t.fold.Head.SetText(text)
	if len(t.root.Objects) == 0 {
		fill(t.root, t.fold)
	}
}

func (t *topic) name(category string) string {
	if key := "window.topic." + category; t.u.t.Has(key) {
		return t.u.t.T(key)
	}
	return widgets.Line(category)
}

func (t *topic) open() object {
	codes := topics()
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = t.name(code)
	}
	t.choose = widgets.NewSelect(t.u.inPage, names, nil)
	if i := slices.Index(codes, t.shown); i >= 0 {
		t.choose.SetSelectedIndex(i)
	}
	t.choose.OnChanged = func(name string) {
		t.u.flow.in.Category = codes[slices.Index(names, name)]
		t.changed()
	}
	if t.shown == "" {
		return widgets.Framed(t.choose)
	}
	return stack(widgets.Muted(t.u.tr("review.topic_how")), widgets.Framed(t.choose))
}
