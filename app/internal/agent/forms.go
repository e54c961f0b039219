package agent

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"balise/app/internal/incident"
	"balise/app/internal/ipc/api"
	"balise/diagnostics/pack"
)

// What an answer may be long where a form does not say.
const (
	maxLine = 200
	maxLong = 4000
)

func (now *inForce) form(id string) (pack.Form, bool) {
	i := slices.IndexFunc(now.set.Forms, func(f pack.Form) bool { return f.ID == id })
	if i < 0 {
		return pack.Form{}, false
	}
	return now.set.Forms[i], true
}

// Forms are the requests that can be made.
func (a *Agent) Forms(context.Context) ([]api.Form, error) {
	now, lang := a.packs.get(), a.language()
	out := make([]api.Form, 0, len(now.set.Forms))
	for _, f := range now.set.Forms {
		out = append(out, now.formIn(f, lang))
	}
	return out, nil
}

// formIn is a form in words.
func (now *inForce) formIn(f pack.Form, lang string) api.Form {
	out := api.Form{
		ID: f.ID, Kind: f.Kind, Title: f.Title.In(lang), Intro: f.Intro.In(lang),
		Publisher: now.publisher(lang, func(p pack.Pack) bool {
			return slices.ContainsFunc(p.Forms, func(o pack.Form) bool { return o.ID == f.ID })
		}),
	}
	for _, field := range f.Fields {
		x := api.FormField{
			ID: field.ID, Label: field.Label.In(lang), Type: field.Type, Required: field.Required, Max: field.Max,
		}
		for _, o := range field.Options {
			x.Options = append(x.Options, api.FormOption{ID: o.ID, Text: o.Text.In(lang)})
		}
		out.Fields = append(out.Fields, x)
	}
	return out
}

// openForm is the form that an incident is to be about; nil for none.
func (a *Agent) openForm(id string) (*api.Form, error) {
	if id == "" {
		return nil, nil
	}
	now := a.packs.get()
	f, ok := now.form(id)
	if !ok {
		return nil, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": id}, Detail: "no such form"}
	}
	out := now.formIn(f, a.language())
	return &out, nil
}

// filled is a form's answers as the report shows them, in the technician's language; nil for an incident. What the
// form does not ask, or an answer that does not fit, is refused.
func (a *Agent) filled(i api.Incident, fields map[string]string) (*incident.Request, error) {
	if i.Form == nil {
		if len(fields) > 0 {
			return nil, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": "fields"}, Detail: "no form"}
		}
		return nil, nil
	}
	now := a.packs.get()
	f, ok := now.form(i.Form.ID)
	if !ok {
		return nil, &api.Error{Code: api.CodeNotFound, Detail: "the form's pack is gone"}
	}
	for id := range fields {
		if !slices.ContainsFunc(f.Fields, func(x pack.Field) bool { return x.ID == id }) {
			return nil, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": id}, Detail: "no such field"}
		}
	}
	lang := a.deskLanguage()
	req := &incident.Request{
		Form: f.ID, Kind: f.Kind, Title: f.Title.In(lang), Category: f.Category, Level: f.Level, Queue: f.Queue,
	}
	for _, x := range f.Fields {
		given := strings.TrimSpace(fields[x.ID])
		if why := fits(x, given); why != "" {
			return nil, &api.Error{
				Code: why, Args: map[string]string{"field": x.Label.In(a.language()), "id": x.ID, "max": strconv.Itoa(limit(x))},
			}
		}
		if given == "" {
			continue
		}
		shown := given
		if i := slices.IndexFunc(x.Options, func(o pack.Choice) bool { return o.ID == given }); x.Type == "choice" && i >= 0 {
			shown = x.Options[i].Text.In(lang)
		}
		req.Fields = append(req.Fields, incident.RequestField{
			ID: x.ID, Label: x.Label.In(lang), Type: x.Type, Value: given, Shown: shown,
		})
	}
	return req, nil
}

func limit(x pack.Field) int {
	switch {
	case x.Max > 0:
		return x.Max
	case x.Type == "long":
		return maxLong
	}
	return maxLine
}

// fits is the code of what is wrong with an answer; empty when nothing is.
func fits(x pack.Field, given string) string {
	if given == "" {
		if x.Required {
			return api.CodeFieldRequired
		}
		return ""
	}
	ok := true
	switch x.Type {
	case "text", "long":
		if utf8.RuneCountInString(given) > limit(x) {
			return api.CodeFieldLong
		}
		ok = x.Type == "long" || !strings.ContainsAny(given, "\r\n")
	case "choice":
		ok = slices.ContainsFunc(x.Options, func(o pack.Choice) bool { return o.ID == given })
	case "number":
		n, err := strconv.ParseFloat(given, 64)
		ok = err == nil && n >= 0 && (x.Max == 0 || n <= float64(x.Max)) && n < 1e12
	case "date":
		_, err := time.Parse(time.DateOnly, given)
		ok = err == nil
	case "yesno":
		ok = given == "yes" || given == "no"
	default:
		ok = false
	}
	if !ok {
		return api.CodeFieldBad
	}
	return ""
}
