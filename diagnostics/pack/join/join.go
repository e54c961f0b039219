// Package join joins packs with the core: their self-tests with the core's, their causes with its knowledge, their
// repairs with its catalogue, their words with its texts.
//
// What a pack may speak of is said here too (Vocabulary), because only here both sides are known.
package join

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"balise/assets"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/probes"
	"balise/diagnostics/pack/verb"
	"balise/diagnostics/repair"
)

// Vocabulary is all that a pack may speak of in this Balise; client is its version.
func Vocabulary(client string) (pack.Vocabulary, error) {
	v := pack.Vocabulary{Probes: probes.Vocabulary(), Verbs: verb.Vocabulary(), Client: client}
	specs, err := catalogue.Load()
	if err != nil {
		return v, fmt.Errorf("read the self-tests: %w", err)
	}
	kb, err := cause.Core()
	if err != nil {
		return v, fmt.Errorf("read the causes: %w", err)
	}
	repairs, err := repair.Specs()
	if err != nil {
		return v, fmt.Errorf("read the repairs: %w", err)
	}
	templates := map[string]bool{}
	categories := map[string]bool{}
	for code, e := range kb.Causes {
		check, _, _ := strings.Cut(code, "/")
		if id, ok := strings.CutSuffix(check, ".*"); ok {
			templates[id] = true
		}
		categories[e.Category] = true
	}
	delete(categories, "")
	for id := range specs {
		if templates[id] {
			id += ".*"
		}
		v.Checks = append(v.Checks, id)
	}
	slices.Sort(v.Checks)
	v.Causes = slices.Sorted(maps.Keys(kb.Causes))
	// Reasons to complain that no self-test sees: symptoms and their questions make these likelier too.
	v.Causes = append(v.Causes, slices.Sorted(maps.Keys(kb.Unseen))...)
	v.Repairs = slices.Sorted(maps.Keys(repairs))
	v.Categories = slices.Sorted(maps.Keys(categories))
	return v, nil
}

// Embedded are the packs that ship with Balise: those below assets/packs that are packs. The core's own tables are
// none.
func Embedded() (fs.FS, error) {
	all, err := fs.Sub(assets.FS, "packs")
	if err != nil {
		return nil, fmt.Errorf("read the packs: %w", err)
	}
	return embedded{all}, nil
}

type embedded struct{ fs.FS }

// Glob leaves the core's tables out.
func (e embedded) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(e.FS, pattern)
	return slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "core/") }), err
}

// Checks are the packs' self-tests as the probe child takes them. exec says that the administrator's settings
// allow programs; only a pack that lies where nobody else can write may start one.
func Checks(set *pack.Set, exec bool) []probes.Check {
	var list []probes.Check
	for _, p := range packs(set) {
		for _, c := range p.Checks {
			list = append(list, probes.Of(c, exec && p.Trust != pack.Signed))
		}
	}
	return list
}

func packs(set *pack.Set) []pack.Pack {
	if set == nil {
		return nil
	}
	return set.Packs
}

// Knowledge is the core's knowledge with what the packs know.
func Knowledge(core cause.Knowledge, set *pack.Set) cause.Knowledge {
	x := cause.Extra{
		Causes: map[string]cause.Entry{}, Checks: map[string]cause.Relations{}, Helps: map[string]cause.Help{},
	}
	for _, p := range packs(set) {
		for _, c := range p.Checks {
			x.Checks[c.ID] = cause.Relations{Needs: c.Needs, ExplainedBy: c.ExplainedBy}
		}
		for _, f := range p.Faults {
			x.Causes[f.Cause] = entry(f)
		}
		for _, r := range p.Repairs {
			x.Helps[r.ID] = cause.Help{Helps: r.Helps, Kind: r.Kind, Risk: r.Risk, CostS: r.CostS}
		}
	}
	if len(x.Causes)+len(x.Checks)+len(x.Helps) == 0 {
		return core
	}
	return core.With(x)
}

func entry(f pack.Fault) cause.Entry {
	e := cause.Entry{
		Category: f.Category, Level: f.Level, Actor: cause.Actor(f.Actor), Impact: f.Impact, Urgency: f.Urgency,
		Prior: f.Prior, Always: f.Always, Often: f.Often, Sometimes: f.Sometimes, Explains: f.Explains,
		Strong: f.Strong, AtMost: cause.Confidence(f.AtMost), Evidence: f.Evidence, Fingerprint: f.Fingerprint,
		Text: map[string]cause.Text{},
	}
	for lang, t := range f.Text {
		e.Text[lang] = cause.Text{Short: t.Short, Sentence: t.Sentence, Breaks: t.Breaks, Now: t.Now}
	}
	return e
}

// Questions are what a symptom asks, with ids of their own so that two symptoms' do not meet.
func Questions(s pack.Symptom) []cause.Ask {
	var list []cause.Ask
	for _, q := range s.Questions {
		ask := cause.Ask{ID: QuestionID(s.ID, q.ID)}
		for _, o := range q.Options {
			ask.Options = append(ask.Options, cause.AskOption{ID: o.ID, Factors: o.Factors, Impact: o.Impact})
		}
		list = append(list, ask)
	}
	return list
}

// QuestionID is the id of a symptom's question among all questions.
func QuestionID(symptom, question string) string { return symptom + "." + question }

// Repairs are the packs' repairs: what the engine runs, and what the catalogue says of each.
func Repairs(set *pack.Set, p verb.Params) ([]repair.Fixer, map[string]repair.Spec) {
	var fixers []repair.Fixer
	specs := map[string]repair.Spec{}
	for _, one := range packs(set) {
		for _, r := range one.Repairs {
			fixers = append(fixers, verb.Fixer(r, p))
			specs[r.ID] = verb.Spec(r)
		}
	}
	return fixers, specs
}
