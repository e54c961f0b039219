// Package run tries a pack without a computer to try it on: recorded facts and results go in, and what comes out
// is compared with what the pack's author expects. A desk does this in its own CI before it rolls a pack out.
//
// A file of cases is YAML:
//
//	cases:
//	  - name: the service answers with errors
//	    results: recorded/healthy.json        # of `balise check --json`; may be left out
//	    facts: {acme.erp: {http.answered: true, http.status: 503, http.ms: 80}}
//	    expect: {status: {acme.erp: fail}, cause: acme.erp/down, repairs: [acme.erp_cache]}
//	  - name: people say it is slow
//	    says: the erp is slow today
//	    lang: en
//	    expect: {symptom: acme.erp_slow}
//
// Only what stands under expect is compared.
package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
	"balise/diagnostics/pack/probes"
	"balise/diagnostics/symptom"
)

// Case is one thing that is tried.
type Case struct {
	Name string `yaml:"name"`
	// Results is a file of `balise check --json`, beside the file of cases.
	Results string `yaml:"results"`
	// Facts are what the pack's probes are said to have seen, by self-test.
	Facts map[string]map[string]any `yaml:"facts"`
	// Says is a sentence whose symptom is sought; Lang the language of the one who writes it, en when empty.
	Says string `yaml:"says"`
	Lang string `yaml:"lang"`
	// Symptom is the one that the user chose, Answers what he answered to its questions (by their own ids).
	Symptom string            `yaml:"symptom"`
	Answers map[string]string `yaml:"answers"`
	Expect  Expect            `yaml:"expect"`
}

// Expect is what must come out. What is empty is not looked at.
type Expect struct {
	Status  map[string]string `yaml:"status"`  // by self-test
	Cause   string            `yaml:"cause"`   // "healthy" where nothing is wrong
	Also    []string          `yaml:"also"`    // further causes, in any order
	Repairs []string          `yaml:"repairs"` // proposed, in this order, before any others
	// Symptom is the first that the sentence leads to; Among is enough where several may come first.
	Symptom string `yaml:"symptom"`
	Among   int    `yaml:"among"`
	// Where the ticket goes.
	Category string `yaml:"category"`
	Level    int    `yaml:"level"`
	Urgency  string `yaml:"urgency"`
	Queue    string `yaml:"queue"`
	Form     string `yaml:"form"`
}

// Outcome is what became of a case.
type Outcome struct {
	Name   string `json:"name"`
	Differ []Diff `json:"differ,omitempty"`
}

// Passed tells whether all was as expected.
func (o Outcome) Passed() bool { return len(o.Differ) == 0 }

// Diff is one thing that is not as expected.
type Diff struct {
	What string `json:"what"` // "cause", "status acme.erp", ...
	Want string `json:"want"`
	Got  string `json:"got"`
}

func (d Diff) String() string {
	return fmt.Sprintf("%s\n  - expected %s\n  + got      %s", d.What, d.Want, d.Got)
}

// maxCases bounds one file.
const maxCases = 500

// Parse reads a file of cases. A key that it does not know is an error with line and column.
func Parse(name string, raw []byte) ([]Case, error) {
	var f struct {
		Cases []Case `yaml:"cases"`
	}
	if len(raw) > pack.MaxFile {
		return nil, fmt.Errorf("%s: too large", name)
	}
	if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(f.Cases) == 0 || len(f.Cases) > maxCases {
		return nil, fmt.Errorf("%s: want 1 to %d cases, have %d", name, maxCases, len(f.Cases))
	}
	for i, c := range f.Cases {
		if c.Name == "" {
			return nil, fmt.Errorf("%s: cases[%d] has no name", name, i)
		}
		if expectsNothing(c.Expect) {
			return nil, fmt.Errorf("%s: %q expects nothing", name, c.Name)
		}
	}
	return f.Cases, nil
}

func expectsNothing(e Expect) bool {
	return len(e.Status)+len(e.Also)+len(e.Repairs)+e.Level == 0 &&
		e.Cause+e.Symptom+e.Category+e.Urgency+e.Queue+e.Form == ""
}

