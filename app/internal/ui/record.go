package ui

import (
	"context"
	"time"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// recent is how long a marked moment is offered to be taken back beside the user's words: for as long as it may
// belong to what they write about.
const recent = 30 * time.Minute

// moment is "It happened now" on the first page, while the record is on.
type moment struct {
	u     *UI
	s     *scope
	root  *containerT
	focus bool // the keyboard was on the button that has just been replaced
}

func newMoment(u *UI, s *scope) *moment {
	m := &moment{u: u, s: s, root: stack()}
	m.do(api.RecordStatus)
	return m
}

func (m *moment) do(action string) {
	m.focus = action != api.RecordStatus
	ask(m.s, quick, func(ctx context.Context) (api.RecordState, error) {
		return m.u.p.Service.Record(ctx, action)
	}, m.show)
}

func (m *moment) show(state api.RecordState, err error) {
	u := m.u
	switch {
	case err != nil && m.focus:
		fill(m.root, u.problem(err, func() { m.do(api.RecordStatus) }))
	case err != nil || !state.On:
		fill(m.root) // somebody who reports a problem need not hear of a record that is not kept
	case len(state.Marks) > 0 && u.p.Now().Sub(state.Marks[0]) < recent:
		back := widgets.NewButton(u.inPage, widgets.Quiet, u.tr("record.forget"), func() { m.do(api.RecordForget) })
		fill(m.root, widgets.Body(u.tr("record.marked", "time", u.when(state.Marks[0]))),
			widgets.Caption(u.tr("record.goes")), row(back))
		m.take(back)
	default:
		now := widgets.NewButton(u.inPage, widgets.Secondary, u.tr("record.now"), func() { m.do(api.RecordNow) })
		fill(m.root, row(now), widgets.Caption(u.tr("record.how")))
		m.take(now)
	}
	u.shell.refresh()
}

// take keeps the keyboard where it was: the button under it is a new one.
func (m *moment) take(b *widgets.Button) {
	if m.focus {
		m.u.win.Canvas().Focus(b)
	}
}

// watching is the part of the settings about what Balise does by itself: the record and the tests in the
// background. Both are off until somebody switches them on.
type watching struct {
	u          *UI
	s          *scope
	root       *containerT
	background api.Setting
	known      bool // the settings were read
	record     api.RecordState
	read       bool // the record's state is known
	asked      int  // counts the requests: only the answer to the last one counts
	err        error
	ticked     string // the box that was ticked last, for the keyboard
}

func newWatching(u *UI, s *scope) *watching {
	w := &watching{u: u, s: s, root: stack()}
	w.do(api.RecordStatus)
	return w
}

// set takes the setting of the background tests.
func (w *watching) set(list []api.Setting) {
	w.background, w.known = find(list, "watch.background")
	w.show()
}

func (w *watching) do(action string) {
	w.asked++
	n := w.asked
	ask(w.s, quick, func(ctx context.Context) (api.RecordState, error) {
		return w.u.p.Service.Record(ctx, action)
	}, func(state api.RecordState, err error) {
		if n != w.asked {
			return
		}
		w.err = err
		if err == nil {
			w.record, w.read = state, true
		}
		w.show()
	})
}

func (w *watching) show() {
	u, r := w.u, w.record
	if !w.read && w.err == nil {
		return
	}
	parts := objects{
		widgets.Heading(u.tr("record.title")), widgets.Body(u.tr("record.what")),
		widgets.Body(u.tr("record.kept")),
	}
	keep := widgets.NewCheck(u.inPage, u.tr("record.switch"), r.On, w.keep)
	parts.add(keep)
	if r.Locked {
		keep.Disable()
		parts.add(widgets.Caption(u.tr("settings.locked", "file", widgets.Line(r.Why))))
	}
	if r.On {
		if !r.Since.IsZero() {
			parts.add(widgets.Caption(u.tr("record.state", "time", u.when(r.Since), "size", u.size(r.Bytes))))
		}
		if key := "window.record.paused." + r.Paused; r.Paused != "" && u.t.Has(key) {
			parts.add(widgets.Caption(u.t.T(key)))
		}
	}
	if w.err != nil {
		parts.add(u.problem(w.err, func() { w.do(api.RecordStatus) }))
	}
	all := objects{widgets.NewPanel(widgets.ToneCard, parts...)}
	if w.known {
		all.add(w.tests())
	}
	fill(w.root, all...)
	if w.ticked == "record" {
		u.win.Canvas().Focus(keep)
	}
	w.ticked = ""
	u.shell.refresh()
}

func (w *watching) keep(on bool) {
	w.ticked = "record"
	if on {
		w.do(api.RecordOn)
		return
	}
	w.do(api.RecordOff)
}

// tests is the switch of the tests in the background.
func (w *watching) tests() object {
	u := w.u
	box := widgets.NewCheck(u.inPage, u.tr("background.switch"), w.background.Value == settingOn, w.test)
	parts := objects{widgets.Heading(u.tr("background.title")), widgets.Body(u.tr("background.what")), box}
	if w.background.Locked {
		box.Disable()
		parts.add(widgets.Caption(u.tr("settings.locked", "file", widgets.Line(w.background.File))))
	}
	return widgets.NewPanel(widgets.ToneCard, parts...)
}

// The values of a setting that is switched.
const (
	settingOn  = "on"
	settingOff = "off"
)

func (w *watching) test(on bool) {
	value := settingOff
	if on {
		value = settingOn
	}
	do(w.s, quick, func(ctx context.Context) error {
		return w.u.p.Service.SetConfig(ctx, "watch.background", value)
	}, func(err error) {
		if w.err = err; err != nil {
			w.show()
			return
		}
		w.background.Value = value
	})
}
