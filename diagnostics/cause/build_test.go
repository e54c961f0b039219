package cause

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

// These tests are the compiler of the knowledge base: what they refuse would be a rule that is silently off, or
// a text with a hole.

func specs(t testing.TB) map[string]catalogue.Spec {
	t.Helper()
	all, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// declared tells whether a self-test says that it gives a fact. "answered" and "states" are such keys; one in
// the catalogue may start or end with a star.
func declared(s catalogue.Spec, key string) bool {
	for known := range s.Facts {
		head, open := strings.CutSuffix(known, "*")
		tail, ends := strings.CutPrefix(known, "*")
		if known == key || open && strings.HasPrefix(key, head) || ends && strings.HasSuffix(key, tail) {
			return true
		}
	}
	return false
}

// checkOf is the self-test, or template, that names a cause.
func checkOf(code string) string {
	id, _, _ := strings.Cut(code, "/")
	return strings.TrimSuffix(id, ".*")
}

var filled = regexp.MustCompile(`\{([a-z0-9_.]+)\}`)

func TestEveryFactThatTheTableUsesIsDeclaredByItsCheck(t *testing.T) {
	all := specs(t)
	silent := map[string]bool{}
	for id, s := range all {
		if len(s.Facts) == 0 {
			silent[id] = true
			t.Errorf("%s declares no facts: give it the column \"facts\" in assets/packs/core/checks_*.yaml", id)
		}
	}
	for code, e := range core(t).Causes {
		id := checkOf(code)
		want := func(check, key, where string) {
			if s, ok := all[check]; ok && !silent[check] && !declared(s, key) {
				t.Errorf("%s: %s uses {%s}, which %s does not declare", code, where, key, check)
			}
		}
		for _, ref := range e.Evidence {
			if check, key, other := strings.Cut(ref, ":"); other {
				want(check, key, "evidence")
			} else {
				want(id, ref, "evidence")
			}
		}
		for _, key := range e.Fingerprint {
			want(id, key, "fingerprint")
		}
		for lang, x := range e.Text {
			for _, m := range filled.FindAllStringSubmatch(x.Sentence+x.Breaks+x.Now, -1) {
				want(id, m[1], "the text in "+lang)
			}
		}
	}
}

// The fingerprint may hold plain facts only; a fact of another class in the table would be left out silently.
func TestFingerprintsAreMadeOfPlainFacts(t *testing.T) {
	all := specs(t)
	for code, e := range core(t).Causes {
		for _, key := range e.Fingerprint {
			if kind, ok := all[checkOf(code)].Facts[key]; ok && !strings.HasPrefix(kind, "plain") {
				t.Errorf("%s: the fingerprint uses %s, which is %s", code, key, kind)
			}
		}
	}
}

// What a check declares as its causes and what the table has must be the same.
func TestDeclaredCausesAreThoseOfTheTable(t *testing.T) {
	kb := core(t)
	have := map[string][]string{}
	for code := range kb.Causes {
		if Tail(diagnostics.Cause(code)) == diagnostics.Flapping {
			continue // the Runner says that, of any check
		}
		have[checkOf(code)] = append(have[checkOf(code)], Tail(diagnostics.Cause(code)))
	}
	for id, s := range specs(t) {
		if len(s.Causes) == 0 {
			continue // an old row, whose causes stand in the source alone
		}
		want, got := slices.Sorted(slices.Values(s.Causes)), slices.Sorted(slices.Values(have[id]))
		if !slices.Equal(want, got) {
			t.Errorf("%s declares the causes %v, the table has %v", id, want, got)
		}
	}
}

// witness is a set of results in which a cause should be named first: its check names it, what it always and
// often breaks is broken as it breaks it, and all else is well, but for what would refute it.
func witness(kb Knowledge, code string) []diagnostics.Result {
	e, id := kb.Causes[code], checkOf(code)
	x := kb.indexed()
	instance := func(check string) string {
		if _, ok := kb.Causes[code]; ok && strings.Contains(code, ".*/") && check == id {
			return check + ".one"
		}
		for other := range kb.Causes {
			if strings.HasPrefix(other, check+".*/") {
				return check + ".one"
			}
		}
		return check
	}
	broken := map[string]string{}
	for _, list := range [...][]string{e.Always, e.Often} {
		for at, ok := range x.covered(list) {
			if ok {
				broken[x.names[at]] = firstTail(kb, x.names[at], e.Explains[x.names[at]])
			}
		}
	}
	for check, tails := range e.ShownBy {
		broken[check] = firstTail(kb, check, tails)
	}
	refuted := x.covered(slices.Concat(e.RefutedBy, e.Unless))
	var results []diagnostics.Result
	for at, check := range x.names {
		r := diagnostics.Result{ID: instance(check), Status: diagnostics.Pass}
		tail := broken[check]
		switch {
		case check == id || id == "*" && (check == "net.egress" || check == "net.dns.system"):
			r.Status, r.Severity = diagnostics.Fail, diagnostics.Blocks
			if id == "*" {
				r.Status, r.Severity = diagnostics.Warn, diagnostics.Degrades
			}
			r.Cause = diagnostics.Cause(r.ID + "/" + Tail(diagnostics.Cause(code)))
		case tail != "":
			r.Status, r.Severity = diagnostics.Fail, diagnostics.Blocks
			r.Cause = diagnostics.Cause(r.ID + "/" + tail)
		case refuted[at]:
			r.Status = diagnostics.NA
		}
		results = append(results, r)
	}
	return results
}

// firstTail is a way in which a check fails: one of those listed, or the first that the table has.
func firstTail(kb Knowledge, check string, tails []string) string {
	if len(tails) > 0 {
		return tails[0]
	}
	for _, code := range sortedKeys(kb.Causes) {
		if checkOf(code) == check {
			return Tail(diagnostics.Cause(code))
		}
	}
	return ""
}

func TestEveryFaultCanBeNamedFirst(t *testing.T) {
	kb := core(t)
	for _, code := range sortedKeys(kb.Causes) {
		d, _ := Diagnose(witness(kb, code), kb, Context{})
		if row := rowOf(kb, d.Cause); row != code {
			t.Errorf("%s: with it and all that it breaks, %s is named first (%s)", code, d.Cause, d.Confidence)
		}
	}
}

// rowOf is the code of the table's row for a cause.
func rowOf(kb Knowledge, c diagnostics.Cause) string {
	x := kb.indexed()
	id, _, _ := strings.Cut(string(c), "/")
	n, _ := x.number(id)
	if at := x.find(n, c); at >= 0 {
		return x.faults[at].code
	}
	return string(c)
}

// A pattern that fits nothing is a typing error: the answer or the change would say nothing.
func TestQuestionsAndChangesNameOnlyWhatExists(t *testing.T) {
	kb := core(t)
	x := kb.indexed()
	fits := func(pattern string) bool {
		return slices.ContainsFunc(x.faults, func(f fault) bool { return matches(pattern, f.code) })
	}
	const most = 8
	check := func(where string, factors map[string]float64) {
		for pattern, factor := range factors {
			if !fits(pattern) {
				t.Errorf("%s: %q fits no cause", where, pattern)
			}
			if factor <= 0 || factor > most || factor < 1.0/most/2 {
				t.Errorf("%s: the factor of %q is %v", where, pattern, factor)
			}
		}
	}
	for _, q := range kb.Questions {
		told := 0
		for _, o := range q.Options {
			check("question "+q.ID+" "+o.ID, o.Factors)
			if len(o.Factors) > 0 {
				told++
			}
		}
		if told < 2 {
			t.Errorf("question %s: %d of its options are evidence", q.ID, told)
		}
	}
	codes := diagnostics.ChangeCodes()
	for code, factors := range kb.Changes {
		if !slices.Contains(codes, code) {
			t.Errorf("changes: there is no %q in diagnostics/change.go", code)
		}
		check("change "+code, factors)
	}
	for _, code := range codes {
		if kb.Changes[code] == nil {
			t.Errorf("changes: %q makes nothing likelier", code)
		}
	}
}

// What is shown only by others must be able to explain them, or it would be a cause without a symptom.
func TestShownByIsExplained(t *testing.T) {
	kb := core(t)
	for code, e := range kb.Causes {
		for check, tails := range e.ShownBy {
			if _, ok := kb.Checks[check]; !ok {
				t.Errorf("%s is shown by %q, which does not exist", code, check)
			}
			if list, limited := e.Explains[check]; limited && len(tails) > 0 {
				for _, tail := range tails {
					if !slices.Contains(list, tail) {
						t.Errorf("%s is shown by %s/%s, which it does not explain", code, check, tail)
					}
				}
			}
		}
	}
}

// What stops others must be a cause that the table has, and severe enough to be one.
func TestTheRunStopsOnlyForCausesOfTheTable(t *testing.T) {
	kb := core(t)
	stopping := 0
	for id, s := range specs(t) {
		for _, tail := range s.Stops {
			stopping++
			e, ok := kb.Causes[id+"/"+tail]
			if !ok {
				t.Errorf("pace.yaml: %s stops others by %q, which is no cause", id, tail)
			}
			// A way around that the table knows must hold for the run too, or evidence would be cut off.
			for _, other := range e.Unless {
				if !slices.Contains(s.UnlessPasses, other) {
					t.Errorf("pace.yaml: %s/%s stops others even when %s passes", id, tail, other)
				}
			}
		}
		if s.Beyond && strings.HasPrefix(id, "net.") && slices.Contains([]string{"net.link", "net.addr", "net.gateway"}, id) {
			t.Errorf("pace.yaml: %s lies on this side of the router", id)
		}
	}
	if stopping == 0 {
		t.Error("nothing stops anything: pace.yaml is not read")
	}
}
