package cli

import (
	"context"
	"flag"
	"slices"
	"strings"

	"balise/app/internal/ipc/api"
)

const (
	schemaForms    = "balise.forms/1"
	schemaSymptoms = "balise.symptoms/1"
)

// FormsDoc is `balise request --json` without a form.
type FormsDoc struct {
	Schema string     `json:"schema" doc:"name and version of this document"`
	Forms  []api.Form `json:"forms" doc:"the requests that can be made, with what each asks"`
}

// SymptomsDoc is `balise symptoms --json`.
type SymptomsDoc struct {
	Schema   string             `json:"schema" doc:"name and version of this document"`
	Symptoms []api.SymptomMatch `json:"symptoms" doc:"what people complain of; with a text, those that fit it, the likeliest first"`
}

// requestCommands are about what people ask for and complain of, in the words of packs.
func requestCommands() []*command {
	return []*command{
		{path: "request", args: []string{"[FORM]"}, flags: requestFlags, run: runRequest},
		{path: "symptoms", args: []string{"[TEXT]"}, run: runSymptoms},
	}
}

func requestFlags(fs *flag.FlagSet, o *options) {
	fs.Var(&o.fields, "set", "`FIELD=VALUE`")
	fs.StringVar(&o.subject, "subject", "", "`TEXT`")
	fs.StringVar(&o.description, "description", "", "`TEXT|-`")
	fs.Var(&o.attach, "attach", "`FILE`")
	fs.BoolVar(&o.yes, "yes", false, "")
}

// runSymptoms lists what people complain of.
func runSymptoms(ctx context.Context, s *session, line commandLine) error {
	text := strings.Join(line.args, " ")
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := s.svc.Symptoms(ctx, text)
	if err != nil {
		return err
	}
	s.out.document(SymptomsDoc{Schema: schemaSymptoms, Symptoms: list})
	if len(list) == 0 {
		s.out.say(s.t("cli.symptoms.none"))
	}
	for _, m := range list {
		row := cleanLine(m.Title)
		if len(m.Words) > 0 {
			row += " " + s.t("cli.symptoms.words", "words", cleanLine(strings.Join(m.Words, ", ")))
		}
		s.out.item("- ", "  ", s.pair(m.ID, row))
	}
	return nil
}

// runRequest lists the forms, or fills one in and sends it.
func runRequest(ctx context.Context, s *session, line commandLine) error {
	if len(line.args) == 0 {
		return s.listForms(ctx)
	}
	fields, err := fieldsOf(line.opts.fields)
	if err != nil {
		return err
	}
	line.opts.subjectFree = true
	in, err := s.reportInput(line)
	if err != nil {
		return err
	}
	in.Fields = fields
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	form, err := s.form(ctx, line.args[0])
	if err != nil {
		return err
	}
	for id := range fields {
		if !slices.ContainsFunc(form.Fields, func(f api.FormField) bool { return f.ID == id }) {
			return usage("request_field", "field", id, "fields", fieldNames(form))
		}
	}
	inc, err := s.svc.OpenIncident(ctx, api.OpenRequest{Form: form.ID})
	if err != nil {
		return err
	}
	sent := false
	defer func() {
		if !sent {
			s.closeIncident(inc.ID)
		}
	}()
	if !line.opts.yes {
		if yes, err := s.reviewed(ctx, inc.ID, in); err != nil || !yes {
			return err
		}
	}
	got, err := s.svc.Send(ctx, inc.ID, in)
	if err != nil {
		return err
	}
	sent = true
	return s.printSent(got)
}

func (s *session) form(ctx context.Context, id string) (api.Form, error) {
	forms, err := s.svc.Forms(ctx)
	if err != nil {
		return api.Form{}, err
	}
	i := slices.IndexFunc(forms, func(f api.Form) bool { return f.ID == id })
	if i < 0 {
		return api.Form{}, usage("request_form", "form", id)
	}
	return forms[i], nil
}

// fieldsOf reads --set FIELD=VALUE.
func fieldsOf(list []string) (map[string]string, error) {
	fields := map[string]string{}
	for _, one := range list {
		id, value, ok := strings.Cut(one, "=")
		if !ok || id == "" {
			return nil, usage("request_set", "value", one)
		}
		fields[id] = value
	}
	return fields, nil
}

func fieldNames(f api.Form) string {
	names := make([]string, len(f.Fields))
	for i, field := range f.Fields {
		names[i] = field.ID
	}
	return strings.Join(names, ", ")
}

func (s *session) listForms(ctx context.Context) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	forms, err := s.svc.Forms(ctx)
	if err != nil {
		return err
	}
	s.out.document(FormsDoc{Schema: schemaForms, Forms: forms})
	if len(forms) == 0 {
		s.out.say(s.t("cli.request.none"))
	}
	for _, f := range forms {
		s.out.item("- ", "  ", s.pair(f.ID, cleanLine(f.Title)))
		for _, field := range f.Fields {
			s.out.item("    ", "      ", s.pair(field.ID, s.fieldHelp(field)))
		}
	}
	return nil
}

// fieldHelp says what a field asks, and what can be answered.
func (s *session) fieldHelp(f api.FormField) string {
	parts := []string{cleanLine(f.Label)}
	switch f.Type {
	case "choice":
		var options []string
		for _, o := range f.Options {
			options = append(options, o.ID+" ("+cleanLine(o.Text)+")")
		}
		parts = append(parts, strings.Join(options, ", "))
	case "date", "number", "yesno":
		parts = append(parts, s.t("cli.request.type."+f.Type))
	}
	if f.Required {
		parts = append(parts, s.t("cli.request.required"))
	}
	return strings.Join(parts, "; ")
}
