package incident

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"balise/app/internal/i18n"
	"balise/diagnostics"
)

// view puts a report into the technician's words. It has nothing but the report: what is not in it cannot
// appear.
type view struct {
	R Report
	p *i18n.Printer
}

func newView(r Report, p *i18n.Printer) *view { return &view{R: r, p: p} }

// word is the text of a code, or the code where there is none.
func (v *view) word(area, code string) string {
	if code == "" {
		return ""
	}
	if key := area + "." + code; v.p.Has(key) {
		return v.p.T(key)
	}
	return code
}

// Top is the one line on top: what is wrong, how sure, who can act.
func (v *view) Top() string {
	d := v.R.Diagnosis
	if d == nil {
		if v.isWithheld(SectionDiagnosis) {
			return v.p.T("report.top.withheld")
		}
		return v.p.T("report.top.none")
	}
	sentence := strings.TrimRight(strings.TrimSpace(d.Sentence), ".")
	confidence := v.word("report.confidence", d.Confidence)
	if d.Actor == "" || d.Cause == "healthy" || d.Cause == "undetermined" {
		return v.p.T("report.top.no_actor", "sentence", sentence, "confidence", confidence)
	}
	return v.p.T("report.top.full", "sentence", sentence, "confidence", confidence,
		"actor", v.word("report.actor", d.Actor))
}

// RouteLine is the desk's own view of the diagnosis.
func (v *view) RouteLine() string {
	r := v.R.Route
	if r == nil {
		return ""
	}
	var parts []string
	if r.Category != "" {
		parts = append(parts, v.p.T("report.route.category", "category", v.word("report.category", r.Category)))
	}
	if r.Level > 0 {
		parts = append(parts, v.p.T("report.route.level", "level", r.Level))
	}
	if r.Impact != "" {
		parts = append(parts, v.p.T("report.route.impact", "impact", v.word("report.impact", r.Impact)))
	}
	if r.Urgency != "" {
		parts = append(parts, v.p.T("report.route.urgency", "urgency", v.word("report.urgency", r.Urgency)))
	}
	return strings.Join(parts, " · ")
}

func (v *view) isWithheld(section string) bool {
	return slices.ContainsFunc(v.R.Withheld, func(w Withheld) bool { return w.Section == section })
}

// ShowTried tells whether the report says what was tried, be it nothing.
func (v *view) ShowTried() bool { return !v.isWithheld(SectionTried) }

// Problems are the self-tests that failed or warned, the worst first, consequences after their cause.
func (v *view) Problems() []CheckLine {
	var out []CheckLine
	for _, c := range v.R.Checks {
		if c.Status.Bad() {
			out = append(out, c)
		}
	}
	weight := func(c CheckLine) int {
		w := map[diagnostics.Status]int{diagnostics.Fail: 0, diagnostics.Warn: 2}[c.Status]
		if c.ExplainedBy != "" {
			w++
		}
		return w
	}
	slices.SortStableFunc(out, func(a, b CheckLine) int { return cmp.Compare(weight(a), weight(b)) })
	return out
}

// Others lists the names of the self-tests with that status, with the reason where one matters.
func (v *view) Others(status diagnostics.Status) []string {
	var out []string
	for _, c := range v.R.Checks {
		if c.Status != status {
			continue
		}
		name := v.p.Check(c.ID)
		switch {
		case status == diagnostics.Unknown && c.TimedOut:
			name += " (" + v.p.T("report.checks.timed_out") + ")"
		case status == diagnostics.Unknown && c.Detail != "":
			name += " (" + c.Detail + ")"
		case status == diagnostics.Skip && len(c.BlockedBy) > 0:
			name += " (" + v.p.T("report.checks.blocked", "check", v.p.Check(c.BlockedBy[0])) + ")"
		}
		out = append(out, name)
	}
	return out
}

// OthersLine names the self-tests of a status that is no problem. Those with nothing to look at are counted where
// they are many: a technician looks for the few that could not be tested, and report.json has them all.
func (v *view) OthersLine(status diagnostics.Status) string {
	const many = 6
	names := v.Others(status)
	switch {
	case len(names) == 0:
		return ""
	case status == diagnostics.NA && len(names) > many:
		return v.p.T("report.checks.others.many", "n", len(names))
	}
	return v.p.T("report.checks.others."+string(status), "n", len(names), "checks", strings.Join(names, ", "))
}

// ChecksTitle says when the self-tests ran and how they ended.
func (v *view) ChecksTitle() string {
	var first time.Time
	bad, passed := 0, 0
	for _, c := range v.R.Checks {
		if first.IsZero() || !c.Started.IsZero() && c.Started.Before(first) {
			first = c.Started
		}
		switch {
		case c.Status.Bad():
			bad++
		case c.Status == diagnostics.Pass:
			passed++
		}
	}
	return v.p.T("report.checks.title", "time", v.clock(first), "bad", v.p.N("report.checks.bad", bad),
		"passed", v.p.N("report.checks.passed", passed))
}

// Head is the first line of a problem.
func (v *view) Head(c CheckLine) string {
	key := "report.checks.fail"
	if c.Status == diagnostics.Warn {
		key = "report.checks.warn"
	}
	head := v.p.T(key, "check", v.p.Check(c.ID))
	if c.Cause != "" {
		head += v.p.T("report.checks.code", "cause", string(c.Cause))
	}
	return head
}