// Beside is a set in which a pack that was read and linted stands beside those that ship with Balise.
func Beside(f *pack.File) (*pack.Set, error) {
	embedded, err := join.Embedded()
	if err != nil {
		return nil, err
	}
	vocabulary, err := join.Vocabulary("")
	if err != nil {
		return nil, err
	}
	set := pack.Load(pack.Params{Embedded: embedded, Vocabulary: vocabulary})
	if i := slices.IndexFunc(set.Packs, func(p pack.Pack) bool { return p.Pack.ID == f.Pack.ID }); i >= 0 {
		return set, nil // it is one of them
	}
	set.Packs = append(set.Packs, pack.Pack{File: *f, Trust: pack.Admin})
	set.Checks, set.Faults = append(set.Checks, f.Checks...), append(set.Faults, f.Faults...)
	set.Repairs, set.Symptoms = append(set.Repairs, f.Repairs...), append(set.Symptoms, f.Symptoms...)
	set.Forms = append(set.Forms, f.Forms...)
	return set, nil
}

// Test tries cases against packs. files holds the recorded results that the cases name. The error is for a case
// that cannot be tried: a file that is missing, a fact that no probe gives.
func Test(set *pack.Set, cases []Case, files fs.FS) ([]Outcome, error) {
	core, err := cause.Core()
	if err != nil {
		return nil, fmt.Errorf("read the causes: %w", err)
	}
	index, err := symptom.New(set.Symptoms)
	if err != nil {
		return nil, fmt.Errorf("read the symptoms: %w", err)
	}
	t := tester{set: set, knowledge: join.Knowledge(core, set), checks: join.Checks(set, true), index: index, files: files}
	var out []Outcome
	for _, c := range cases {
		o, err := t.one(c)
		if err != nil {
			return out, fmt.Errorf("%s: %w", c.Name, err)
		}
		out = append(out, o)
	}
	return out, nil
}

type tester struct {
	set       *pack.Set
	knowledge cause.Knowledge
	checks    []probes.Check
	index     *symptom.Index
	files     fs.FS
}

func (t tester) one(c Case) (Outcome, error) {
	o := Outcome{Name: c.Name}
	complained, err := t.complaint(c, &o)
	if err != nil {
		return o, err
	}
	if c.Results == "" && len(c.Facts) == 0 && complained == nil {
		return o, nil
	}
	results, err := t.results(c)
	if err != nil {
		return o, err
	}
	t.judge(c, complained, results, &o)
	return o, nil
}

// complaint finds the case's symptom, by its words or its id.
func (t tester) complaint(c Case, o *Outcome) (*pack.Symptom, error) {
	id := c.Symptom
	if c.Says != "" {
		lang := c.Lang
		if lang == "" {
			lang = "en"
		}
		var found []string
		for _, m := range t.index.Match(c.Says, lang) {
			found = append(found, m.ID)
		}
		first := found[:min(len(found), max(c.Expect.Among, 1))]
		if want := c.Expect.Symptom; want != "" && !slices.Contains(first, want) {
			o.differ("symptom of “"+c.Says+"”", want, list(found))
		}
		if id == "" && len(found) > 0 {
			id = found[0]
		}
	} else if c.Expect.Symptom != "" && c.Expect.Symptom != id {
		return nil, errors.New("a symptom is expected, and nobody says anything: add says")
	}
	if id == "" {
		return nil, nil
	}
	i := slices.IndexFunc(t.set.Symptoms, func(s pack.Symptom) bool { return s.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("there is no symptom %q", id)
	}
	s := t.set.Symptoms[i]
	if want := c.Expect.Form; want != "" && s.Form != want {
		o.differ("form", want, orNone(s.Form))
	}
	return &s, nil
}

// results are what was recorded, with what the pack's self-tests make of the facts.
func (t tester) results(c Case) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	if c.Results != "" {
		raw, err := fs.ReadFile(t.files, path.Clean(c.Results))
		if err != nil {
			return nil, fmt.Errorf("read the recorded results: %w", err)
		}
		var doc struct {
			Results []diagnostics.Result `json:"results"`
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			return nil, fmt.Errorf("read the recorded results of %s: %w", c.Results, err)
		}
		if len(doc.Results) == 0 {
			return nil, fmt.Errorf("%s holds no results; record them with balise check --json", c.Results)
		}
		list = doc.Results
	}
	for id := range c.Facts {
		if !slices.ContainsFunc(t.checks, func(k probes.Check) bool { return k.ID == id }) {
			return nil, fmt.Errorf("facts: no pack has a self-test %q", id)
		}
	}
	for _, k := range t.checks {
		facts, ok := c.Facts[k.ID]
		if !ok {
			continue
		}
		r, err := result(k, facts, list)
		if err != nil {
			return nil, err
		}
		list = append(slices.DeleteFunc(list, func(old diagnostics.Result) bool { return old.ID == k.ID }), r)
	}
	return list, nil
}

