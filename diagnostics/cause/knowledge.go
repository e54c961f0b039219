package cause

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"balise/assets"
	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
)

// Knowledge is what Diagnose knows beside the results: the table of causes, the relations of the checks, and
// the areas that a diagnosis can rule out. It is data, read from assets/packs/core.
type Knowledge struct {
	// Causes by code. A "*" stands for one part of a dotted name: "svc.reach.*/refused".
	Causes map[string]Entry
	// Checks by id or pattern.
	Checks map[string]Relations
	// Areas are names of groups of checks, in the order in which people read them.
	Areas []Area
}

// Relations are what a check's failure can follow from.
type Relations struct {
	Needs       []string
	ExplainedBy []string
}

// Area is a part of the computer that a diagnosis can rule out.
type Area struct {
	ID     string   `yaml:"id"`
	Checks []string `yaml:"checks"` // ids or patterns
}

// Entry is one row of the table of causes.
type Entry struct {
	Category string `yaml:"category"`
	Level    int    `yaml:"level"`
	Actor    Actor  `yaml:"actor"`
	Impact   string `yaml:"impact"`  // "user" when empty
	Urgency  string `yaml:"urgency"` // from the result's severity when empty
	// Prior is how common the cause is among complaints, any scale; only ratios count.
	Prior float64 `yaml:"prior"`
	// Always, Often and Sometimes list checks that fail too when this is the cause.
	Always    []string `yaml:"always"`
	Often     []string `yaml:"often"`
	Sometimes []string `yaml:"sometimes"`
	// Outranks says that nothing else is the cause while this is seen.
	Outranks bool `yaml:"outranks"`
	// RefutedBy lists checks any of which, passing, makes this a remark and not a cause.
	RefutedBy []string `yaml:"refuted_by"`
	// Explains restricts, by cause pattern, what this cause can explain; empty is everything that the
	// relations allow. Checks that the restriction does not name at all stay explained.
	Explains map[string][]string `yaml:"explains"`
	// AtMost caps the confidence where the observation is not the cause itself.
	AtMost Confidence `yaml:"at_most"`
	// Unless lists checks that must have passed for the cap not to apply one step lower.
	Assumes []string `yaml:"assumes"`
	// Evidence names up to two facts, "key" of the root or "check:key".
	Evidence []string `yaml:"evidence"`
	Repairs  []string `yaml:"repairs"`
	// Fingerprint names the root's plain facts that tell two faults of this cause apart.
	Fingerprint []string `yaml:"fingerprint"`
	// Text by language.
	Text map[string]Text `yaml:"text"`
}

// Text is what people read of a cause.
type Text struct {
	Sentence string `yaml:"sentence"` // what is wrong
	Breaks   string `yaml:"breaks"`   // what it breaks
	Now      string `yaml:"now"`      // what to do
}

// Core is the knowledge that ships with Balise, read once.
var Core = sync.OnceValues(loadCore)

type causesFile struct {
	Areas  []Area           `yaml:"areas"`
	Causes map[string]Entry `yaml:"causes"`
}

func loadCore() (Knowledge, error) {
	kb := Knowledge{Causes: map[string]Entry{}, Checks: map[string]Relations{}}
	files, err := fs.Glob(assets.FS, "packs/core/causes*.yaml")
	if err != nil {
		return kb, fmt.Errorf("read causes: %w", err)
	}
	for _, name := range files {
		raw, err := fs.ReadFile(assets.FS, name)
		if err != nil {
			return kb, fmt.Errorf("read causes: %w", err)
		}
		var f causesFile
		if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
			return kb, fmt.Errorf("read causes %s: %w", name, err)
		}
		kb.Areas = append(kb.Areas, f.Areas...)
		for code, e := range f.Causes {
			if _, twice := kb.Causes[code]; twice {
				return kb, fmt.Errorf("read causes %s: %q stands twice", name, code)
			}
			kb.Causes[code] = e
		}
	}
	specs, err := catalogue.Load()
	if err != nil {
		return kb, err
	}
	for id, s := range specs {
		kb.Checks[id] = Relations{Needs: s.Needs, ExplainedBy: s.ExplainedBy}
	}
	return kb, nil
}

// Entry finds the row of a cause: its own, or the one of a pattern.
func (kb Knowledge) Entry(c diagnostics.Cause) (Entry, bool) {
	if e, ok := kb.Causes[string(c)]; ok {
		return e, true
	}
	for _, code := range Patterns(string(c)) {
		if e, ok := kb.Causes[code]; ok {
			return e, true
		}
	}
	return Entry{}, false
}

// Patterns are the patterns under which a cause or a check may be listed, most precise first. The name of a
// service is the last part of its check's id: "svc.reach.erp/refused" is also "svc.reach.*/refused".
func Patterns(code string) []string {
	check, tail, isCause := strings.Cut(code, "/")
	var list []string
	if i := strings.LastIndexByte(check, '.'); i > 0 {
		list = append(list, check[:i]+".*")
	}
	if !isCause {
		return list
	}
	for i := range list {
		list[i] += "/" + tail
	}
	return append(list, "*/"+tail)
}

// Match tells whether a pattern stands for a check's id.
func Match(pattern, id string) bool {
	ok, err := path.Match(pattern, id)
	return err == nil && ok
}
