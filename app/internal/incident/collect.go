package incident

import (
	"maps"
	"slices"
	"strings"
	"time"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/redact"
)

// collector turns a request into a redacted Report.
type collector struct {
	req      RenderRequest
	texts    *i18n.Printer
	redactor *redact.Redactor
	withheld map[string]Withheld
	whole    string // the user's words, all of them
}

func newCollector(req RenderRequest, known redact.Known) *collector {
	c := &collector{req: req, withheld: decideWithheld(req)}
	c.texts, _ = printers(req)
	learn(&known, req)
	for _, r := range req.Results {
		if label, ok := strings.CutPrefix(r.ID, "svc.reach."); ok {
			known.Labels = append(known.Labels, label)
		}
	}
	_, hideMachine := c.withheld[SectionMachine]
	c.redactor = redact.New(redact.Params{
		Key: req.Key, Known: known, WithholdMachine: hideMachine, Dropped: c.texts.T("report.secret_dropped"),
	})
	return c
}

// fixed tells whether a section always goes along: it is what the user says to the desk.
func fixed(section string) bool { return section == SectionDescription || section == SectionRequest }

// decideWithheld says what does not go along. The policy's word counts before the user's.
func decideWithheld(req RenderRequest) map[string]Withheld {
	out := map[string]Withheld{}
	for _, id := range req.Input.Withhold {
		if slices.Contains(sectionOrder[:], id) && !fixed(id) {
			out[id] = Withheld{Section: id, By: "user"}
		}
	}
	if req.ScreenshotBytes > 0 && !req.Input.Screenshot {
		out[SectionScreenshot] = Withheld{Section: SectionScreenshot, By: "user"}
	}
	for id, file := range req.Locked {
		if slices.Contains(sectionOrder[:], id) && !fixed(id) {
			out[id] = Withheld{Section: id, By: "policy", File: redact.Clean(file)}
		}
	}
	return out
}

// learn teaches the dictionary every classed fact, so that a server named in a fact is recognised in the user's
// own words.
func learn(known *redact.Known, req RenderRequest) {
	for _, r := range req.Results {
		known.Learn(r.Facts)
	}
	for _, a := range req.Attempts {
		for _, r := range slices.Concat(a.Before, a.After) {
			known.Learn(r.Facts)
		}
		for _, s := range a.Steps {
			known.Learn(s.Facts)
		}
	}
	if req.Diagnosis != nil {
		known.Learn(req.Diagnosis.Facts)
		for _, e := range req.Diagnosis.Evidence {
			known.Learn([]diagnostics.Fact{e.Fact})
		}
	}
	for _, ch := range req.Changes {
		known.Learn(ch.Facts)
	}
	if req.Snapshot != nil {
		for _, g := range req.Snapshot.Groups() {
			known.Learn(g.Facts)
		}
	}
}

func (c *collector) has(section string) bool {
	_, out := c.withheld[section]
	return !out
}

// collect builds the report. all is true for the review's sight of what is withheld, which never leaves.
func (c *collector) collect(all bool) Report {
	show := func(section string) bool { return all || c.has(section) }
	r := Report{
		Format: formatName, Version: formatVersion, Program: c.req.Version, Ref: c.req.Ref, Code: c.req.Ref.Code(),
		Created: c.req.Now.UTC().Truncate(time.Second), Opened: c.req.Opened.UTC().Truncate(time.Second),
		Language: c.texts.Lang(),
	}
	if c.req.Opened.IsZero() {
		r.Opened = time.Time{}
	}
	if show(SectionDiagnosis) && c.req.Diagnosis != nil {
		r.Diagnosis = c.verdict(*c.req.Diagnosis)
	}
	r.Route = c.route(show(SectionDiagnosis))
	r.Request, r.Symptom = c.requested(), c.complained()
	c.words(&r)
	if show(SectionChanges) {
		r.Changes = c.changed()
	}
	if show(SectionTried) {
		for _, a := range c.req.Attempts {
			r.Tried = append(r.Tried, c.tried(a))
		}
	}
	if show(SectionChecks) {
		r.Checks = c.checks(c.req.Results)
	}
	if show(SectionMoment) {
		if r.Moment = c.moment(); r.Moment != nil {
			r.Moment.Summary = newView(r, c.texts).summary(r.Moment)
		}
	}
	c.machine(&r, show)
	for _, id := range sectionOrder {
		if w, ok := c.withheld[id]; ok {
			w.File = c.redactor.Words(w.File)
			r.Withheld = append(r.Withheld, w)
		}
	}
	return r
}

