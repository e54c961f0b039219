package ui

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// buildRequest lists what can be asked for, or shows one form: a program, a device, access to something.
func (u *UI) buildRequest(s *scope, form string) *page {
	if form != "" {
		return u.buildForm(s, form)
	}
	list := stack(busy(u.tr("request.reading")))
	p := &page{body: objects{widgets.Title(u.tr("request.title")), widgets.Muted(u.tr("request.intro")), list}}
	p.reload = func() {
		ask(s, quick, u.p.Service.Forms, func(forms []api.Form, err error) {
			if err != nil {
				fill(list, u.problem(err, p.reload))
				return
			}
			fill(list, u.formCards(forms)...)
			u.shell.refresh()
		})
	}
	p.reload()
	return p
}

func (u *UI) formCards(forms []api.Form) objects {
	var cards objects
	for _, f := range forms {
		parts := objects{widgets.Heading(widgets.Line(f.Title))}
		if f.Intro != "" {
			parts.add(widgets.Body(f.Intro))
		}
		if f.Publisher != "" {
			parts.add(widgets.Caption(u.tr("request.from", "name", widgets.Line(f.Publisher))))
		}
		parts.add(row(widgets.NewButton(u.inPage, widgets.Secondary, u.tr("request.fill"),
			func() { u.go_(route{pageRequest, f.ID}) })))
		cards.add(widgets.NewPanel(widgets.ToneCard, parts...))
	}
	if len(cards) == 0 {
		cards.add(widgets.Body(u.tr("request.none")))
	}
	return cards
}

// form is one form as it is filled in. What was typed lives in the flow.
type form struct {
	u      *UI
	root   *containerT
	errors map[string]*containerT // under each field
	inputs map[string]fyne.Focusable
	first  fyne.Focusable
	built  string
}

func (u *UI) buildForm(_ *scope, id string) *page {
	u.flow.request(id)
	f := &form{u: u, root: stack(), errors: map[string]*containerT{}, inputs: map[string]fyne.Focusable{}}
	p := &page{escape: func() { u.go_(route{name: pageRequest}) }}
	back := widgets.NewButton(u.outPage, widgets.Secondary, u.t.T("button.back"), p.escape)
	next := widgets.NewButton(u.outPage, widgets.Primary, u.t.T("button.continue"), f.next)
	p.body, p.foot, p.primary = objects{f.root}, objects{back, next}, next
	u.flow.changed = f.refresh
	f.refresh()
	p.focus = next
	if f.first != nil {
		p.focus = f.first
	}
	return p
}

func (f *form) refresh() {
	u, flow := f.u, f.u.flow
	switch {
	case flow.openErr != nil:
		fill(f.root, u.problem(flow.openErr, func() { u.go_(u.at) }))
	case flow.inc.Form == nil:
		fill(f.root, busy(u.tr("request.reading")))
	case f.built != flow.inc.ID:
		f.built = flow.inc.ID
		fill(f.root, f.fields(*flow.inc.Form)...)
		if f.first != nil {
			u.win.Canvas().Focus(f.first)
		}
	}
	u.shell.refresh()
}

func (f *form) fields(asked api.Form) objects {
	u := f.u
	out := objects{widgets.Title(widgets.Line(asked.Title))}
	if asked.Intro != "" {
		out.add(widgets.Body(asked.Intro))
	}
	for _, field := range asked.Fields {
		out.add(f.field(field))
	}
	out.add(widgets.Muted(u.tr("request.required")))
	return out
}

func (f *form) field(field api.FormField) object {
	u, in := f.u, &f.u.flow.in
	label := widgets.Line(field.Label)
	if field.Required {
		label = u.tr("request.must", "name", label)
	}
	set := func(value string) {
		if in.Fields == nil {
			in.Fields = map[string]string{}
		}
		in.Fields[field.ID] = value
		fill(f.errors[field.ID])
	}
	f.errors[field.ID] = stack()
	var input interface {
		fyne.Focusable
		fyne.CanvasObject
	}
	switch field.Type {
	case "choice", "yesno":
		input = f.choice(field, set)
	case "long":
		e := widgets.NewArea(u.inPage, 4)
		e.SetText(in.Fields[field.ID])
		e.OnChanged = set
		input = e
	default:
		e := widgets.NewEntry(u.inPage)
		if field.Type == "date" {
			e.SetPlaceHolder(u.tr("request.date_hint", "day", u.p.Now().Format(time.DateOnly)))
		}
		e.SetText(in.Fields[field.ID])
		e.OnChanged = set
		input = e
	}
	f.inputs[field.ID] = input
	if f.first == nil {
		f.first = input
	}
	return stack(widgets.Heading(label), input, f.errors[field.ID])
}

func (f *form) choice(field api.FormField, set func(string)) *widgets.Select {
	options := field.Options
	if field.Type == "yesno" {
		options = []api.FormOption{{ID: "yes", Text: f.u.tr("yes")}, {ID: "no", Text: f.u.tr("no")}}
	}
	var words []string
	for _, o := range options {
		words = append(words, widgets.Line(o.Text))
	}
	s := widgets.NewSelect(f.u.inPage, words, nil)
	s.PlaceHolder = f.u.tr("request.choose")
	for i, o := range options {
		if o.ID == f.u.flow.in.Fields[field.ID] {
			s.SetSelectedIndex(i)
		}
	}
	s.OnChanged = func(word string) {
		if i := slices.Index(words, word); i >= 0 {
			set(options[i].ID)
		}
	}
	return s
}

// next goes to the review, unless something is missing; the agent looks again at every answer.
func (f *form) next() {
	u := f.u
	if u.flow.inc.Form == nil {
		return
	}
	for _, field := range u.flow.inc.Form.Fields {
		if what := wrong(field, strings.TrimSpace(u.flow.in.Fields[field.ID])); what != "" {
			fill(f.errors[field.ID], widgets.NewPanel(widgets.ToneWarn,
				widgets.Body(u.tr("request."+what, "name", widgets.Line(field.Label), "max", field.Max))))
			u.win.Canvas().Focus(f.inputs[field.ID])
			u.shell.refresh()
			return
		}
	}
	u.go_(route{name: pageReview})
}

// wrong says what is wrong with an answer, or nothing.
func wrong(field api.FormField, value string) string {
	if value == "" {
		if field.Required {
			return "missing"
		}
		return ""
	}
	switch field.Type {
	case "number":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return "not_number"
		}
		if field.Max > 0 && n > field.Max {
			return "too_many"
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "not_date"
		}
	case "text", "long":
		if field.Max > 0 && len([]rune(value)) > field.Max {
			return "too_long"
		}
	}
	return ""
}

// request opens a request by a form, unless it is the one at hand. What was typed for another incident goes.
func (f *flow) request(form string) {
	if f.opening || f.sent == nil && f.inc.Form != nil && f.inc.Form.ID == form {
		return
	}
	f.drop()
	f.opening, f.openErr = true, nil
	ask(f.s, quick, func(ctx context.Context) (api.Incident, error) {
		return f.u.p.Service.OpenIncident(ctx, api.OpenRequest{Form: form})
	}, func(inc api.Incident, err error) {
		f.opening, f.openErr = false, err
		if err == nil {
			f.inc = inc
			if inc.Form != nil {
				f.in.Subject = widgets.Line(inc.Form.Title)
			}
		}
		f.notify()
	})
}