// Notes are the lines below it: facts, tries, and of what it is a consequence.
func (v *view) Notes(c CheckLine) []string {
	var out []string
	if facts := v.facts(c.Facts); facts != "" {
		out = append(out, facts)
	}
	if c.Detail != "" {
		out = append(out, c.Detail)
	}
	if n := len(c.Attempts); n > 1 {
		var tries []string
		for _, a := range c.Attempts {
			tries = append(tries, v.try(a))
		}
		out = append(out, v.p.T("report.checks.tries", "n", n, "tries", strings.Join(tries, ", ")))
	}
	if c.ExplainedBy != "" {
		out = append(out, v.p.T("report.checks.explained", "check", v.p.Check(c.ExplainedBy)))
	}
	return out
}

func (v *view) try(a diagnostics.Attempt) string {
	s := v.clockSeconds(a.Started) + " " + v.word("report.status", string(a.Status))
	if a.Error != "" {
		s += " " + a.Error
	}
	return s + " (" + v.quantity(float64(a.TookMS), "ms") + ")"
}

// TriedHead is the first line of a repair.
func (v *view) TriedHead(t Tried) string {
	return v.p.T("report.tried.head", "time", v.clock(t.Started), "repair", v.repair(t.Repair),
		"state", v.word("report.tried.state", t.State))
}

func (v *view) repair(id string) string {
	for _, key := range []string{"repair." + id + ".title", "repair." + id + ".name", "repair." + id} {
		if v.p.Has(key) {
			return strings.TrimRight(v.p.T(key), ".")
		}
	}
	return id
}

// TriedNotes are what the self-test said before and after, and what was done.
func (v *view) TriedNotes(t Tried) []string {
	var out []string
	for _, part := range []struct {
		key  string
		list []CheckLine
	}{{"report.tried.before", t.Before}, {"report.tried.after", t.After}} {
		for _, c := range part.list {
			out = append(out, v.p.T(part.key, "check", v.p.Check(c.ID), "result", v.verdictOf(c)))
		}
	}
	if len(t.After) == 0 {
		out = append(out, v.p.T("report.tried.no_retest"))
	}
	for _, s := range t.Steps {
		if s.State != "done" && s.State != "failed" && s.State != "undone" && s.State != "refused" {
			continue
		}
		line := v.p.T("report.tried.step", "time", v.clock(s.At), "step", v.step(t.Repair, s.Step),
			"state", v.word("report.tried.step_state", s.State))
		if facts := v.facts(s.Facts); facts != "" {
			line = v.p.T("report.line.named", "name", line, "text", facts)
		}
		if s.Error != "" {
			line += " (" + v.reason(s.Error) + ")"
		}
		out = append(out, line)
	}
	if t.Reason != "" {
		out = append(out, v.p.T("report.tried.reason", "reason", v.reason(t.Reason)))
	}
	if t.AdminStep != "" {
		out = append(out, v.p.T("report.tried.admin", "step", v.step(t.Repair, t.AdminStep)))
	}
	if t.UserSays == "yes" || t.UserSays == "no" {
		out = append(out, v.p.T("report.tried.user_"+t.UserSays))
	}
	return out
}

// reason is why a repair ended as it did; what only some repairs say stands with their own words.
func (v *view) reason(code string) string {
	own := "repair.reason." + code
	if v.p.Has(own) && !v.p.Has("report.tried.why."+code) {
		return strings.TrimRight(v.p.T(own), ".")
	}
	return v.word("report.tried.why", code)
}

func (v *view) step(repair, step string) string {
	for _, key := range []string{
		"repair." + repair + "." + step + ".title", "repair." + repair + ".step." + step,
		"repair." + repair + "." + step,
	} {
		if v.p.Has(key) {
			return strings.TrimRight(v.p.T(key), ".")
		}
	}
	return step
}

func (v *view) verdictOf(c CheckLine) string {
	s := v.word("report.status", string(c.Status))
	if facts := v.facts(c.Facts); facts != "" {
		s += " (" + facts + ")"
	}
	return s
}

// MachineLine is how a technician finds the computer.
func (v *view) MachineLine() string {
	m := v.R.Machine
	if m == nil {
		return ""
	}
	var parts []string
	if m.Name != "" {
		parts = append(parts, v.p.T("report.machine.name", "name", m.Name))
	}
	if m.AssetTag != "" {
		parts = append(parts, v.p.T("report.machine.asset", "tag", m.AssetTag))
	}
	return strings.Join(parts, " · ")
}

// WithheldLines say what is not here, and whose decision that was.
func (v *view) WithheldLines() []string {
	var user []string
	var out []string
	for _, w := range v.R.Withheld {
		title := v.p.T("report.part." + w.Section)
		if w.By == "user" {
			user = append(user, title)
			continue
		}
		out = append(out, v.p.T("report.withheld.policy", "what", title, "file", w.File))
	}
	if len(user) > 0 {
		out = append([]string{v.p.T("report.withheld.user", "what", strings.Join(user, ", "))}, out...)
	}
	return out
}

// MaskedLine says what was replaced, so that a technician knows an alias from a name.
func (v *view) MaskedLine() string {
	if len(v.R.Masked) == 0 {
		return ""
	}
	var kinds []string
	for _, k := range sortedKeys(v.R.Masked) {
		kinds = append(kinds, v.word("report.kind", k))
	}
	return v.p.T("report.masked", "kinds", strings.Join(kinds, ", "))
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// attachment is one line on a file.
func (v *view) attachment(a Attached) string {
	return a.Name + " (" + v.quantity(float64(a.Size), "B") + ")"
}

func (v *view) clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("15:04")
}

func (v *view) clockSeconds(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("15:04:05")
}

// Date is the day and time of the report where the computer is, with its zone.
func (v *view) Date() string { return v.R.Created.Local().Format("2006-01-02 15:04 -07:00") }
