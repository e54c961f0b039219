package incident

import (
	"cmp"
	"strings"

	"balise/app/internal/i18n"
	"balise/diagnostics/cause"
)

// Request is a form that the user filled in: a program, a device, access to something. Its words are the
// technician's language. Its answers were judged by whoever opened the form.
type Request struct {
	Form   string         `json:"form"`
	Kind   string         `json:"kind"`
	Title  string         `json:"title"`
	Fields []RequestField `json:"fields,omitempty"`
	// Where it belongs; these stand in the report's route.
	Category string `json:"category,omitempty"`
	Level    int    `json:"level,omitempty"`
	Queue    string `json:"queue,omitempty"`
}

// RequestField is one answer. Value is as it was given (an option, a day), Shown as people read it.
type RequestField struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Type  string `json:"type"`
	Value string `json:"value"`
	Shown string `json:"shown"`
}

// Symptom is what the user complains of, as a pack wrote it, in the technician's language.
type Symptom struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Technician is the pack's line for the person who takes the ticket.
	Technician string `json:"technician,omitempty"`
	Category   string `json:"category,omitempty"`
	Level      int    `json:"level,omitempty"`
	Urgency    string `json:"urgency,omitempty"`
	Queue      string `json:"queue,omitempty"`
}

// Requested is the form in the report.
type Requested struct {
	Form   string         `json:"form"`
	Kind   string         `json:"kind"`
	Title  string         `json:"title"`
	Fields []RequestField `json:"fields,omitempty"`
}

// Complained is the symptom in the report.
type Complained struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Technician string `json:"technician,omitempty"`
}

func (c *collector) requested() *Requested {
	q := c.req.Request
	if q == nil {
		return nil
	}
	out := &Requested{Form: q.Form, Kind: q.Kind, Title: oneLine(q.Title, maxSubject)}
	for _, f := range q.Fields {
		f.Label, f.Value = oneLine(f.Label, maxSubject), c.answer(f, f.Value)
		f.Shown = c.answer(f, f.Shown)
		out.Fields = append(out.Fields, f)
	}
	return out
}

// answer is redacted like the rest of the user's words; only a long one has several lines.
func (c *collector) answer(f RequestField, text string) string {
	if f.Type == "long" {
		return strings.TrimSpace(c.redactor.Words(text))
	}
	return c.line(c.redactor.Words, text, maxDetail)
}

func (c *collector) complained() *Complained {
	s := c.req.Symptom
	if s == nil {
		return nil
	}
	return &Complained{ID: s.ID, Title: oneLine(s.Title, maxSubject), Technician: oneLine(s.Technician, maxDetail)}
}

// routed fills in what no diagnosis says of where the ticket belongs. A request belongs where its form says.
func (c *collector) routed(r *Route) {
	if q := c.req.Request; q != nil {
		r.Category, r.Level = cmp.Or(oneLine(c.redactor.Code(c.req.Input.Category), maxSubject), q.Category), q.Level
		r.Impact, r.Urgency = "user", "low"
		return
	}
	if s := c.req.Symptom; s != nil {
		r.Category, r.Level = cmp.Or(r.Category, s.Category), cmp.Or(r.Level, s.Level)
		r.Impact, r.Urgency = cmp.Or(r.Impact, "user"), cmp.Or(r.Urgency, s.Urgency, "low")
	}
}

// queue is the one that a form or a symptom asks for; empty is the settings'. A cause of another category than the
// symptom's knows better where it belongs.
func (c *collector) queue() string {
	if c.req.Request != nil {
		return c.req.Request.Queue
	}
	s := c.req.Symptom
	if s == nil {
		return ""
	}
	if d := c.req.Diagnosis; d != nil && d.Problem() && d.Category != s.Category {
		return ""
	}
	return s.Queue
}

// requestSubject is what a request without a subject is called: the form and its first answer.
func (c *collector) requestSubject(q *Requested) string {
	for _, f := range q.Fields {
		if f.Type == "text" || f.Type == "choice" {
			return c.texts.T("report.request.subject", "title", q.Title, "what", f.Shown)
		}
	}
	return q.Title
}

// requestText is the filled form.
func (v *view) requestText() string {
	q := v.R.Request
	if q == nil {
		return ""
	}
	lines := []string{wrap(q.Title, "", "")}
	for _, f := range q.Fields {
		if strings.Contains(f.Shown, "\n") {
			lines = append(lines, wrap(v.named(f.Label, ""), "- ", "  "))
			for line := range strings.SplitSeq(f.Shown, "\n") {
				lines = append(lines, wrap(strings.TrimRight(line, " \t\r"), "  ", "  "))
			}
			continue
		}
		lines = append(lines, wrap(v.named(f.Label, v.Answer(f)), "- ", "  "))
	}
	return v.heading("request") + strings.Join(lines, "\n")
}

// Answer is an answer as people read it.
func (v *view) Answer(f RequestField) string {
	if f.Type == "yesno" {
		return v.p.T("report." + f.Value)
	}
	return f.Shown
}

// SymptomLines say what the user complains of, and what the pack says to the technician.
func (v *view) SymptomLines() []string {
	s := v.R.Symptom
	if s == nil {
		return nil
	}
	lines := []string{v.p.T("report.symptom.title", "title", s.Title)}
	if s.Technician != "" {
		lines = append(lines, v.p.T("report.symptom.technician", "text", s.Technician))
	}
	return lines
}

// printers are those of the technician and of the user, with the packs' words.
func printers(req RenderRequest) (technician, user *i18n.Printer) {
	return i18n.New(req.Language).With(req.Words), i18n.New(req.UserLanguage).With(req.UserWords)
}

// problem tells whether a diagnosis names something wrong.
func problem(d *cause.Diagnosis) bool { return d != nil && d.Problem() }
