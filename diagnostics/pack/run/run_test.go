package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
)

const example = "../../../packaging/packs/example"

func examplePack(t *testing.T) *pack.File {
	t.Helper()
	v, err := join.Vocabulary("99")
	if err != nil {
		t.Fatal(err)
	}
	f, problems, err := pack.ReadFile(filepath.Join(example, "planning"), pack.Rules{Vocabulary: v, Trust: pack.Signed})
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v %v", problems, err)
	}
	return f
}

func try(t *testing.T, text string) ([]Outcome, error) {
	t.Helper()
	set, err := Beside(examplePack(t))
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Parse("cases.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Test(set, cases, os.DirFS(example))
}

func TestTheExample(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(example, "cases.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := try(t, string(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		for _, d := range o.Differ {
			t.Errorf("%s: %s", o.Name, d)
		}
	}
}

// A test that cannot fail is none: each thing that is expected is compared.
func TestWhatDiffersIsSaid(t *testing.T) {
	for what, text := range map[string]string{
		"status of acme.planning": "facts: {acme.planning: {http.answered: true, http.status: 503}}, expect: {status: {acme.planning: pass}}",
		"cause":                   "facts: {acme.planning: {http.answered: true, http.status: 503}}, expect: {cause: acme.planning/slow}",
		"repairs":                 "facts: {acme.planning: {http.answered: true, http.status: 503}}, expect: {repairs: [acme.planning_cache]}",
		"level":                   "facts: {acme.planning: {http.answered: true, http.status: 503}}, expect: {level: 1}",
		"category":                "facts: {acme.planning: {http.answered: true, http.status: 503}}, expect: {category: network}",
		"symptom of":              "says: my mouse is dead, expect: {symptom: acme.planning_trouble}",
		"queue":                   "symptom: acme.planning_trouble, expect: {queue: Other}",
		"urgency":                 "symptom: acme.planning_trouble, expect: {urgency: high}",
		"form":                    "symptom: acme.planning_trouble, expect: {form: acme.planning_access}",
		"also":                    "facts: {acme.planning: {http.answered: true, http.status: 503}}, expect: {also: [disk.space/full]}",
	} {
		out, err := try(t, "cases: [{name: x, "+text+"}]")
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if len(out) != 1 || len(out[0].Differ) != 1 || !strings.HasPrefix(out[0].Differ[0].What, what) ||
			out[0].Differ[0].Got == "" || out[0].Passed() {
			t.Errorf("%s: %+v", what, out)
		}
	}
}

func TestCasesThatCannotBeTried(t *testing.T) {
	for want, text := range map[string]string{
		"no fact":             "facts: {acme.planning: {http.stauts: 503}}, expect: {cause: healthy}",
		"no pack has":         "facts: {acme.plan: {http.status: 503}}, expect: {cause: healthy}",
		"recorded results":    "results: recorded/none.json, expect: {cause: healthy}",
		"recorded result":     "results: ../example/recorded/healthy.json, expect: {cause: healthy}",
		"there is no symptom": "symptom: acme.none, expect: {queue: x}",
		"add says":            "expect: {symptom: acme.planning_trouble}",
	} {
		if _, err := try(t, "cases: [{name: x, "+text+"}]"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, text := range []string{
		"cases: []", "cases: [{name: x}]", "cases: [{expect: {cause: a}}]", "cases: [{name: x, expct: {}}]", ":", "",
		"cases: [{name: x, expect: {caus: a}}]",
	} {
		if _, err := Parse("c.yaml", []byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("cases: [{name: x, facts: {a: {b: 1}}, expect: {cause: a}}]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if cases, err := Parse("c.yaml", raw); err == nil && len(cases) == 0 {
			t.Fatal("no cases and no error")
		}
	})
}
