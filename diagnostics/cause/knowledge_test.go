package cause

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
)

func core(t testing.TB) Knowledge {
	t.Helper()
	kb, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	return kb
}

// families are the first parts of the names of self-tests.
const families = `net|time|svc|mail|share|print|id|cert|sec|disk|perf|sys|av|power|display`

var causeLiteral = regexp.MustCompile(`"((?:` + families + `)\.[a-z0-9_.*]+/[a-z0-9_]+)"`)

// emitted reads every cause that the checks' sources name. A check writes its causes as literals for this.
func emitted(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../checks/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"*/flapping": true, "net.link/flapping": true} // the Runner's own words
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range causeLiteral.FindAllStringSubmatch(string(raw), -1) {
			seen[m[1]] = true
		}
	}
	list := make([]string, 0, len(seen))
	for code := range seen {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

func TestEveryCauseThatAChecksNamesIsInTheTableAndBack(t *testing.T) {
	kb := core(t)
	codes := emitted(t)
	if len(codes) < 60 {
		t.Fatalf("found only %d causes in the sources: the search is broken", len(codes))
	}
	for _, code := range codes {
		if _, ok := kb.Causes[code]; !ok {
			t.Errorf("a check names %s, the table does not know it: give it a row in assets/packs/core/causes_*.yaml", code)
		}
	}
	for code := range kb.Causes {
		if !slices.Contains(codes, code) {
			t.Errorf("the table has %s, no source in diagnostics/checks names it as a literal: "+
				"is the check still to be written?", code)
		}
	}
}

func TestEveryCauseHasATextInBothLanguagesAndAPlaceToGo(t *testing.T) {
	actors := []Actor{You, Box, Provider, IT, Service}
	categories := []string{
		"network", "security", "workstation", "applications", "hardware", "updates", "printing", "messaging",
		"accounts", "files",
	}
	for code, e := range core(t).Causes {
		for _, lang := range []string{"fr", "en"} {
			x := e.Text[lang]
			if x.Short == "" || x.Sentence == "" || x.Breaks == "" || x.Now == "" {
				t.Errorf("%s: a text is missing in %s", code, lang)
			}
			if strings.Contains(x.Short, "{") {
				t.Errorf("%s: the short text has a place", code)
			}
		}
		if !slices.Contains(actors, e.Actor) || !slices.Contains(categories, e.Category) || e.Level < 1 || e.Level > 3 {
			t.Errorf("%s: actor %q, category %q, level %d", code, e.Actor, e.Category, e.Level)
		}
		if e.Prior <= 0 || len(e.Evidence) == 0 && code != "*/flapping" || len(e.Evidence) > 2 {
			t.Errorf("%s: prior %v, evidence %v", code, e.Prior, e.Evidence)
		}
		for _, id := range e.Repairs {
			if _, ok := core(t).Helps[id]; !ok {
				t.Errorf("%s: there is no repair %q", code, id)
			}
		}
		if e.AtMost != "" && level(e.AtMost) < 0 {
			t.Errorf("%s: at most %q", code, e.AtMost)
		}
	}
}

// Everything that the table and the catalogue name must exist, or a typing error would silently switch a
// rule off.
func TestTheTableNamesOnlyWhatExists(t *testing.T) {
	kb := core(t)
	check := func(where, id string) {
		t.Helper()
		if family, ok := strings.CutSuffix(id, ".*"); ok {
			id = family
			for known := range kb.Checks {
				if strings.HasPrefix(known, family+".") {
					return
				}
			}
		}
		if _, ok := kb.Checks[id]; !ok {
			t.Errorf("%s names the check %q, which does not exist", where, id)
		}
	}
	tails := map[string]bool{}
	for code := range kb.Causes {
		id, tail, _ := strings.Cut(code, "/")
		tails[strings.TrimSuffix(id, ".*")+"/"+tail] = true
	}
	for code, e := range kb.Causes {
		if id, _, _ := strings.Cut(code, "/"); id != "*" {
			check(code, id)
		}
		for _, id := range slices.Concat(e.Always, e.Often, e.Sometimes, e.RefutedBy, e.Unless, e.Assumes) {
			check(code, id)
		}
		for id, list := range e.Explains {
			for _, tail := range list {
				if tail != diagnostics.Flapping && !tails[id+"/"+tail] {
					t.Errorf("%s explains %s/%s, which nothing names", code, id, tail)
				}
			}
		}
		for _, ref := range e.Evidence {
			if id, _, other := strings.Cut(ref, ":"); other {
				check(code, id)
			}
		}
	}
	for _, a := range kb.Areas {
		for _, id := range a.Checks {
			check("area "+a.ID, id)
		}
	}
	for id, rel := range kb.Checks {
		for _, other := range slices.Concat(rel.Needs, rel.ExplainedBy) {
			check(id, other)
		}
	}
}

// With a circle in the relations two failures could explain each other, and neither would be a cause.
func TestRelationsHaveNoCircle(t *testing.T) {
	kb := core(t)
	var walk func(id string, path []string)
	walk = func(id string, path []string) {
		if slices.Contains(path, id) {
			t.Fatalf("circle: %v", append(path, id))
		}
		rel := kb.Checks[id]
		for _, up := range slices.Concat(rel.Needs, rel.ExplainedBy) {
			walk(up, append(slices.Clone(path), id))
		}
	}
	for id := range kb.Checks {
		walk(id, nil)
	}
}

// A repair that helps against nothing that exists would never be proposed.
func TestEveryRepairHelpsAgainstSomething(t *testing.T) {
	kb := core(t)
	if len(kb.Helps) < 20 {
		t.Fatalf("only %d repairs", len(kb.Helps))
	}
	for id, h := range kb.Helps {
		if len(h.Helps) == 0 {
			t.Errorf("%s helps against nothing", id)
		}
		for pattern, p := range h.Helps {
			prefix, family := strings.CutSuffix(pattern, "*")
			known := false
			for code := range kb.Causes {
				known = known || code == pattern || family && strings.HasPrefix(code, prefix)
			}
			if !known || p <= 0 || p > 1 {
				t.Errorf("%s: %s: %v, known %v", id, pattern, p, known)
			}
		}
	}
}

func TestRepairsInTheirOrder(t *testing.T) {
	kb := Knowledge{Helps: map[string]Help{
		"cheap":  {Helps: map[string]float64{"a/*": 0.5}, Risk: "none", CostS: 5},
		"dear":   {Helps: map[string]float64{"a/x": 0.9}, Risk: "no_undo", CostS: 300},
		"around": {Helps: map[string]float64{"a/x": 1}, Kind: "workaround", Risk: "none", CostS: 1},
		"undo":   {Helps: map[string]float64{"a/x": 0.5}, Risk: "undo", CostS: 5},
		"not":    {Helps: map[string]float64{"a/*": 0.9, "a/x": 0}, Risk: "none", CostS: 1},
		"other":  {Helps: map[string]float64{"b/y": 1}, Risk: "none", CostS: 1},
	}}
	got := kb.repairs(Diagnosis{Cause: "a/x", Confidence: Confirmed, Also: []Also{{Cause: "b/y"}}})
	if want := []string{"cheap", "undo", "dear", "other", "around"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