// words puts the user's subject and description in, redacted.
func (c *collector) words(r *Report) {
	r.Subject = c.line(c.redactor.Words, c.req.Input.Subject, maxSubject)
	if c.whole == "" { // a long one takes seconds, and the review looks twice
		c.whole = strings.TrimSpace(c.redactor.Words(c.req.Input.Description))
	}
	r.Description = c.whole
	if cut, was := cutRunes(c.whole, maxBodyWords); was {
		r.Description, r.DescriptionCut = cut, true
	}
	switch {
	case r.Subject != "":
	case r.Request != nil:
		r.Subject = oneLine(c.requestSubject(r.Request), maxSubject)
	case c.whole != "":
		first, _, _ := strings.Cut(c.whole, "\n")
		r.Subject = oneLine(first, maxSubject)
	case r.Diagnosis != nil && problem(c.req.Diagnosis):
		r.Subject = oneLine(strings.TrimRight(r.Diagnosis.Sentence, ". "), maxSubject)
	}
	if r.Subject == "" && r.Symptom != nil {
		r.Subject = r.Symptom.Title
	}
	if r.Subject == "" {
		r.Subject = c.texts.T("report.no_subject")
	}
}

func (c *collector) route(diagnosed bool) *Route {
	r := Route{Category: oneLine(c.redactor.Code(c.req.Input.Category), maxSubject)}
	if d := c.req.Diagnosis; diagnosed && d != nil {
		r.Level, r.Impact, r.Urgency = d.Level, d.Impact, d.Urgency
		if r.Category == "" {
			r.Category = d.Category
		}
	}
	c.routed(&r)
	r.Priority = Priority(r.Impact, r.Urgency)
	if r == (Route{}) {
		return nil
	}
	return &r
}

func (c *collector) verdict(d cause.Diagnosis) *Verdict {
	d.Cause, d.Folded = c.code(d.Cause), c.codes(d.Folded)
	d.Facts = c.redactor.Facts(d.Facts)
	d.Also = slices.Clone(d.Also)
	for i := range d.Also {
		d.Also[i].Cause = c.code(d.Also[i].Cause)
		d.Also[i].Facts = c.redactor.Facts(d.Also[i].Facts)
	}
	v := &Verdict{
		Cause: d.Cause, Confidence: string(d.Confidence), Actor: string(d.Actor), Folded: d.Folded,
		Fingerprint: d.Fingerprint,
	}
	var kept []cause.Evidence
	for _, e := range d.Evidence {
		if f, ok := c.redactor.Fact(e.Fact); ok {
			e.Check = c.redactor.Code(e.Check)
			v.Evidence = append(v.Evidence, Evidence{Check: e.Check, Fact: f})
			kept = append(kept, cause.Evidence{Check: e.Check, Fact: f})
		}
	}
	d.Evidence = kept
	d.Changes = slices.Clone(d.Changes)
	for i := range d.Changes {
		d.Changes[i].Facts = c.redactor.Facts(d.Changes[i].Facts)
	}
	v.Asked = c.asked(d)
	t := c.texts.Diagnosis(d)
	v.Sentence, v.Breaks, v.RuledOut, v.Also = t.Sentence, t.Breaks, t.RuledOut, t.Also
	return v
}

