// Package catalogue reads what each self-test's limits, deadline and relations are.
//
// They are data (assets/packs/core/checks_*.yaml), so that a reader can compare them with their sources and
// a desk can later change them without a rebuild.
package catalogue

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"balise/assets"
	"balise/diagnostics"
)

// Spec is what the catalogue says of one self-test.
type Spec struct {
	ID          string               `yaml:"-"`
	Timeout     time.Duration        `yaml:"timeout"`
	Needs       []string             `yaml:"needs"`
	ExplainedBy []string             `yaml:"explained_by"`
	MootBy      []string             `yaml:"moot_by"`
	Severity    diagnostics.Severity `yaml:"severity"`
	Platforms   []string             `yaml:"platforms"` // GOOS values; empty is all
	Once        bool                 `yaml:"once"`      // it watches for a while: no second look beside it
	// OnDemand says that it runs only when it is asked for by name: it costs time or data.
	OnDemand bool `yaml:"on_demand"`
	// Reason says why the deadline is what it is, for readers of the catalogue.
	Reason string `yaml:"reason"`
	// Facts are the facts that it can give: "class", "class kind" or "class kind unit" by key ("plain - ms",
	// "infra printer"). A key may start or end with a star.
	Facts map[string]string `yaml:"facts"`
	// Causes are the tails of the causes that it can name ("silent" of "net.gateway/silent").
	Causes []string `yaml:"causes"`
	// Limits are named thresholds; the unit is part of the name ("free_fail_percent").
	Limits map[string]float64 `yaml:"limits"`
	// Beyond, Stops, StopsToo and UnlessPasses are those of diagnostics.Check. They stand together in pace.yaml.
	Beyond       bool     `yaml:"-"`
	Stops        []string `yaml:"-"`
	StopsToo     []string `yaml:"-"`
	UnlessPasses []string `yaml:"-"`
}

// Limit returns a threshold. A name that the catalogue lacks is a defect of the build, found by the first
// test that lists the checks.
func (s Spec) Limit(name string) float64 {
	v, ok := s.Limits[name]
	if !ok {
		panic(fmt.Sprintf("catalogue: %s has no limit %q", s.ID, name))
	}
	return v
}

// WarnSeverity is what a warn means: one step less than a fail.
func (s Spec) WarnSeverity() diagnostics.Severity {
	if s.Severity == diagnostics.Blocks {
		return diagnostics.Degrades
	}
	return diagnostics.Notice
}

// Check makes the self-test that this spec describes.
func (s Spec) Check(run func(ctx context.Context, try int) diagnostics.Outcome) diagnostics.Check {
	return diagnostics.Check{
		ID: s.ID, Needs: s.Needs, ExplainedBy: s.ExplainedBy, MootBy: s.MootBy,
		Timeout: s.Timeout, Platforms: s.Platforms, Once: s.Once, OnDemand: s.OnDemand, Run: run,
		Beyond: s.Beyond, Stops: s.Stops, StopsToo: s.StopsToo, UnlessPasses: s.UnlessPasses,
	}
}

// Catalogue is the core catalogue with the organisation's own limits over it. The zero value is the core
// alone.
type Catalogue struct {
	limits Limits
}

// Limits are thresholds by self-test and name.
type Limits map[string]map[string]float64

// With puts limits over the core's. A self-test or a name that the core does not have is an error: a typing
// mistake would silently leave the old limit in force.
func With(limits Limits) (Catalogue, error) {
	all, err := Load()
	if err != nil {
		return Catalogue{}, err
	}
	for id, names := range limits {
		s, ok := all[id]
		if !ok {
			return Catalogue{}, fmt.Errorf("there is no self-test %q", id)
		}
		for name, v := range names {
			if _, ok := s.Limits[name]; !ok {
				return Catalogue{}, fmt.Errorf("%s has no limit %q, only %s", id, name,
					strings.Join(slices.Sorted(maps.Keys(s.Limits)), ", "))
			}
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				return Catalogue{}, fmt.Errorf("%s %s is %v, expected a number from 0", id, name, v)
			}
		}
	}
	return Catalogue{limits}, nil
}

// Get returns the spec of an id; an id that the catalogue lacks is a defect of the build.
func (c Catalogue) Get(id string) Spec {
	all, err := Load()
	if err != nil {
		panic(err)
	}
	s, ok := all[id]
	if !ok {
		panic(fmt.Sprintf("catalogue: no %q", id))
	}
	if own := c.limits[id]; len(own) > 0 {
		s.Limits = maps.Clone(s.Limits)
		maps.Copy(s.Limits, own)
	}
	return s
}

// Load returns every spec by id, read once.
var Load = sync.OnceValues(load)

func load() (map[string]Spec, error) {
	files, err := fs.Glob(assets.FS, "packs/core/checks_*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	all := map[string]Spec{}
	for _, name := range files {
		raw, err := fs.ReadFile(assets.FS, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		var specs map[string]Spec
		if err := yaml.UnmarshalWithOptions(raw, &specs, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		for id, s := range specs {
			if _, twice := all[id]; twice {
				return nil, fmt.Errorf("read catalogue %s: %q stands twice", name, id)
			}
			s.ID = id
			all[id] = s
		}
	}
	return all, addPace(all)
}
