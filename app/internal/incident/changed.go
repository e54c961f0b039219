package incident

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/record"
)

// Changed is what changed since all was well: suspects, never causes by themselves.
type Changed struct {
	Since time.Time    `json:"since,omitzero"` // the last time when all was well
	List  []ChangeLine `json:"list"`
}

// ChangeLine is one difference.
type ChangeLine struct {
	Code  string             `json:"code"`
	Text  string             `json:"text"`
	Facts []diagnostics.Fact `json:"facts,omitempty"`
	At    time.Time          `json:"at,omitzero"`
	// Suspect says that the diagnosis takes it for one that may have to do with the problem.
	Suspect bool `json:"suspect,omitempty"`
}

// Asked is a question of the diagnosis, with the user's answer if there is one.
type Asked struct {
	Question string `json:"question"`
	Text     string `json:"text"`
	Option   string `json:"option,omitempty"`
	Answer   string `json:"answer,omitempty"`
}

// Moment is a moment that the user marked, with the minutes of the light record around it.
type Moment struct {
	Mark    time.Time       `json:"mark"`
	From    time.Time       `json:"from"`
	To      time.Time       `json:"to"`
	Summary string          `json:"summary"`
	Minutes []record.Minute `json:"minutes"`
}

// changed puts the suspects first.
func (c *collector) changed() *Changed {
	if len(c.req.Changes) == 0 {
		return nil
	}
	out := &Changed{List: []ChangeLine{}}
	if !c.req.AllWell.IsZero() {
		out.Since = c.req.AllWell.UTC().Truncate(time.Second)
	}
	for _, ch := range c.req.Changes {
		line := ChangeLine{Code: ch.Code, Suspect: c.suspect(ch)}
		if !ch.At.IsZero() {
			line.At = ch.At.UTC()
		}
		ch.Facts = c.redactor.Facts(ch.Facts)
		line.Facts = ch.Facts
		line.Text = c.line(c.redactor.Words, c.texts.Change(ch), maxFactText)
		out.List = append(out.List, line)
	}
	slices.SortStableFunc(out.List, func(a, b ChangeLine) int {
		return cmp.Compare(truth(b.Suspect), truth(a.Suspect))
	})
	return out
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *collector) suspect(ch api.Change) bool {
	return c.req.Diagnosis != nil && slices.ContainsFunc(c.req.Diagnosis.Changes, func(o api.Change) bool {
		return o.Code == ch.Code
	})
}

// asked are the questions that were answered, and the open one.
func (c *collector) asked(d cause.Diagnosis) []Asked {
	var out []Asked
	for _, id := range slices.Sorted(maps.Keys(c.req.Answers)) {
		option := c.req.Answers[id]
		out = append(out, Asked{
			Question: c.redactor.Code(id), Text: c.texts.Question(id), Option: c.redactor.Code(option),
			Answer: c.line(c.redactor.Words, c.texts.Option(id, option), maxFactText),
		})
	}
	if q := d.Question; q != nil && c.req.Answers[q.ID] == "" {
		out = append(out, Asked{Question: q.ID, Text: c.texts.Question(q.ID)})
	}
	return out
}

// moment is the marked moment; its figures name nothing.
func (c *collector) moment() *Moment {
	m := c.req.Moment
	if m == nil || len(m.Minutes) == 0 {
		return nil
	}
	out := &Moment{
		Mark: m.Mark.UTC().Truncate(time.Second), From: m.From.UTC().Truncate(time.Second),
		To: m.To.UTC().Truncate(time.Second), Minutes: slices.Clone(m.Minutes),
	}
	for i := range out.Minutes {
		out.Minutes[i].At = out.Minutes[i].At.UTC()
	}
	return out
}

// figure is one column of the record: its name, how a minute has it, and whether more of it is worse.
type figure struct {
	key  string
	unit string
	of   func(record.Minute) *float64
	less bool // less of it is worse
}