// result is what a self-test says of facts; it is skipped where something that it needs failed.
func result(k probes.Check, facts map[string]any, others []diagnostics.Result) (diagnostics.Result, error) {
	r := diagnostics.Result{ID: k.ID}
	for _, o := range others {
		if slices.Contains(k.Needs, o.ID) && (o.Status == diagnostics.Fail || o.Status == diagnostics.Skip) {
			r.BlockedBy = append(r.BlockedBy, o.ID)
		}
	}
	if len(r.BlockedBy) > 0 {
		r.Status = diagnostics.Skip
		return r, nil
	}
	seen := map[string]any{}
	for key, v := range facts {
		seen[key] = plain(v)
	}
	for key := range probes.FactTypes(k.Probe) {
		// Who records facts writes down what happened, not which errors did not.
		if _, given := seen[key]; !given && strings.HasSuffix(key, ".err") {
			seen[key] = ""
		}
	}
	out, err := probes.Judge(k, seen)
	if err != nil {
		return r, err
	}
	r.Status, r.Cause, r.Severity, r.Facts, r.Detail = out.Status, out.Cause, out.Severity, out.Facts, out.Detail
	return r, nil
}

// plain brings what YAML reads into the types of facts.
func plain(v any) any {
	switch v := v.(type) {
	case uint64:
		return int64(v)
	case int:
		return int64(v)
	case []any:
		var texts []string
		for _, one := range v {
			texts = append(texts, fmt.Sprint(one))
		}
		return texts
	}
	return v
}

func (o *Outcome) differ(what, want, got string) {
	o.Differ = append(o.Differ, Diff{What: what, Want: want, Got: got})
}

// same compares one text where something is expected.
func (o *Outcome) same(what, want, got string) {
	if want != "" && want != got {
		o.differ(what, want, orNone(got))
	}
}

func list(names []string) string { return orNone(strings.Join(names, ", ")) }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// judge makes the diagnosis and compares.
func (t tester) judge(c Case, s *pack.Symptom, results []diagnostics.Result, o *Outcome) {
	for _, id := range slices.Sorted(maps.Keys(c.Expect.Status)) {
		i := slices.IndexFunc(results, func(r diagnostics.Result) bool { return r.ID == id })
		got := "not recorded"
		if i >= 0 {
			got = string(results[i].Status)
			if want := c.Expect.Status[id]; got != want && results[i].Detail != "" {
				got += " (" + results[i].Detail + ")"
			}
		}
		o.same("status of "+id, c.Expect.Status[id], got)
	}
	kb, ctx := t.knowledge, cause.Context{}
	if s != nil {
		kb = kb.With(cause.Extra{Questions: join.Questions(*s)})
		ctx.Symptom, ctx.Answers = s.Factors, map[string]string{}
		for q, option := range c.Answers {
			ctx.Answers[join.QuestionID(s.ID, q)] = option
		}
	}
	d, _ := cause.Diagnose(results, kb, ctx)
	queue := ""
	if s != nil {
		join.Orient(&d, *s, ctx.Answers)
		if !d.Problem() || d.Category == s.Category {
			queue = s.Queue
		}
	}
	o.same("cause", c.Expect.Cause, string(d.Cause))
	var also []string
	for _, a := range d.Also {
		also = append(also, string(a.Cause))
	}
	for _, want := range c.Expect.Also {
		if !slices.Contains(also, want) {
			o.differ("also", want, list(also))
		}
	}
	if want := c.Expect.Repairs; len(want) > 0 && !slices.Equal(want, d.Repairs[:min(len(want), len(d.Repairs))]) {
		o.differ("repairs", list(want), list(d.Repairs))
	}
	o.same("category", c.Expect.Category, d.Category)
	o.same("urgency", c.Expect.Urgency, d.Urgency)
	o.same("queue", c.Expect.Queue, queue)
	if want := c.Expect.Level; want != 0 && want != d.Level {
		o.differ("level", fmt.Sprint(want), fmt.Sprint(d.Level))
	}
}
