package ui

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// describe is the first page: what is happening, in the user's words. The self-tests run beside it, and
// what the desk already knows stands above it.
type describe struct {
	u       *UI
	s       *scope
	entry   *widgets.Entry
	hint    *widget.RichText
	notices *containerT
	tests   *testList
	files   *filePicker
	guess   *symptoms
	about   *containerT
	shown   string // what about was built for
}

func (u *UI) buildDescribe(s *scope, incident string) *page {
	d := &describe{u: u, s: s, notices: stack(), about: stack()}
	if u.flow.inc.Form != nil {
		u.flow.drop() // a request that was not sent; this page is for what does not work
	}
	u.flow.begin(incident)
	d.entry = widgets.NewArea(u.inPage, 8)
	d.entry.SetPlaceHolder(u.tr("describe.placeholder"))
	d.entry.SetText(u.flow.in.Description)
	d.hint = widgets.Muted(u.tr("describe.hint"))
	d.entry.OnChanged = func(text string) {
		u.flow.in.Description = text
		widgets.SetText(d.hint, u.tr("describe.hint"))
		d.guess.typing()
	}
	d.entry.OnFull = func() { widgets.SetText(d.hint, u.tr("describe.full")) }
	d.guess = newSymptoms(u, s)
	d.tests = newTestList(u)
	d.files = newFilePicker(u, u.inPage, &u.flow.in.Attach, nil)
	next := widgets.NewButton(u.outPage, widgets.Primary, u.t.T("button.continue"), d.next)
	left := stack(d.entry, d.hint, d.guess.root, newMoment(u, s).root, d.files.root, d.about)
	p := &page{
		body: objects{
			widgets.Title(u.tr("describe.title")), d.notices,
			container.New(widgets.Split(620, 0.58), left, d.tests.root),
		},
		foot: objects{next}, primary: next, focus: d.entry, wide: true,
		drop: d.files.add, reload: d.readNotices,
	}
	u.flow.changed = d.refresh
	d.refresh()
	d.readNotices()
	return p
}

func (d *describe) refresh() {
	f := d.u.flow
	d.tests.refresh()
	d.guess.refresh()
	cut := d.cutShort()
	shown := fmt.Sprint(len(cut), f.openErr, f.inc.HasScreenshot, d.u.known, d.u.state.Desk.Practice,
		d.u.state.Desk.SignedIn)
	if shown == d.shown {
		return
	}
	d.shown = shown
	var about objects
	switch {
	case f.openErr != nil:
		about.add(d.u.problem(f.openErr, func() { f.begin("") }))
	case f.inc.HasScreenshot:
		about.add(widgets.Caption(d.u.tr("describe.picture", "time", d.u.when(f.inc.Opened))))
	}
	if desk := d.u.state.Desk; d.u.known && !desk.Practice && !desk.SignedIn {
		about.add(widgets.NewPanel(widgets.ToneInfo, widgets.Body(d.u.tr("describe.signed_out")),
			row(widgets.NewButton(d.u.inPage, widgets.Secondary, d.u.tr("signin.open"),
				func() { d.u.go_(route{name: pageSignIn}) }))))
	}
	fill(d.about, append(cut, about...)...)
	d.u.shell.refresh()
}

// cutShort says what came of a repair that a crash or a power cut ended; nobody was there to be told.
func (d *describe) cutShort() (panels objects) {
	for _, a := range d.u.flow.inc.Attempts {
		if a.Reason == "interrupted" {
			panels.add(widgets.NewPanel(widgets.ToneInfo, widgets.Heading(d.u.repairText(a.ID, "title")),
				widgets.Body(d.u.t.T("repair.reason."+a.Reason))))
		}
	}
	return panels
}

func (d *describe) next() {
	if strings.TrimSpace(d.entry.Text) == "" {
		widgets.SetText(d.hint, d.u.tr("describe.empty"))
		d.u.win.Canvas().Focus(d.entry)
		return
	}
	d.u.go_(route{name: pageVerdict})
}

// readNotices shows the desk's known outages, which may spare the user the whole report.
func (d *describe) readNotices() {
	ask(d.s, asking, d.u.p.Service.Notices, func(list []api.Notice, err error) {
		if err != nil {
			return // an outage list that cannot be had is no news for somebody who reports a problem
		}
		var panels objects
		for _, n := range list {
			panels.add(d.notice(n))
		}
		fill(d.notices, panels...)
		d.u.shell.refresh()
	})
}

func (d *describe) notice(n api.Notice) object {
	parts := objects{widgets.Heading(d.u.tr("notice.known", "title", widgets.Line(n.Title)))}
	if n.Text != "" {
		parts.add(widgets.Body(n.Text))
	}
	if !n.Until.IsZero() {
		parts.add(widgets.Caption(d.u.tr("notice.until", "time", d.u.when(n.Until))))
	}
	parts.add(row(widgets.NewButton(d.u.inPage, widgets.Secondary, d.u.tr("notice.me_too"), func() {
		d.u.meToo(n)
	})))
	return widgets.NewPanel(widgets.ToneWarn, parts...)
}

// meToo joins a known outage: nothing to describe, only to look at what leaves and to send it.
func (u *UI) meToo(n api.Notice) {
	u.flow.in.Subject = u.tr("notice.subject", "title", widgets.Line(n.Title))
	if strings.TrimSpace(u.flow.in.Description) == "" {
		u.flow.in.Description = u.tr("notice.text", "title", widgets.Line(n.Title))
	}
	u.go_(route{name: pageReview})
}
