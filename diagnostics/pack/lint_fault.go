package pack

import (
	"slices"
	"strings"
	"time"
)

func (l *linter) fault(path string, x Fault) {
	check, tail, _ := strings.Cut(x.Cause, "/")
	switch {
	case x.Cause == "":
	case !causeCode.MatchString(x.Cause) || len(x.Cause) > 2*maxID:
		l.fail(path+".cause", "bad_cause", "value", x.Cause)
	case slices.Contains(l.v.Causes, x.Cause):
		l.fail(path+".cause", "core_id", "value", x.Cause)
	case l.causes[x.Cause] == "":
		l.own(path+".cause", check)
		l.fail(path+".cause", "never_named", "value", x.Cause, "check", check, "tail", tail)
	}
	l.routing(path, x.Category, x.Level, "")
	l.among(path+".actor", x.Actor, "you", "box", "provider", "it", "service")
	l.among(path+".impact", x.Impact, "user", "several", "site")
	l.among(path+".urgency", x.Urgency, "low", "medium", "high")
	l.among(path+".at_most", x.AtMost, "confirmed", "likely", "possible")
	l.between(path+".prior", x.Prior, 0.01, 100)
	l.refs(path+".always", x.Always, l.knowsCheck)
	l.refs(path+".often", x.Often, l.knowsCheck)
	l.refs(path+".sometimes", x.Sometimes, l.knowsCheck)
	for id, tails := range x.Explains {
		if !l.knowsCheck(id) {
			l.fail(atKey(path+".explains", id), "unresolved", "value", id)
		}
		for i, t := range tails {
			if !plainWord.MatchString(t) {
				l.fail(at0(atKey(path+".explains", id), i), "bad_tail", "value", t)
			}
		}
	}
	l.evidence(path+".evidence", check, x.Evidence)
	l.evidence(path+".fingerprint", check, x.Fingerprint)
	l.faultTexts(path+".text", x.Text)
}

// evidence judges facts: a key of the cause's own self-test, or "self-test:key".
func (l *linter) evidence(path, check string, list []string) {
	for i, e := range list {
		of, key, other := strings.Cut(e, ":")
		if !other {
			of, key = check, e
		}
		if !l.knowsCheck(of) {
			l.fail(at0(path, i), "unresolved", "value", of)
			continue
		}
		if !factKey.MatchString(key) || !l.shows(of, key) {
			l.fail(at0(path, i), "unknown_fact", "value", key, "probe", of, "known", "", "near", "")
		}
	}
}

// shows tells whether a self-test of the pack shows a fact; the core's are taken at their word.
func (l *linter) shows(check, key string) bool {
	for _, c := range l.f.Checks {
		if c.ID == check {
			return slices.Contains(c.Facts, key)
		}
	}
	return true
}

func (l *linter) faultTexts(path string, texts map[string]FaultText) {
	for _, lang := range l.f.Pack.Languages {
		if _, ok := texts[lang]; !ok && len(texts) > 0 {
			l.fail(path, "language_missing", "language", lang)
		}
	}
	for lang, t := range texts {
		if !slices.Contains(l.f.Pack.Languages, lang) {
			l.fail(atKey(path, lang), "language_extra", "language", lang)
			continue
		}
		for name, s := range map[string]string{"short": t.Short, "sentence": t.Sentence, "breaks": t.Breaks, "now": t.Now} {
			sub := atKey(path, lang) + "." + name
			if strings.TrimSpace(s) == "" {
				l.fail(sub, "text_empty")
			}
			l.line(sub, s, maxSentence)
		}
	}
}

// routing is where a ticket goes.
func (l *linter) routing(path, category string, level int, queue string) {
	if !plainWord.MatchString(category) && category != "" {
		l.fail(path+".category", "bad_word", "value", category)
	} else if len(l.v.Categories) > 0 {
		l.among(path+".category", category, l.v.Categories...)
	}
	l.between(path+".level", float64(level), 1, 3)
	l.word(path+".queue", queue)
}

func (l *linter) symptom(path string, s Symptom) {
	l.text(path+".title", s.Title, maxTitle)
	l.phrases(path+".says", s.Says)
	l.most(path+".questions", len(s.Questions), maxAsked)
	asked := map[string]bool{}
	for i, q := range s.Questions {
		sub := at0(path+".questions", i)
		l.unique(sub+".id", q.ID, asked)
		l.text(sub+".text", q.Text, maxSentence)
		l.most(sub+".options", len(q.Options), maxOptions)
		if len(q.Options) == 1 {
			l.fail(sub+".options", "too_few", "min", "2")
		}
		options := map[string]bool{}
		for j, o := range q.Options {
			opt := at0(sub+".options", j)
			l.unique(opt+".id", o.ID, options)
			l.text(opt+".text", o.Text, maxTitle)
			l.patterns(opt+".factors", o.Factors, 0.01, 100)
			l.among(opt+".impact", o.Impact, "user", "several", "site")
		}
	}
	l.refs(path+".tests", s.Tests, l.knowsCheck)
	l.patterns(path+".factors", s.Factors, 0.01, 100)
	l.refs(path+".repairs", s.Repairs, l.knowsRepair)
	l.routing(path, s.Category, s.Level, s.Queue)
	l.among(path+".urgency", s.Urgency, "low", "medium", "high")
	l.text(path+".technician", s.Technician, maxLong)
	if s.Form != "" && l.ids["forms"][s.Form] == "" {
		l.fail(path+".form", "unresolved", "value", s.Form)
	}
}

// unique judges a plain word that names one thing among few.
func (l *linter) unique(path, id string, seen map[string]bool) {
	switch {
	case id == "":
	case !plainWord.MatchString(id) || len(id) > maxID:
		l.fail(path, "bad_word", "value", id)
	case seen[id]:
		l.fail(path, "twice", "name", id)
	}
	seen[id] = true
}

func (l *linter) form(path string, x Form) {
	l.among(path+".kind", x.Kind, "software", "equipment", "access", "other")
	l.text(path+".title", x.Title, maxTitle)
	l.text(path+".intro", x.Intro, maxLong)
	l.routing(path, x.Category, x.Level, x.Queue)
	l.most(path+".fields", len(x.Fields), maxFields)
	seen := map[string]bool{}
	for i, f := range x.Fields {
		sub := at0(path+".fields", i)
		l.unique(sub+".id", f.ID, seen)
		l.text(sub+".label", f.Label, maxTitle)
		l.among(sub+".type", f.Type, "text", "long", "choice", "number", "date", "yesno")
		if (f.Type == "choice") != (len(f.Options) > 0) {
			l.fail(sub, "choice_options")
		}
		if f.Max != 0 {
			l.between(sub+".max", float64(f.Max), 1, 100_000)
		}
		l.most(sub+".options", len(f.Options), maxChoices)
		choices := map[string]bool{}
		for j, o := range f.Options {
			l.unique(at0(sub+".options", j)+".id", o.ID, choices)
			l.text(at0(sub+".options", j)+".text", o.Text, maxTitle)
		}
	}
}

// How long a repair may rest, settle and wait.
const (
	mostCooldown = 24 * time.Hour
	leastSettle  = time.Second
	mostSettle   = 30 * time.Minute
	mostCost     = 3600 // seconds
)