func figures() []figure {
	return []figure{
		{"signal", "dBm", func(m record.Minute) *float64 { return m.SignalDBm }, true},
		{"loss", "%", func(m record.Minute) *float64 { return m.LossPercent }, false},
		{"dns", "ms", func(m record.Minute) *float64 { return m.DNSMS }, false},
		{"load", "", func(m record.Minute) *float64 { return m.Load }, false},
		{"cpu", "%", func(m record.Minute) *float64 { return m.CPUPercent }, false},
		{"memory", "%", func(m record.Minute) *float64 { return m.MemoryPercent }, false},
		{"io", "%", func(m record.Minute) *float64 { return m.IOPercent }, false},
		{"free", "%", func(m record.Minute) *float64 { return m.FreeMemoryPercent }, true},
	}
}

// near is how far from the mark a minute counts as the moment itself: people mark a little late.
const near = 3 * time.Minute

// summary is the moment in one line: the worst of each figure near the mark, and what is usual around it.
func (v *view) summary(m *Moment) string {
	var parts []string
	for _, f := range figures() {
		var close, rest []float64
		for _, minute := range m.Minutes {
			value := f.of(minute)
			switch {
			case value == nil:
			case m.Mark.Sub(minute.At) <= near && minute.At.Sub(m.Mark) <= near:
				close = append(close, *value)
			default:
				rest = append(rest, *value)
			}
		}
		if len(close) == 0 {
			continue
		}
		worst := slices.Max(close)
		if f.less {
			worst = slices.Min(close)
		}
		text := v.named(v.p.T("report.moment.figure."+f.key), v.quantity(worst, f.unit))
		if len(rest) > 0 {
			slices.Sort(rest)
			if usual := rest[len(rest)/2]; usual != worst {
				text += " (" + v.p.T("report.moment.usual", "value", v.quantity(usual, f.unit)) + ")"
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(append(parts, v.events(m)...), v.p.T("report.moment.join"))
}

// events are what happened to whole minutes.
func (v *view) events(m *Moment) []string {
	offline, silent, crashes := 0, 0, 0
	for _, minute := range m.Minutes {
		if minute.Online != nil && !*minute.Online {
			offline++
		}
		if minute.DNSFailed != nil && *minute.DNSFailed {
			silent++
		}
		if minute.Crashes != nil {
			crashes += *minute.Crashes
		}
	}
	var out []string
	for _, e := range []struct {
		key string
		n   int
	}{{"offline", offline}, {"silent", silent}, {"crashes", crashes}} {
		if e.n > 0 {
			out = append(out, v.p.N("report.moment."+e.key, e.n))
		}
	}
	return out
}

// ChangesTitle says since when.
func (v *view) ChangesTitle() string {
	if c := v.R.Changes; c != nil && !c.Since.IsZero() {
		return v.p.T("report.changes.since", "date", v.date(c.Since))
	}
	return ""
}

// ChangeText is one difference with its moment.
func (v *view) ChangeText(c ChangeLine) string {
	text := c.Text
	if !c.At.IsZero() {
		text = strings.TrimSuffix(text, ".") + " (" + v.date(c.At) + ")."
	}
	if c.Suspect {
		return v.p.T("report.changes.suspect", "text", text)
	}
	return text
}

// AskedText is a question with its answer.
func (v *view) AskedText(a Asked) string {
	if a.Answer == "" {
		return v.p.T("report.asked.open", "question", a.Text)
	}
	return v.p.T("report.asked.answered", "question", a.Text, "answer", a.Answer)
}

// MomentTitle says when it happened, and of which minutes the figures are.
func (v *view) MomentTitle() string {
	m := v.R.Moment
	return v.p.T("report.moment.title", "time", v.clock(m.Mark), "from", v.clock(m.Minutes[0].At),
		"to", v.clock(m.Minutes[len(m.Minutes)-1].At))
}

func (v *view) date(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func (v *view) changesText() string {
	if v.R.Changes == nil {
		return ""
	}
	var lines []string
	if title := v.ChangesTitle(); title != "" {
		lines = append(lines, title)
	}
	for _, c := range v.R.Changes.List {
		lines = append(lines, wrap(v.ChangeText(c), "- ", "  "))
	}
	return v.heading("changes") + strings.Join(lines, "\n")
}

func (v *view) momentText() string {
	if v.R.Moment == nil {
		return ""
	}
	return v.heading("moment") + wrap(v.MomentTitle(), "", "") + "\n" + wrap(v.R.Moment.Summary, "", "")
}
