package pack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rules are what a pack is judged by.
type Rules struct {
	Vocabulary Vocabulary
	// Trust is the place that it is meant for: a signed pack may do less than one in an administrator's folder,
	// and only an embedded one may be Balise's own.
	Trust Trust
	// Now is the time, for the day on which a pack expires; zero: that is not looked at.
	Now time.Time
}

// What a pack may hold at most. A desk that comes near is served better by two packs.
const (
	maxChecks   = 100
	maxFaults   = 300
	maxRepairs  = 50
	maxSymptoms = 200
	maxForms    = 50
	maxContacts = 20
	maxVars     = 50
	maxOutcomes = 20
	maxSteps    = 12
	maxRefs     = 40 // self-tests, causes or repairs that one thing names
	maxPhrases  = 60 // what people say, a language
	maxOptions  = 8
	maxAsked    = 3 // questions of a symptom
	maxFields   = 20
	maxChoices  = 40
)

// ownPublisher is Balise itself: only embedded packs are its own, and only they may use ids without a publisher.
const ownPublisher = "balise"

var (
	plainWord = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	dottedID  = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)
	causeCode = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*/[a-z][a-z0-9_]*$`)
	factKey   = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)
	dotted    = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$`)
	language  = regexp.MustCompile(`^[a-z]{2}$`)
	accent    = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	picture   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,60}\.png$`)
)

// maxID bounds an id's length.
const maxID = 64

// Lint judges a pack that Parse read, and lists all that is wrong with it in the order of the text.
func Lint(f *File, r Rules) Problems {
	l := &linter{f: f, rules: r, v: r.Vocabulary, ids: map[string]map[string]string{}}
	l.header()
	l.vars()
	l.names()
	for i, c := range f.Checks {
		l.check(at0("checks", i), c)
	}
	l.cycles()
	for i, x := range f.Faults {
		l.fault(at0("faults", i), x)
	}
	for i, x := range f.Repairs {
		l.repair(at0("repairs", i), x)
	}
	for i, s := range f.Symptoms {
		l.symptom(at0("symptoms", i), s)
	}
	for i, x := range f.Forms {
		l.form(at0("forms", i), x)
	}
	for i, c := range f.Contacts {
		l.contact(at0("contacts", i), c)
	}
	l.branding()
	return l.problems.sorted()
}

// linter is one pack being judged.
type linter struct {
	f        *File
	rules    Rules
	v        Vocabulary
	problems Problems
	// ids are the pack's own, by what they name ("checks"), with their paths.
	ids map[string]map[string]string
	// causes are those that the pack's outcomes can name, with the outcome's path.
	causes map[string]string
	faults map[string]bool
}

func (l *linter) fail(path, code string, args ...string) {
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, l.f.source.problem(path, code, args...))
	}
}

// at0 is the path of a list's item.
func at0(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// atKey is the path of a mapping's value.
func atKey(path, key string) string { return path + "[" + key + "]" }

func (l *linter) header() {
	h := l.f.Pack
	if l.f.API != API {
		l.fail("api", "not_among", "value", l.f.API, "among", API)
	}
	if !plainWord.MatchString(h.Publisher) || len(h.Publisher) > maxID {
		l.fail("pack.publisher", "bad_publisher", "value", h.Publisher)
	}
	if l.rules.Trust != Embedded && l.reserved(h.Publisher) {
		l.fail("pack.publisher", "reserved", "value", h.Publisher)
	}
	l.own("pack.id", h.ID)
	if !dotted.MatchString(h.Version) {
		l.fail("pack.version", "bad_version", "value", h.Version)
	}
	if h.MinClient != "" && !dotted.MatchString(h.MinClient) {
		l.fail("pack.min_client", "bad_version", "value", h.MinClient)
	} else if h.MinClient != "" && dotted.MatchString(l.v.Client) && CompareVersions(l.v.Client, h.MinClient) < 0 {
		l.fail("pack.min_client", "client_too_old", "value", h.MinClient, "client", l.v.Client)
	}
	if expired(h, l.rules.Now) {
		l.fail("pack.expires", "expired", "day", h.Expires.Format(time.DateOnly))
	}
	for i, lang := range h.Languages {
		if !language.MatchString(lang) || slices.Index(h.Languages, lang) != i {
			l.fail(at0("pack.languages", i), "bad_language", "value", lang)
		}
	}
	l.text("pack.title", h.Title, maxTitle)
}

// expired tells whether the last day of a pack is over everywhere on earth.
func expired(h Header, now time.Time) bool {
	return !h.Expires.IsZero() && !now.IsZero() && now.After(h.Expires.Add(36*time.Hour))
}

// reserved names begin ids of the core: a publisher with such a name would speak for it.
func (l *linter) reserved(publisher string) bool {
	if publisher == ownPublisher {
		return true
	}
	for _, known := range [][]string{l.v.Checks, l.v.Causes, l.v.Repairs} {
		for _, id := range known {
			head, _, _ := strings.Cut(id, "/")
			if head, _, _ = strings.Cut(head, "."); head == publisher {
				return true
			}
		}
	}
	return false
}

// own judges an id that the pack brings: its form, and that it lies in the publisher's name space.
func (l *linter) own(path, id string) {
	p := l.f.Pack.Publisher
	switch {
	case id == "": // missing, which the parser says
	case !dottedID.MatchString(id) || len(id) > maxID:
		l.fail(path, "bad_id", "value", id)
	case p == ownPublisher || p == "":
	case path == "pack.id" && id == p:
	case !strings.HasPrefix(id, p+"."):
		l.fail(path, "not_yours", "value", id, "publisher", p)
	}
}

// names collects the ids and tells those that stand twice, here or in the core.
func (l *linter) names() {
	take := func(kind, path, id string, core []string) {
		l.own(path+".id", id)
		if l.ids[kind] == nil {
			l.ids[kind] = map[string]string{}
		}
		if before, twice := l.ids[kind][id]; twice {
			a := l.f.source.place(before)
			l.fail(path+".id", "same_id", "value", id, "line", strconv.Itoa(a.line))
			return
		}
		if slices.Contains(core, id) {
			l.fail(path+".id", "core_id", "value", id)
		}
		l.ids[kind][id] = path
	}
	l.causes, l.faults = map[string]string{}, map[string]bool{}
	for i, c := range l.f.Checks {
		take("checks", at0("checks", i), c.ID, l.v.Checks)
		for j, o := range c.Outcomes {
			if o.Cause != "" {
				l.causes[c.ID+"/"+o.Cause] = at0(at0("checks", i)+".outcomes", j)
			}
		}
	}
	for i, x := range l.f.Faults {
		if l.faults[x.Cause] {
			l.fail(at0("faults", i)+".cause", "same_id", "value", x.Cause, "line", "")
		}
		l.faults[x.Cause] = true
	}
	for i, x := range l.f.Repairs {
		take("repairs", at0("repairs", i), x.ID, l.v.Repairs)
	}
	for i, x := range l.f.Symptoms {
		take("symptoms", at0("symptoms", i), x.ID, nil)
	}
	for i, x := range l.f.Forms {
		take("forms", at0("forms", i), x.ID, nil)
	}
	l.most("checks", len(l.f.Checks), maxChecks)
	l.most("faults", len(l.f.Faults), maxFaults)
	l.most("repairs", len(l.f.Repairs), maxRepairs)
	l.most("symptoms", len(l.f.Symptoms), maxSymptoms)
	l.most("forms", len(l.f.Forms), maxForms)
	l.most("contacts", len(l.f.Contacts), maxContacts)
}

// most bounds the length of a list.
func (l *linter) most(path string, have, limit int) {
	if have > limit {
		l.fail(path, "too_many", "have", strconv.Itoa(have), "max", strconv.Itoa(limit))
	}
}

// among judges a word of a closed set; empty is told by the parser where it is needed.
func (l *linter) among(path, value string, words ...string) {
	if value != "" && !slices.Contains(words, value) {
		l.fail(path, "not_among", "value", value, "among", strings.Join(words, ", "), "near", nearest(value, words))
	}
}

// between bounds a number.
func (l *linter) between(path string, value, least, most float64) {
	if value < least || value > most {
		l.fail(path, "out_of_range", "value", fmt.Sprint(value), "min", fmt.Sprint(least), "max", fmt.Sprint(most))
	}
}

// lasts bounds a duration that was given.
func (l *linter) lasts(path string, value, least, most time.Duration) {
	if value != 0 && (value < least || value > most) {
		l.fail(path, "out_of_range", "value", short(value), "min", short(least), "max", short(most))
	}
}

// short is a duration as a pack writes it: 6h, not 6h0m0s.
func short(d time.Duration) string {
	s := d.String()
	for _, tail := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, tail) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// CompareVersions orders versions of numbers with dots: 2026.9 comes before 2026.11. A missing part is 0.
func CompareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m, _ = strconv.Atoi(x[i])
		}
		if i < len(y) {
			n, _ = strconv.Atoi(y[i])
		}
		if m != n {
			return m - n
		}
	}
	return 0
}
