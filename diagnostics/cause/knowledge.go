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
	// Changes say, by code of a change and pattern of causes, how much likelier it makes a cause.
	Changes map[string]map[string]float64
	// Questions are what can be asked where the cause is not sure.
	Questions []Ask
	// Unseen are reasons to complain that no self-test can see, by code ("unseen/program"). They are never
	// named as a cause; they keep the questions honest, and say where a complaint belongs that nothing
	// explains.
	Unseen map[string]Entry
	// Helps are the repairs, by ID, with the causes that they help against.
	Helps map[string]Help

	index *index // made by loadCore; knowledge that was put together by hand is indexed at each diagnosis
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
	// Unless lists checks any of which, passing, makes this not even a remark.
	Unless []string `yaml:"unless"`
	// ShownBy restricts this to a remark unless one of these checks fails too, in one of these ways (tails of
	// causes; none listed: in any). Some observations are a cause only where they hurt.
	ShownBy map[string][]string `yaml:"shown_by"`
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
	// Repairs are those that may help, best first; they say so themselves (Knowledge.Helps).
	Repairs []string `yaml:"-"`
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
		f, err := readPack[causesFile](name)
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
	if err := kb.loadContext(); err != nil {
		return kb, err
	}
	if err := kb.loadHelps(); err != nil {
		return kb, err
	}
	kb.index = newIndex(kb)
	return kb, nil
}

// loadContext reads what concerns answers and changes.
func (kb *Knowledge) loadContext() error {
	questions, err := readPack[struct {
		Questions []Ask            `yaml:"questions"`
		Unseen    map[string]Entry `yaml:"unseen"`
	}]("packs/core/questions.yaml")
	if err != nil {
		return err
	}
	changes, err := readPack[struct {
		Changes map[string]map[string]float64 `yaml:"changes"`
	}]("packs/core/changes.yaml")
	if err != nil {
		return err
	}
	kb.Questions, kb.Unseen, kb.Changes = questions.Questions, questions.Unseen, changes.Changes
	return nil
}

// readPack reads one file of the core pack; a key that it does not know is an error.
func readPack[T any](name string) (T, error) {
	var f T
	raw, err := fs.ReadFile(assets.FS, name)
	if err != nil {
		return f, fmt.Errorf("read knowledge: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(raw, &f, yaml.Strict()); err != nil {
		return f, fmt.Errorf("read knowledge %s: %w", name, err)
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
