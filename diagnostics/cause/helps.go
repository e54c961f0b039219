package cause

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"balise/assets"
	"balise/diagnostics"
)

// Help is what a repair says of itself to be proposed: for which causes, how likely it works, and what it costs.
type Help struct {
	// Helps is how likely the repair works if that is the cause; a pattern ends in "*" ("net.addr/*").
	Helps map[string]float64 `yaml:"helps"`
	Kind  string             `yaml:"kind"` // "fix" or "workaround"
	Risk  string             `yaml:"risk"` // "none", "undo" or "no_undo"
	CostS int                `yaml:"cost_s"`
}

// loadHelps reads the repairs of the core, as far as they concern causes: the rest of their columns are package
// repair's, which is not needed to say what is wrong.
func (kb *Knowledge) loadHelps() error {
	files, err := fs.Glob(assets.FS, "packs/core/repairs_*.yaml")
	if err != nil {
		return fmt.Errorf("read repairs: %w", err)
	}
	kb.Helps = map[string]Help{}
	for _, name := range files {
		raw, err := fs.ReadFile(assets.FS, name)
		if err != nil {
			return fmt.Errorf("read repairs: %w", err)
		}
		var helps map[string]Help
		if err := yaml.Unmarshal(raw, &helps); err != nil {
			return fmt.Errorf("read repairs %s: %w", name, err)
		}
		for id, h := range helps {
			kb.Helps[id] = h
		}
	}
	kb.fillRepairs()
	return nil
}

// fillRepairs gives every cause its repairs.
func (kb *Knowledge) fillRepairs() {
	for code, e := range kb.Causes {
		e.Repairs = kb.rankRepairs(map[string]float64{code: 1}, "")
		kb.Causes[code] = e
	}
}

// works is how likely the repair helps against a cause. The most exact pattern counts.
func (h Help) works(code string) float64 {
	if p, ok := h.Helps[code]; ok {
		return p
	}
	best, longest := 0.0, -1
	for pattern, p := range h.Helps {
		prefix, family := strings.CutSuffix(pattern, "*")
		if family && strings.HasPrefix(code, prefix) && len(prefix) > longest {
			best, longest = p, len(prefix)
		}
	}
	return best
}

// What a risk is worth, in seconds of the user's time: an undo that works costs little, a repair without one must be
// much likelier to come first.
const (
	undoPenalty   = 10
	noUndoPenalty = 60
)

func (h Help) cost() float64 {
	s := float64(max(1, h.CostS))
	switch h.Risk {
	case "undo":
		s += undoPenalty
	case "no_undo":
		s += noUndoPenalty
	}
	return s
}

// rankRepairs orders the repairs that may help: fixes before workarounds, then by the chance that they end the trouble
// for what they cost (the greedy rule of Heckerman and others, "Decision-theoretic troubleshooting", CACM 1995),
// then what has no risk before what can be undone before what cannot. causes are the causes with how likely each is;
// what helps against first, where it is not empty, comes before what only helps against the others.
func (kb Knowledge) rankRepairs(causes map[string]float64, first string) []string {
	type candidate struct {
		id    string
		score float64
		help  Help
	}
	var list []candidate
	for id, h := range kb.Helps {
		chance := 0.0
		for code, p := range causes {
			chance += p * h.works(code)
		}
		if chance > 0 {
			list = append(list, candidate{id, chance / h.cost(), h})
		}
	}
	risks := []string{"none", "undo", "no_undo"}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(
			compareBool(a.help.Kind == "workaround", b.help.Kind == "workaround"),
			compareBool(first != "" && b.help.works(first) > 0, first != "" && a.help.works(first) > 0),
			cmp.Compare(b.score, a.score),
			cmp.Compare(slices.Index(risks, a.help.Risk), slices.Index(risks, b.help.Risk)),
			cmp.Compare(a.id, b.id),
		)
	})
	var ids []string
	for _, c := range list {
		ids = append(ids, c.id)
	}
	return ids
}

// repairs are the repairs worth proposing for a diagnosis, best first. What is named beside the cause counts less, and
// the less the further behind it stands: it is another trouble, or a remark.
func (kb Knowledge) repairs(d Diagnosis) []string {
	causes := map[string]float64{}
	row := func(c diagnostics.Cause) string {
		check, tail, _ := strings.Cut(string(c), "/")
		if _, known := kb.Causes[string(c)]; known {
			return string(c)
		}
		if code := kb.Template(check) + ".*/" + tail; kb.Causes[code].Actor != "" {
			return code
		}
		return string(c)
	}
	sure := map[Confidence]float64{Confirmed: 0.95, Likely: 0.75, Possible: 0.4, Unsure: 0.2}
	for i, a := range d.Also {
		causes[row(a.Cause)] = sure[Unsure] / float64(i+1)
	}
	causes[row(d.Cause)] = sure[d.Confidence]
	first := ""
	if d.Confidence == Confirmed || d.Confidence == Likely {
		first = row(d.Cause)
	}
	return kb.rankRepairs(causes, first)
}
