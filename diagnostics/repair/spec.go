package repair

import (
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"balise/assets"
)

// Kind tells a repair that removes a cause from one that leads round it.
type Kind string

// The kinds. Fixes are proposed before workarounds.
const (
	Fix        Kind = "fix"
	Workaround Kind = "workaround"
)

// Scope is what a repair changes.
type Scope string

// The scopes.
const (
	ScopeUser   Scope = "user"   // only what is the user's own
	ScopeSystem Scope = "system" // what others who use this computer share
)

// Spec is what the catalogue says of one repair: all that does not depend on the machine. It is data
// (assets/packs/core/repairs_*.yaml), so that a reader can judge it and a desk's pack can bring its own.
type Spec struct {
	ID    string `yaml:"-"`
	Kind  Kind   `yaml:"kind"`
	Scope Scope  `yaml:"scope"`
	Risk  Risk   `yaml:"risk"`
	// CostS is how long it takes, in seconds.
	CostS int `yaml:"cost_s"`
	// Cooldown keeps a repair that changed something from being run again at once.
	Cooldown time.Duration `yaml:"cooldown"`
	// Platforms lists GOOS values; empty is all.
	Platforms []string `yaml:"platforms"`
	Pre       Pre      `yaml:"pre"`
	// Verify are the self-tests that must turn to pass.
	Verify []string `yaml:"verify"`
	// NotUsedProves says that a self-test which does not apply any more proves it too: the proxy that failed is not
	// used now.
	NotUsedProves bool `yaml:"not_used_proves"`
	// Settle is how they are looked at after the last step: at least once, then every `every` until they pass or
	// `within` is over.
	Settle Settle `yaml:"settle"`
	// AsksUser says that passing self-tests are not proof enough ("do you hear it?"): the user's own yes is.
	AsksUser bool `yaml:"asks_user"`
	// WordAlone says that the self-test only sees the past (a crash of yesterday): the user's yes alone proves it.
	WordAlone bool `yaml:"word_alone"`
	// Helps says how likely the repair works if that is the cause (patterns of causes, 0 to 1). It is proposed
	// for these causes and no others.
	Helps map[string]float64 `yaml:"helps"`
	Undo  UndoSpec           `yaml:"undo"`
	Steps []StepSpec         `yaml:"steps"`
}

// Pre are the preconditions.
type Pre struct {
	Fails     []string `yaml:"fails"`       // one of these self-tests is bad; Verify when empty
	Passes    []string `yaml:"passes"`      // none of these is bad
	NotInCall bool     `yaml:"not_in_call"` // microphone or camera in use: it would cut a conversation
	OnMains   bool     `yaml:"on_mains"`    // it must not be cut short by an empty battery
}

// Settle is how long a repair's effect takes to show.
type Settle struct {
	Every  time.Duration `yaml:"every"`
	Within time.Duration `yaml:"within"`
}

// UndoSpec says when a repair is put back without being asked.
type UndoSpec struct {
	// AtStart says that an attempt that a crash cut short is put back at the next start. Where time may have made
	// that wrong, it is only reported.
	AtStart bool `yaml:"at_start"`
	// Unsolved says that a repair that did not help is put back.
	Unsolved bool `yaml:"unsolved"`
}

// StepSpec is one step of the catalogue.
type StepSpec struct {
	ID   string   `yaml:"id"`
	Kind StepKind `yaml:"kind"`
	Risk Risk     `yaml:"risk"`
	// Choose says that the user picks among what Look found: "one" or "many"; empty where there is no choice.
	Choose string `yaml:"choose"`
	// Elevated says that the system asks for an administrator's password.
	Elevated bool `yaml:"elevated"`
	// Timeout bounds the step; 10 minutes when empty.
	Timeout time.Duration `yaml:"timeout"`
}

// Specs are the core's repairs by ID, read once.
var Specs = sync.OnceValues(loadSpecs)

func loadSpecs() (map[string]Spec, error) {
	files, err := fs.Glob(assets.FS, "packs/core/repairs_*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read repairs: %w", err)
	}
	all := map[string]Spec{}
	for _, name := range files {
		raw, err := fs.ReadFile(assets.FS, name)
		if err != nil {
			return nil, fmt.Errorf("read repairs: %w", err)
		}
		var specs map[string]Spec
		if err := yaml.UnmarshalWithOptions(raw, &specs, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read repairs %s: %w", name, err)
		}
		for id, s := range specs {
			if _, twice := all[id]; twice {
				return nil, fmt.Errorf("read repairs %s: %q stands twice", name, id)
			}
			s.ID = id
			all[id] = s
		}
	}
	return all, nil
}
