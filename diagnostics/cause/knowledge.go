package cause

import (
	"fmt"
	"io/fs"
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
	// Explains restricts what this cause can explain: for a check, only these tails of causes. Checks that
	// stand not in it are explained as far as the relations go.
	Explains map[string][]string `yaml:"explains"`
	// Strong says that a warning with this cause explains failures too; otherwise only warnings.
	Strong bool `yaml:"strong"`
	// AtMost caps the confidence where the observation is not the cause itself.
	AtMost Confidence `yaml:"at_most"`
	// Assumes lists checks that must have passed for full confidence.
	Assumes []string `yaml:"assumes"`
	// Evidence names up to two facts, "key" of the root or "check:key".
	Evidence []string `yaml:"evidence"`
	Repairs  []string `yaml:"repairs"`
	// Fingerprint names the root's plain facts that tell two faults of this cause apart.
	Fingerprint []string `yaml:"fingerprint"`
	// Text by language; it stands in files of its own, so that the table stays a table.
	Text map[string]Text `yaml:"-"`
}

// Text is what people read of a cause.
type Text struct {
	Short    string `yaml:"short"`    // a few words, without places
	Sentence string `yaml:"sentence"` // what is wrong
	Breaks   string `yaml:"breaks"`   // what it breaks
	Now      string `yaml:"now"`      // what to do
}

// Core is the knowledge that ships with Balise, read once.
var Core = sync.OnceValues(loadCore)

// causesFile is a table of causes, or the texts of one language.
type causesFile struct {
	Areas    []Area           `yaml:"areas"`
	Causes   map[string]Entry `yaml:"causes"`
	Language string           `yaml:"language"`
	Texts    map[string]Text  `yaml:"texts"`
}

func loadCore() (Knowledge, error) {
	kb := Knowledge{Causes: map[string]Entry{}, Checks: map[string]Relations{}}
	files, err := fs.Glob(assets.FS, "packs/core/causes*.yaml")
	if err != nil {
		return kb, fmt.Errorf("read causes: %w", err)
	}
	texts := map[string]map[string]Text{}
	for _, name := range files {
		f, err := readCauses(name)
		if err != nil {
			return kb, err
		}
		kb.Areas = append(kb.Areas, f.Areas...)
		for code, e := range f.Causes {
			if _, twice := kb.Causes[code]; twice {
				return kb, fmt.Errorf("read causes %s: %q stands twice", name, code)
			}
			kb.Causes[code] = e
		}
		for code, t := range f.Texts {
			if texts[code] == nil {
				texts[code] = map[string]Text{}
			}
			texts[code][f.Language] = t
		}
	}
	for code, t := range texts {
		e, ok := kb.Causes[code]
		if !ok {
			return kb, fmt.Errorf("read causes: there is a text for %q, which is no cause", code)
		}
		e.Text = t
		kb.Causes[code] = e
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

func readCauses(name string) (causesFile, error) {
	var f causesFile
	raw, err := fs.ReadFile(assets.FS, name)
	if err != nil {
		return f, fmt.Errorf("read causes: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
		return f, fmt.Errorf("read causes %s: %w", name, err)
	}
	return f, nil
}

// Template is the id under which a check's relations and causes stand: its own, or for the instance of a
// template the template's ("svc.reach" for "svc.reach.erp").
func (kb Knowledge) Template(id string) string {
	if _, ok := kb.Checks[id]; ok {
		return id
	}
	if i := strings.LastIndexByte(id, '.'); i > 0 {
		if _, ok := kb.Checks[id[:i]]; ok {
			return id[:i]
		}
	}
	return id
}

// Entry finds the row of a cause: its own, the template's ("svc.reach.*/refused"), or that of every check
// ("*/flapping").
func (kb Knowledge) Entry(c diagnostics.Cause) (Entry, bool) {
	check, tail, _ := strings.Cut(string(c), "/")
	for _, code := range []string{string(c), kb.Template(check) + ".*/" + tail, "*/" + tail} {
		if e, ok := kb.Causes[code]; ok {
			return e, true
		}
	}
	return Entry{}, false
}

// Tail is what a cause says of its check: "refused" of "svc.reach.erp/refused".
func Tail(c diagnostics.Cause) string {
	_, tail, _ := strings.Cut(string(c), "/")
	return tail
}

// covers tells whether a list names a check, by id, by template or by a pattern with a star at its end.
func (kb Knowledge) covers(list []string, id string) bool {
	for _, want := range list {
		if want == id || want == kb.Template(id) {
			return true
		}
		if head, ok := strings.CutSuffix(want, "*"); ok && strings.HasPrefix(id, head) {
			return true
		}
	}
	return false
}
