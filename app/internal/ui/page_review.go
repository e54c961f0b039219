package ui

import (
	"context"
	"image"
	"maps"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildReview shows what would leave, to the byte, and lets the user hold parts of it back.
func (u *UI) buildReview(s *scope) *page {
	u.flow.begin("")
	r := &review{u: u, s: s, main: stack(), top: stack(), open: map[string]bool{}}
	p := &page{escape: func() {
		if asked := u.flow.inc.Form; asked != nil {
			u.go_(route{pageRequest, asked.ID})
			return
		}
		u.go_(route{name: pageVerdict})
	}}
	r.send = widgets.NewButton(u.outPage, widgets.Primary, u.t.T("button.send"), r.onSend)
	r.send.Disable()
	back := widgets.NewButton(u.outPage, widgets.Secondary, u.t.T("button.back"), p.escape)
	r.subject = widgets.NewEntry(u.inPage)
	if u.flow.in.Subject == "" {
		u.flow.in.Subject = subjectOf(u.flow.in.Description)
	}
	r.subject.SetText(u.flow.in.Subject)
	r.subject.OnChanged = func(t string) { u.flow.in.Subject = t; r.soon() }
	r.files = newFilePicker(u, u.inPage, &u.flow.in.Attach, r.soon)
	r.picture = newPicture(u, r.soon)
	r.topic = newTopic(u, r.soon)
	p.body = objects{
		widgets.Title(u.tr("review.title")), r.top, field(u.tr("review.subject"), r.subject),
		r.topic.root, r.main, r.picture.root, widgets.Heading(u.tr("review.files")), r.files.root,
	}
	p.foot, p.primary, p.focus = objects{back, r.send}, r.send, r.subject
	p.drop = r.files.add
	u.flow.changed = r.refresh
	r.refresh()
	return p
}

type review struct {
	u       *UI
	s       *scope
	top     *containerT
	main    *containerT
	subject *widgets.Entry
	files   *filePicker
	picture *picture
	topic   *topic
	send    *widgets.Button

	made    *api.Review
	err     error
	making  bool
	asked   int             // counts requests: only the answer to the last one counts
	changes int             // counts changes, to wait for a pause between them
	open    map[string]bool // the sections that are unfolded
	started bool
	ticked  string         // the section whose box was ticked last,
	focus   fyne.Focusable // and its box in the page as it was built anew
}

// pause is how long the user's ticks and letters must rest before the report is built again.
const pause = 500 * time.Millisecond

func (r *review) soon() {
	r.changes++
	n := r.changes
	r.send.Disable()
	r.s.after(pause, func() {
		if n == r.changes {
			r.build()
		}
	})
}

// build asks for the report as it would leave now. What is shown is what the agent made, never a guess.
func (r *review) build() {
	f := r.u.flow
	if f.inc.ID == "" || f.submitting {
		return
	}
	r.asked++
	n, id, in := r.asked, f.inc.ID, f.input()
	r.making, r.err = true, nil
	r.send.Disable()
	ask(r.s, making, func(ctx context.Context) (api.Review, error) {
		return r.u.p.Service.Review(ctx, id, in)
	}, func(v api.Review, err error) {
		if n != r.asked {
			return
		}
		r.making, r.err = false, err
		if err == nil {
			r.made = &v
			r.topic.set(v.Category)
		}
		r.show()
	})
	r.head()
}

// refresh follows the incident: the report is built once the self-tests are through.
func (r *review) refresh() {
	f := r.u.flow
	r.picture.refresh()
	if !r.started && f.inc.ID != "" && !f.testing {
		r.started = true
		r.build()
	}
	r.head()
	if f.submitting {
		r.send.Disable()
	} else if f.sendErr != nil && r.made != nil && !r.making {
		r.send.Enable()
	}
}

func (r *review) head() {
	f, u := r.u.flow, r.u
	var top objects
	switch {
	case f.openErr != nil:
		top.add(u.problem(f.openErr, func() { f.begin("") }))
	case f.submitting:
		top.add(busy(u.tr("review.sending")))
	case f.sendErr != nil:
		top.add(u.problem(f.sendErr, f.send))
	case r.err != nil:
		top.add(u.problem(r.err, r.build))
	case f.testing || f.opening:
		top.add(busy(u.tr("review.testing", "done", f.done(), "total", max(f.total, f.done()))))
	case r.making && r.made == nil:
		top.add(busy(u.tr("review.making")))
	case r.made != nil:
		top.add(widgets.Body(u.tr("review.to", "desk", widgets.Line(r.made.Desk))))
		if text := r.masked(); text != "" {
			top.add(widgets.Muted(text))
		}
	}
	fill(r.top, top...)
	u.shell.refresh()
}

// masked says what was replaced, by kind.
func (r *review) masked() string {
	text := ""
	for _, kind := range slices.Sorted(maps.Keys(r.made.Masked)) {
		n := r.made.Masked[kind]
		if n <= 0 {
			continue
		}
		key := "window.masked." + kind
		if !r.u.t.Has(key + ".one") {
			key = "window.masked.name"
		}
		part := r.u.t.N(key, n)
		if text != "" {
			part = r.u.tr("masked_more", "before", text, "next", part)
		}
		text = part
	}
	if text == "" {
		return ""
	}
	return r.u.tr("review.masked", "list", text)
}

func (r *review) show() {
	r.head()
	if r.made == nil {
		return
	}
	var parts, sections objects
	for _, sec := range r.made.Sections {
		if sec.ID == sectionScreenshot && r.u.flow.picture != nil {
			continue // the picture's own part of the page says it
		}
		if len(sections) > 0 {
			sections.add(widget.NewSeparator())
		}
		sections.add(r.section(sec)...)
	}
	parts.add(widgets.NewPanel(widgets.ToneCard, sections...))
	if len(r.made.Files) > 0 {
		var list objects
		for _, file := range r.made.Files {
			list.add(r.file(file))
		}
		parts.add(widgets.NewPanel(widgets.ToneCard,
			append(objects{widgets.Heading(r.u.tr("review.attached"))}, list...)...))
	}
	// The boxes are new ones: the keyboard stays where it was.
	keep := r.ticked != "" && r.u.win.Canvas().Focused() != fyne.Focusable(r.subject)
	fill(r.main, parts...)
	if keep && r.focus != nil {
		r.u.win.Canvas().Focus(r.focus)
	}
	r.ticked, r.focus = "", nil
	if r.err == nil && !r.making {
		r.send.Enable()
	}
	r.u.shell.refresh()
}

const sectionScreenshot = "screenshot"

// longestTick is what fits beside the fold on a small screen at 200 %.
const longestTick = 30

// section is one part of the report: a tick box where it may be held back, and the exact text.
func (r *review) section(sec api.ReviewSection) objects {
	u := r.u
	title := widgets.Short(sec.Title, longestTick) // a tick box does not wrap
	var name object = widgets.Heading(title)
	var notes objects
	switch {
	case sec.Locked != "":
		word := "review.locked_sent"
		if sec.Withheld {
			word = "review.locked_held"
		}
		notes.add(widgets.Caption(u.tr(word, "file", widgets.Line(sec.Locked))))
	case sec.Optional:
		check := widgets.NewCheck(u.inPage, title, !sec.Withheld, func(on bool) { r.tick(sec.ID, on) })
		if r.ticked == sec.ID {
			r.focus = check
		}
		name = check
	}
	if sec.Withheld && sec.Locked == "" {
		notes.add(widgets.Caption(u.tr("review.withheld")))
	}
	if sec.Text == "" || sec.Withheld {
		return append(objects{name}, notes...)
	}
	fold := widgets.NewFoldBeside(u.inPage, name, u.tr("review.exact"), func() object {
		r.open[sec.ID] = true
		return widgets.Exact(sec.Text)
	})
	if r.open[sec.ID] {
		fold.Toggle()
	}
	return append(objects{fold}, notes...)
}

func (r *review) tick(id string, on bool) {
	in := &r.u.flow.in
	r.ticked = id
	in.Withhold = slices.DeleteFunc(in.Withhold, func(s string) bool { return s == id })
	if !on {
		in.Withhold = append(in.Withhold, id)
	}
	r.soon()
}

func (r *review) file(f api.ReviewFile) object {
	text := widgets.Body(r.u.tr("files.one", "name", widgets.Line(f.Name), "size", r.u.size(f.Size)))
	if f.Preview == "" {
		return text
	}
	return widgets.NewFoldBeside(r.u.inPage, text, r.u.tr("review.exact"), func() object {
		return widgets.Exact(f.Preview)
	})
}

func (r *review) onSend() {
	if r.send.Disabled() || r.made == nil {
		return
	}
	r.changes++ // a rebuild that waits is not needed: Send builds from the same input
	r.u.flow.send()
}

// rects turns rectangles of the picture into those of api.
func rects(in []image.Rectangle) []api.Rect {
	out := make([]api.Rect, 0, len(in))
	for _, r := range in {
		out = append(out, api.Rect{X: r.Min.X, Y: r.Min.Y, W: r.Dx(), H: r.Dy()})
	}
	return out
}

func rectangles(in []api.Rect) []image.Rectangle {
	out := make([]image.Rectangle, 0, len(in))
	for _, r := range in {
		out = append(out, image.Rect(r.X, r.Y, r.X+r.W, r.Y+r.H))
	}
	return out
}