func (c *collector) checks(list []api.Result) []CheckLine {
	out := make([]CheckLine, 0, len(list))
	for _, r := range list {
		line := CheckLine{
			ID: c.redactor.Code(r.ID), Status: r.Status, Cause: c.code(r.Cause), Severity: r.Severity,
			ExplainedBy: c.redactor.Code(r.ExplainedBy), BlockedBy: c.codes(r.BlockedBy),
			Facts: c.redactor.Facts(r.Facts), Detail: c.detail(r.Detail),
			Started: r.Started.UTC(), TookMS: r.TookMS, TimedOut: r.TimedOut,
		}
		for _, a := range r.Attempts {
			a.Cause = c.code(a.Cause)
			a.Target, a.Error = c.detail(a.Target), c.detail(a.Error)
			a.Started = a.Started.UTC()
			line.Attempts = append(line.Attempts, a)
		}
		out = append(out, line)
	}
	return out
}

// code and codes look into codes as well: a service may be named like a host or a person.
func (c *collector) code(s diagnostics.Cause) diagnostics.Cause {
	return diagnostics.Cause(c.redactor.Code(string(s)))
}

func (c *collector) codes(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = c.redactor.Code(out[i])
	}
	return out
}

func (c *collector) detail(s string) string { return c.line(c.redactor.Text, s, maxDetail) }

// line makes one line of a text first and redacts it then: what line ends kept apart may be a secret together.
func (c *collector) line(mask func(string) string, s string, limit int) string {
	return oneLine(mask(oneLine(s, maxDescription)), limit)
}

func (c *collector) tried(a api.RepairAttempt) Tried {
	t := Tried{
		Repair: a.ID, State: string(a.State), Reason: c.detail(a.Reason), Started: a.Started.UTC(),
		Finished: a.Finished, Before: c.checks(a.Before), After: c.checks(a.After), UserSays: oneLine(a.UserSays, 10),
	}
	if !a.Finished.IsZero() {
		t.Finished = a.Finished.UTC()
	}
	for _, s := range a.Steps {
		t.Steps = append(t.Steps, TriedStep{
			Step: s.Step, State: s.State, At: s.At.UTC(), Facts: c.redactor.Facts(s.Facts), Error: c.detail(s.Error),
		})
		if a.State == api.RepairNeedsAdmin && s.State == "failed" && s.Step != "undo" {
			t.AdminStep = s.Step
		}
	}
	return t
}

// machine splits the snapshot into the visible line and the facts.
func (c *collector) machine(r *Report, show func(string) bool) {
	s := c.req.Snapshot
	if s == nil {
		return
	}
	if show(SectionMachine) && (s.Hostname != "" || s.AssetTag != "") {
		r.Machine = &Machine{Name: oneLine(s.Hostname, maxSubject), AssetTag: oneLine(s.AssetTag, maxSubject)}
	}
	if !show(SectionSnapshot) {
		return
	}
	f := &Facts{Taken: s.Taken.UTC().Truncate(time.Second), Groups: []diagnostics.Group{}}
	for _, g := range s.Groups() {
		if g.ID == "machine" {
			continue
		}
		if facts := c.redactor.Facts(g.Facts); len(facts) > 0 {
			f.Groups = append(f.Groups, diagnostics.Group{ID: g.ID, Facts: facts})
		}
	}
	r.Snapshot = f
}

// masked is what the redactor replaced so far; the trust in it rests on it being counted before the review's
// look at what is withheld.
func (c *collector) masked() map[string]int {
	m := c.redactor.Masked()
	maps.DeleteFunc(m, func(_ string, n int) bool { return n == 0 })
	return m
}

// oneLine takes line ends and what cannot be seen out of a text, and what is longer than max.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.Fields(redact.Clean(s)), " ")
	if cut, was := cutRunes(s, limit-1); was {
		return strings.TrimRight(cut, " ") + "…"
	}
	return s
}

// cutRunes cuts after limit characters when there are more.
func cutRunes(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	n := 0
	for i := range s {
		if n == limit {
			return s[:i], true
		}
		n++
	}
	return s, false
}
